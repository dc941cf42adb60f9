// What is known of a book's sale: by the service, and by the buyers.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "inventory/v1/inventory.pb.h"

namespace inventory {
class InventoryClient;
}

namespace inventory::bench {

// What the orders' buyers were told; each order is in one set.
struct SaleAnswers {
  absl::flat_hash_set<std::uint64_t> yes;
  absl::flat_hash_set<std::uint64_t> no;
  absl::flat_hash_set<std::uint64_t> nothing;  // no answer came: either may be true
};

struct SaleHistory {
  v1::GetStockResponse stock;           // at rest, after the log
  std::vector<v1::InventoryLog> log;    // all of it, oldest first
  std::optional<std::int64_t> stocked;  // units that were put on sale, where known
  std::optional<SaleAnswers> answers;   // where known
};

// Reads the stock and the whole log. ABORTED if the book changes meanwhile.
absl::StatusOr<SaleHistory> ReadSaleHistory(InventoryClient& client, std::uint64_t book);

}  // namespace inventory::bench
