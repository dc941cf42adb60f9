// Takes over the stock that the earlier Go service has in Redis.
//
//   stock:<book>                   text  what can be sold; no TTL
//   deduct:stock:<book>:<order>    text  '1': the order has bought; for an hour
//   release:stock:<book>:<order>   text  '1': the order has given back; for an hour
//
// No key `epoch`: with one they are this service's own.
#pragma once

#include "absl/status/statusor.h"
#include "store/redis/store_parts.h"

namespace inventory {

// Reads the keys, has the ledger make the stock of them, and leaves it to the keeper to load Redis
// from there, which replaces the stock's keys; markers without an epoch say nothing to our scripts
// and end with their TTL. Blocking, for as long as it takes: keys are read in pages, and held in
// memory, at most kMostOriginMarkers markers of them.
//
// A marker's order is answered as a duplicate from then on. How much it bought a marker of '1' does
// not say; another number does. Order 0, which stood for every caller that named none, is left out.
//
// FAILED_PRECONDITION, with what to do, and nothing is done: there are no such keys, or the stock
// is ours; keys that no stock can be made of, named; keys that changed meanwhile, so that the Go
// service must be at work. What else the ledger refuses: stock/ledger.h.
absl::StatusOr<AdoptedStock> AdoptOriginKeys(StoreParts& parts, bool dry_run);

inline constexpr std::size_t kMostOriginMarkers = 5'000'000;

}  // namespace inventory
