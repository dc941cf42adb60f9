// Leaves the stock in the database to the redis store.
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "mysql/dsn.h"

namespace inventory {

// On a connection of its own, in one transaction: makes `redis` the owner, and the ledger's two
// rows such that whoever starts the redis store fills Redis from these tables. Every transaction of
// every instance holds the owner's row shared to its end, so this waits for those under way, and
// those behind it are refused. Answers the owner's new generation. Blocking, for half a minute at
// most.
//
// FAILED_PRECONDITION: the stock is not the mysql store's (any more). UNAVAILABLE: nothing was
// done, or, which the text says then, perhaps it was.
absl::StatusOr<std::uint64_t> HandOverToRedis(const Dsn& dsn);

}  // namespace inventory
