// flash-sale and prove, from connecting to the printed proof.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "tools/inventory-bench/options.h"

namespace inventory::bench {

struct SaleReport {
  std::string text;
  bool passed = false;
};

// Puts a new book on sale, lets the buyers at it, and proves what came of it.
absl::StatusOr<SaleReport> RunFlashSaleCommand(const FlashSaleOptions& options);

// Proves a book that is at rest from its log and stock alone.
absl::StatusOr<SaleReport> RunProve(const ProveOptions& options);

}  // namespace inventory::bench
