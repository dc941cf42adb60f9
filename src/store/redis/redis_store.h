// Stock in Redis, decided there by scripts; a ledger in MySQL behind it remembers everything.
//
// Keys (redis/keys.h) and what they hold; docs/redis-layout.md shows them:
//
//   stock:<book>                  text    available
//   book:<book>                   hash    available, locked, sequence, epoch: this is the book
//   deduct:stock:<book>:<order>   text    '<quantity>[ confirm] <epoch>': the line is sold
//   release:stock:<book>:<order>  text    '<quantity>[ expired| adopted] <epoch>': it was given
//                                         back; 0: it never will be sold
//   reservation:<order>           text    '<state> <deadline> <book>:<quantity>,… <epoch>'
//   reservations:due              zset    open reservations by deadline
//   request:<book>:<request id>   text    '<type> <set_to> <quantity> <expected|-> <epoch>'
//   epoch                         hash    epoch ('rebuilding:<token>' while closed), entries and
//                                         movements of the outbox since the epoch began, time
//   outbox                        stream  redis/outbox_entry.h
//   hold:<instance>               text    the batch that waits for facts
//
// Markers, requests and reservations that have ended live for idempotency_ttl; what they said is in
// the ledger. What carries another epoch's number counts as missing. What is missing is asked of
// the ledger, once it has applied all that the outbox held: nothing is taken for sold out, or for
// new, because Redis does not have it.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "redis/redis_connection.h"
#include "stock/ledger.h"
#include "stock/stock_store.h"

namespace inventory {

struct RedisStoreSettings {
  RedisEndpoint endpoint;
  TimeMs idempotency_ttl = 3'600'000;  // ms
  // Movements that may wait for the ledger; what gives stock back may go to twice as many.
  std::uint64_t outbox_limit = 1'000'000;
  int wait_replicas = 0;                   // that must have a change before it is answered
  std::chrono::seconds sync_interval{60};  // between comparisons of Redis with the ledger
  const Clock* clock = nullptr;            // tests: instead of Redis' time; outlives the store
};

// Opens the stock. Nothing here waits for a server: while Redis or the ledger's database is away,
// the store refuses commands with UNAVAILABLE, says why in Status().health, and serves as soon as
// it can. Sales go on while only the database is away, as far as the outbox's limit and half of
// idempotency_ttl.
std::unique_ptr<StockStore> OpenRedisStore(const RedisStoreSettings& settings,
                                           std::unique_ptr<Ledger> ledger);

}  // namespace inventory
