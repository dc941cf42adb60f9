// How often each call was answered how, and after what time: where gRPC and HTTP meet, so that both
// count alike.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "stock/outcome.h"
#include "telemetry/bucket_histogram.h"

namespace inventory {

// The calls that have one answer.
enum class ApiCall : std::uint8_t {
  kGetStock,
  kBatchGetStock,
  kDeductStock,
  kReleaseStock,
  kRestockInventory,
  kGetInventoryLogs,
  kBatchDeductStock,
  kReserveStock,
  kConfirmReservation,
  kCancelReservation,
  kGetReservation,
  kGetOrder,
  kAdjustStock,
  kListStock,
  kGetStatus,
  kBackup,
  kAdoptStock,
  kListQuarantine,
  kRetryQuarantine,
  kSkipQuarantine,
  kHandOver,
};
inline constexpr std::size_t kApiCalls = 21;

// "DeductStock", as in the wire contract.
std::string_view NameOf(ApiCall call);

// How many there are of each outcome, by its number.
using OutcomeCounts = std::array<std::uint32_t, 64>;

// Safe for concurrent use. Counting an answer finds its place by index: no lock, no look-up by
// name. Only what has happened is told, so the number of series stays that of what happens.
class CallStats {
 public:
  CallStats();

  // `began`: a MeasuredNow().
  void Answered(ApiCall call, Outcome outcome, std::int64_t began);
  void Failed(ApiCall call, absl::StatusCode code, std::int64_t began);
  // Of the items of one BatchDeductStock call, `counts` by the outcome's number.
  void AnsweredItems(const OutcomeCounts& counts);

  // Durations of the call's answers with this outcome; "fault": of those that had none.
  struct Calls {
    ApiCall call;
    std::string outcome;  // "ok", "insufficient_stock", …
    Distribution duration;
  };
  std::vector<Calls> ListCalls() const;

  struct Faults {
    ApiCall call;
    std::string status;  // "UNAVAILABLE"
    std::uint64_t count;
  };
  std::vector<Faults> ListFaults() const;

  // What commands came to, by verb: a call that is one, or an item of a batch.
  struct Commands {
    std::string verb;  // "deduct"
    std::string outcome;
    std::uint64_t count;
  };
  std::vector<Commands> ListCommands() const;

 private:
  static constexpr std::size_t kCodes = 17;  // of absl::StatusCode

  struct PerCall {
    std::vector<BucketHistogram> answered;  // by the outcome's name
    BucketHistogram failed;
    std::array<std::atomic<std::uint64_t>, kCodes> faults{};
  };

  std::size_t NameIndex(Outcome outcome) const {
    return name_of_outcome_[static_cast<std::size_t>(outcome)];
  }

  std::vector<std::string> outcome_names_;    // each once
  std::vector<std::size_t> name_of_outcome_;  // by outcome: the index of its name
  std::array<PerCall, kApiCalls> calls_;
  std::vector<std::atomic<std::uint64_t>> items_;  // of BatchDeductStock, by the outcome's name
};

}  // namespace inventory
