#include "tools/inventory-bench/load_command.h"

#include <chrono>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "tools/inventory-bench/terminal.h"
#include "tools/inventory-bench/workload.h"

namespace inventory::bench {
namespace {

absl::StatusOr<std::unique_ptr<LoadClient>> ConnectFor(const LoadOptions& options) {
  return LoadClient::Connect({.address = options.connection.address,
                              .channels = options.connection.channels,
                              .slots = options.plan.in_flight});
}

std::string Describe(const std::string& what, const LoadOptions& options) {
  std::string text = absl::StrCat(what, ", ", Grouped(options.books.count),
                                  options.books.count == 1 ? " book" : " books");
  if (options.popularity == Popularity::kZipf) text += " (zipf)";
  absl::StrAppend(&text, ", ", Grouped(options.plan.in_flight), " in flight, ",
                  options.connection.channels,
                  options.connection.channels == 1 ? " connection" : " connections");
  if (options.plan.rate > 0) {
    absl::StrAppend(&text, ", ", options.plan.rate, " calls/s from a timetable");
  }
  return text;
}

absl::StatusOr<LoadReport> Measure(const LoadOptions& options, LoadClient& client,
                                   Workload& workload, std::string item) {
  LoadReport report;
  report.item = std::move(item);
  report.rate = options.plan.rate;
  ProgressLine line;
  ASSIGN_OR_RETURN(
      report.result, RunLoad(options.plan, client, workload, [&](const LoadProgress& progress) {
        if (!line.enabled()) return;
        line.Show(absl::StrFormat("%s  %5.1f s  %12s %s/s  p99 %s",
                                  progress.warming_up ? "warming up" : "measuring ",
                                  std::chrono::duration<double>(progress.time).count(),
                                  Grouped(static_cast<std::uint64_t>(progress.items_per_second)),
                                  report.item, ToText(progress.p99)));
      }));
  const double wanted = report.rate * std::chrono::duration<double>(report.result.time).count();
  if (static_cast<double>(report.result.calls) < 0.99 * wanted) {
    report.faults.push_back(
        absl::StrFormat("the service did not keep up: %s calls ended where the timetable had %s",
                        Grouped(report.result.calls), Grouped(static_cast<std::uint64_t>(wanted))));
  }
  return report;
}

// The books must have lost what the buyers were told, no more and no less.
void CheckUnits(std::int64_t before, std::int64_t after, const DeductOptions& options,
                LoadReport& report) {
  const std::int64_t quantity = options.load.quantity;
  const Tally& tally = report.result.tally;
  const std::int64_t sold = before - after;
  const auto told = static_cast<std::int64_t>(tally.ok_items()) * quantity;
  const auto unknown = static_cast<std::int64_t>(tally.failed_calls() + tally.unreadable()) *
                       options.batch * quantity;
  if (sold >= told && sold <= told + unknown) return;
  report.faults.push_back(
      absl::StrCat(sold, " units left the shelf, but ", told, " were told yes",
                   unknown == 0 ? "" : absl::StrCat(" and ", unknown, " more may have been sold"),
                   " (does another program change these books?)"));
}

}  // namespace

absl::StatusOr<LoadReport> RunDeduct(const DeductOptions& options) {
  const LoadOptions& load = options.load;
  ASSIGN_OR_RETURN(const auto client, ConnectFor(load));
  const auto start = std::chrono::system_clock::now();
  RETURN_IF_ERROR(StockUp(*client, load.books, absl::StrCat(start.time_since_epoch().count())));
  ASSIGN_OR_RETURN(const std::int64_t before, CountUnits(*client, load.books));

  BookPicker books(load.books.first, load.books.count, load.popularity, load.seed);
  const OrderIds orders(load.order_ids, start);
  std::unique_ptr<Workload> workload;
  std::string what = "deduct";
  if (options.batch == 1) {
    workload = std::make_unique<DeductWorkload>(books, orders, load.quantity);
  } else {
    workload = std::make_unique<BatchDeductWorkload>(books, orders, load.quantity, options.batch);
    absl::StrAppend(&what, ", batches of ", Grouped(options.batch));
  }
  ASSIGN_OR_RETURN(LoadReport report, Measure(load, *client, *workload, "orders"));
  report.what = Describe(what, load);
  ASSIGN_OR_RETURN(const std::int64_t after, CountUnits(*client, load.books));
  CheckUnits(before, after, options, report);
  return report;
}

absl::StatusOr<LoadReport> RunGet(const GetOptions& options) {
  const LoadOptions& load = options.load;
  ASSIGN_OR_RETURN(const auto client, ConnectFor(load));
  const auto start = std::chrono::system_clock::now();
  RETURN_IF_ERROR(StockUp(*client, load.books, absl::StrCat(start.time_since_epoch().count())));
  GetWorkload workload(BookPicker(load.books.first, load.books.count, load.popularity, load.seed),
                       options.ids, load.plan.in_flight);
  ASSIGN_OR_RETURN(LoadReport report, Measure(load, *client, workload, "books"));
  report.what = Describe(absl::StrCat("get, ", options.ids, " books a call"), load);
  return report;
}

}  // namespace inventory::bench
