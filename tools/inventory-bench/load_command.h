// The load commands, from connecting to the printed result.
#pragma once

#include "absl/status/statusor.h"
#include "tools/inventory-bench/options.h"
#include "tools/inventory-bench/report.h"

namespace inventory::bench {

absl::StatusOr<LoadReport> RunDeduct(const DeductOptions& options);
absl::StatusOr<LoadReport> RunGet(const GetOptions& options);
absl::StatusOr<LoadReport> RunMixed(const MixedOptions& options);

}  // namespace inventory::bench
