// The port's reads as SQL. Each is one statement or one snapshot, so it shows states that were
// committed together.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "mysql/connection.h"
#include "mysql/store_time.h"
#include "stock/stock_store.h"

namespace inventory {

// Blocking. After a fault the connection must be dropped.
absl::StatusOr<std::vector<BookStock>> ReadStock(Connection& connection,
                                                 const std::vector<BookId>& books);
absl::StatusOr<StockPage> ListStock(Connection& connection, const StockListQuery& query);
absl::StatusOr<OrderFacts> ReadOrder(Connection& connection, StoreTime& time, OrderId order,
                                     bool want_movements);
// `now`: the time by which a reservation reads as expired.
absl::StatusOr<OrderFacts> ReadOrderAt(Connection& connection, TimeMs now, OrderId order,
                                       bool want_movements);
absl::StatusOr<MovementPage> ReadMovements(Connection& connection, const MovementQuery& query);
absl::StatusOr<std::vector<OrderId>> ReadDue(Connection& connection, StoreTime& time, int limit);

// Movements a filtered page looks at, at most.
inline constexpr std::uint64_t kFilteredWindow = 10'000;

}  // namespace inventory
