#include "tools/inventory-bench/load_command.h"

#include <algorithm>
#include <chrono>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "client/channel_access.h"
#include "client/load_client.h"
#include "tools/inventory-bench/answer_record.h"
#include "tools/inventory-bench/mixed_workload.h"
#include "tools/inventory-bench/terminal.h"
#include "tools/inventory-bench/workload.h"

namespace inventory::bench {
namespace {

std::string Describe(const std::string& what, const LoadOptions& options) {
  std::string text = absl::StrCat(what, ", ", Grouped(options.books.count),
                                  options.books.count == 1 ? " book" : " books");
  if (options.popularity == Popularity::kZipf) text += " (zipf)";
  absl::StrAppend(&text, ", ", Grouped(options.plan.in_flight), " in flight, ",
                  options.connection.channels,
                  options.connection.channels == 1 ? " connection" : " connections");
  const std::string& address = options.connection.address;
  if (const auto commas = std::count(address.begin(), address.end(), ','); commas != 0) {
    absl::StrAppend(&text, " to each of ", commas + 1, " instances");
  }
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

// The books must have lost what the answers say was taken, no more and no less. What a call without
// an answer did is unknown.
void CheckUnits(std::int64_t lost, const Workload& workload, LoadReport& report) {
  const Tally& tally = report.result.tally;
  const std::int64_t taken = workload.units_taken();
  const std::int64_t unknown =
      static_cast<std::int64_t>(tally.failed_calls() + tally.unreadable()) *
      workload.units_per_call();
  if (lost >= taken - unknown && lost <= taken + unknown) return;
  report.faults.push_back(absl::StrCat(
      "the books lost ", lost, " units, the answers say ", taken,
      unknown == 0 ? std::string() : absl::StrCat(", give or take ", unknown, " unanswered"),
      " (does another program change these books?)"));
}

absl::StatusOr<std::unique_ptr<LoadClient>> Connect(const LoadOptions& options) {
  ASSIGN_OR_RETURN(ChannelAccess access, ReadChannelAccess(options.connection.tls_ca));
  return LoadClient::Connect({.address = options.connection.address,
                              .channels = options.connection.channels,
                              .slots = options.plan.in_flight,
                              .access = std::move(access)});
}

// Stocks the books, measures, and counts the books again.
absl::StatusOr<LoadReport> Run(const LoadOptions& options, Workload& workload,
                               const std::string& what, const std::string& item) {
  ASSIGN_OR_RETURN(const auto client, Connect(options));
  const auto run = std::chrono::system_clock::now().time_since_epoch().count();
  RETURN_IF_ERROR(StockUp(*client, options.books, absl::StrCat(run)));
  ASSIGN_OR_RETURN(const std::int64_t before, CountUnits(*client, options.books));
  ASSIGN_OR_RETURN(LoadReport report, Measure(options, *client, workload, item));
  ASSIGN_OR_RETURN(const std::int64_t after, CountUnits(*client, options.books));
  CheckUnits(before - after, workload, report);
  report.what = Describe(what, options);
  return report;
}

BookPicker MakePicker(const LoadOptions& options) {
  return BookPicker(options.books.first, options.books.count, options.popularity, options.seed);
}

OrderIds MakeOrderIds(const LoadOptions& options) {
  return OrderIds(options.order_ids, std::chrono::system_clock::now());
}

// The server may know no other method, and may be killed meanwhile: who reads the record judges.
absl::StatusOr<LoadReport> RunRecorded(const LoadOptions& options, const std::string& path) {
  ASSIGN_OR_RETURN(const auto client, Connect(options));
  ASSIGN_OR_RETURN(AnswerRecord record, AnswerRecord::Create(path));
  RecordedDeductWorkload workload(MakePicker(options), MakeOrderIds(options), options.quantity,
                                  options.plan.in_flight, record);
  absl::StatusOr<LoadReport> report = Measure(options, *client, workload, "orders");
  RETURN_IF_ERROR(record.Close());
  RETURN_IF_ERROR(report.status());
  report->what = Describe("deduct, recorded", options);
  return report;
}

}  // namespace

absl::StatusOr<LoadReport> RunDeduct(const DeductOptions& options) {
  const LoadOptions& load = options.load;
  if (!options.record.empty()) return RunRecorded(load, options.record);
  if (options.batch == 1) {
    DeductWorkload workload(MakePicker(load), MakeOrderIds(load), load.quantity);
    return Run(load, workload, "deduct", "orders");
  }
  BatchDeductWorkload workload(MakePicker(load), MakeOrderIds(load), load.quantity, options.batch);
  return Run(load, workload, absl::StrCat("deduct, batches of ", Grouped(options.batch)), "orders");
}

absl::StatusOr<LoadReport> RunGet(const GetOptions& options) {
  GetWorkload workload(MakePicker(options.load), options.ids, options.load.plan.in_flight);
  return Run(options.load, workload, absl::StrCat("get, ", options.ids, " books a call"), "books");
}

absl::StatusOr<LoadReport> RunMixed(const MixedOptions& options) {
  MixedWorkload workload(MakePicker(options.load), MakeOrderIds(options.load),
                         options.load.quantity, options.load.plan.in_flight, options.load.seed);
  return Run(options.load, workload, "mixed", "calls");
}

}  // namespace inventory::bench
