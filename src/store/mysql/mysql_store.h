// Stock in MySQL or MariaDB: every answer is a committed transaction, every instance sees the same.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "mysql/dsn.h"
#include "stock/stock_store.h"

namespace inventory {

struct MysqlSettings {
  Dsn dsn;
  int max_connections = 8;       // at most; at least 3 are used
  const Clock* clock = nullptr;  // tests: instead of the server's time; outlives the store
};

// Opens the stock in the database, and makes its tables where there are none.
//
// Fails at once where waiting would not help: wrong password, no such database, no right to make
// tables, another program's or another store's tables, a newer schema. Where the server is away, or
// the stock of the earlier Go service waits to be taken over (Adopt), the store opens all the same,
// refuses commands with UNAVAILABLE, says why in Status().health, and serves as soon as it can.
absl::StatusOr<std::unique_ptr<StockStore>> OpenMysqlStore(const MysqlSettings& settings);

}  // namespace inventory
