// expiry: whether many reservations that fall due at once hold up those who buy.
#pragma once

#include "absl/status/statusor.h"
#include "tools/inventory-bench/options.h"
#include "tools/inventory-bench/sale_command.h"

namespace inventory::bench {

// Sells on a timetable, first alone, then while the reservations of another book fall due within
// one second, and proves from that book's log that each expired in time.
absl::StatusOr<SaleReport> RunExpiry(const ExpiryOptions& options);

}  // namespace inventory::bench
