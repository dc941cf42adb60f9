// How a store's or the service's result becomes the answer to a call, and is counted.
#pragma once

#include <memory>
#include <type_traits>
#include <utility>

#include "api/call_stats.h"
#include "api/convert.h"
#include "api/inventory_api.h"
#include "api/stack_arena.h"
#include "telemetry/measured.h"

namespace inventory {

// A call whose answer is owed. It is counted before it is told, so who has been answered finds
// himself counted.
template <typename Response>
class OwedAnswer {
 public:
  OwedAnswer(std::shared_ptr<CallStats> stats, ApiCall call, Respond<Response> respond)
      : stats_(kMeasured ? std::move(stats) : nullptr),
        began_(MeasuredNow()),
        call_(call),
        respond_(std::move(respond)) {}

  void Give(Outcome outcome, const Response& response) {
    if (kMeasured) stats_->Answered(call_, outcome, began_);
    respond_(absl::OkStatus(), response);
  }
  void Fail(const absl::Status& fault, const Response& response) {
    if (kMeasured) stats_->Failed(call_, fault.code(), began_);
    respond_(fault, response);
  }
  // Answers without asking anybody.
  void Refuse(Outcome outcome) {
    Response response;
    SetOutcome(outcome, response);
    Give(outcome, response);
  }

 private:
  std::shared_ptr<CallStats> stats_;  // an answer may come when the api has gone
  std::int64_t began_;
  ApiCall call_;
  Respond<Response> respond_;
};

// Hands a result on as a response that `fill(result, response)` has filled; a fault as its status.
// The outcome is what `fill` returns, and kOk where it returns nothing.
template <typename Response, typename Result, typename Fill>
Done<Result> Answer(OwedAnswer<Response> owed, Fill fill) {
  return [owed = std::move(owed), fill](absl::StatusOr<Result> result) mutable {
    StackArena arena;
    auto& response = arena.Make<Response>();
    if (!result.ok()) return owed.Fail(result.status(), response);
    Outcome outcome = Outcome::kOk;
    if constexpr (std::is_void_v<decltype(fill(*result, response))>) {
      fill(*result, response);
    } else {
      outcome = fill(*result, response);
    }
    SetOutcome(outcome, response);
    owed.Give(outcome, response);
  };
}

}  // namespace inventory
