// What the redis store asks the ledger for, as SQL.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "mysql/connection.h"
#include "stock/ledger.h"

namespace inventory {

// Blocking; on a connection in no transaction, and after a fault it must be dropped.

// All of one moment.
absl::StatusOr<LedgerAnswer> LookUp(Connection& connection, const LedgerQuestion& question);
// By order, above `after`.
absl::StatusOr<std::vector<OpenReservation>> ListOpenReservations(Connection& connection,
                                                                  OrderId after, int limit);

}  // namespace inventory
