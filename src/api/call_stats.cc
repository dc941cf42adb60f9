#include "api/call_stats.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <tuple>
#include <utility>

namespace inventory {
namespace {

constexpr std::string_view kNames[] = {"GetStock",
                                       "BatchGetStock",
                                       "DeductStock",
                                       "ReleaseStock",
                                       "RestockInventory",
                                       "GetInventoryLogs",
                                       "BatchDeductStock",
                                       "ReserveStock",
                                       "ConfirmReservation",
                                       "CancelReservation",
                                       "GetReservation",
                                       "GetOrder",
                                       "AdjustStock",
                                       "ListStock",
                                       "GetStatus",
                                       "Backup",
                                       "AdoptStock",
                                       "ListQuarantine",
                                       "RetryQuarantine",
                                       "SkipQuarantine",
                                       "HandOver"};
static_assert(std::size(kNames) == kApiCalls);
static_assert(static_cast<std::size_t>(ApiCall::kHandOver) + 1 == kApiCalls);

static_assert(static_cast<std::size_t>(Outcome::kAdjusted) < std::tuple_size_v<OutcomeCounts>);

constexpr char kFault[] = "fault";

// Of the calls that are one command.
std::optional<std::string_view> VerbOf(ApiCall call) {
  switch (call) {
    case ApiCall::kDeductStock: return "deduct";
    case ApiCall::kReleaseStock: return "release";
    case ApiCall::kRestockInventory: return "restock";
    case ApiCall::kAdjustStock: return "adjust";
    case ApiCall::kReserveStock: return "reserve";
    case ApiCall::kConfirmReservation: return "confirm";
    case ApiCall::kCancelReservation: return "cancel";
    default: return std::nullopt;
  }
}

std::size_t CodeIndex(absl::StatusCode code) { return static_cast<std::size_t>(code); }

std::uint64_t Load(const std::atomic<std::uint64_t>& value) {
  return value.load(std::memory_order_relaxed);
}

}  // namespace

std::string_view NameOf(ApiCall call) { return kNames[static_cast<std::size_t>(call)]; }

CallStats::CallStats() {
  for (int i = 0; i < kOutcomeCount; ++i) {
    const std::string name(Info(static_cast<Outcome>(i)).name);
    const auto found = std::find(outcome_names_.begin(), outcome_names_.end(), name);
    name_of_outcome_.push_back(static_cast<std::size_t>(found - outcome_names_.begin()));
    if (found == outcome_names_.end()) outcome_names_.push_back(name);
  }
  for (PerCall& call : calls_) call.answered = std::vector<BucketHistogram>(outcome_names_.size());
  items_ = std::vector<std::atomic<std::uint64_t>>(outcome_names_.size());
}

void CallStats::Answered(ApiCall call, Outcome outcome, std::int64_t began) {
  calls_[static_cast<std::size_t>(call)].answered[NameIndex(outcome)].ObserveSince(began);
}

void CallStats::Failed(ApiCall call, absl::StatusCode code, std::int64_t began) {
  PerCall& counted = calls_[static_cast<std::size_t>(call)];
  counted.failed.ObserveSince(began);
  const std::size_t index = std::min(CodeIndex(code), kCodes - 1);
  counted.faults[index].fetch_add(1, std::memory_order_relaxed);
}

void CallStats::AnsweredItems(const OutcomeCounts& counts) {
  for (std::size_t i = 0; i < name_of_outcome_.size(); ++i) {
    if (counts[i] == 0) continue;
    items_[name_of_outcome_[i]].fetch_add(counts[i], std::memory_order_relaxed);
  }
}

std::vector<CallStats::Calls> CallStats::ListCalls() const {
  std::vector<Calls> calls;
  const auto add = [&calls](ApiCall call, const std::string& outcome,
                            const BucketHistogram& durations) {
    if (durations.count() == 0) return;
    calls.push_back({call, outcome, durations.Snapshot("call_duration_seconds", "")});
  };
  for (std::size_t i = 0; i < kApiCalls; ++i) {
    const auto call = static_cast<ApiCall>(i);
    for (std::size_t name = 0; name < outcome_names_.size(); ++name) {
      add(call, outcome_names_[name], calls_[i].answered[name]);
    }
    add(call, kFault, calls_[i].failed);
  }
  return calls;
}

std::vector<CallStats::Faults> CallStats::ListFaults() const {
  std::vector<Faults> faults;
  for (std::size_t i = 0; i < kApiCalls; ++i) {
    for (std::size_t code = 0; code < kCodes; ++code) {
      const std::uint64_t count = Load(calls_[i].faults[code]);
      if (count == 0) continue;
      faults.push_back({static_cast<ApiCall>(i),
                        absl::StatusCodeToString(static_cast<absl::StatusCode>(code)), count});
    }
  }
  return faults;
}

std::vector<CallStats::Commands> CallStats::ListCommands() const {
  std::vector<Commands> commands;
  for (std::size_t i = 0; i < kApiCalls; ++i) {
    const auto call = static_cast<ApiCall>(i);
    const std::optional<std::string_view> verb = VerbOf(call);
    if (!verb) continue;
    for (std::size_t name = 0; name < outcome_names_.size(); ++name) {
      std::uint64_t count = calls_[i].answered[name].count();
      if (call == ApiCall::kDeductStock) count += Load(items_[name]);
      if (count > 0) commands.push_back({std::string(*verb), outcome_names_[name], count});
    }
  }
  return commands;
}

}  // namespace inventory
