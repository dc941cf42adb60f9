// inventory-bench: loads inventory-service and checks its answers. Exit status: 0 all was as it
// must be, 1 something was not, 2 the run could not be made.
#include <cstdio>
#include <variant>

#include "absl/synchronization/mutex.h"
#include "tools/inventory-bench/expiry_command.h"
#include "tools/inventory-bench/load_command.h"
#include "tools/inventory-bench/options.h"
#include "tools/inventory-bench/sale_command.h"

namespace inventory::bench {
namespace {

int Fail(const absl::Status& status) {
  std::fprintf(stderr, "inventory-bench: %s\n", std::string(status.message()).c_str());
  return 2;
}

int Print(const absl::StatusOr<LoadReport>& report, bool json) {
  if (!report.ok()) return Fail(report.status());
  std::fputs((json ? ToJson(*report) : ToTable(*report)).c_str(), stdout);
  return report->Passed() ? 0 : 1;
}

int Run(const DeductOptions& options) { return Print(RunDeduct(options), options.load.json); }
int Print(const absl::StatusOr<SaleReport>& report) {
  if (!report.ok()) return Fail(report.status());
  std::fputs(report->text.c_str(), stdout);
  return report->passed ? 0 : 1;
}

int Run(const GetOptions& options) { return Print(RunGet(options), options.load.json); }
int Run(const MixedOptions& options) { return Print(RunMixed(options), options.load.json); }
int Run(const FlashSaleOptions& options) { return Print(RunFlashSaleCommand(options)); }
int Run(const ExpiryOptions& options) { return Print(RunExpiry(options)); }
int Run(const ProveOptions& options) { return Print(RunProve(options)); }

}  // namespace
}  // namespace inventory::bench

int main(int argc, char** argv) {
  using namespace inventory::bench;
  // Debian's Abseil looks for lock cycles in release builds too; gRPC makes several locks a call.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  const auto parsed = ParseOptions(argc, argv);
  if (const auto* exit = std::get_if<ParseExit>(&parsed)) {
    std::fputs(exit->text.c_str(), exit->status == 0 ? stdout : stderr);
    return exit->status;
  }
  return std::visit([](const auto& options) { return Run(options); }, std::get<Options>(parsed));
}
