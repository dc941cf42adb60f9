// How a store's or the service's result becomes the answer to a call.
#pragma once

#include <utility>

#include "api/convert.h"
#include "api/inventory_api.h"
#include "api/stack_arena.h"

namespace inventory {

// Answers without asking anybody.
template <typename Response>
void Refuse(Outcome outcome, Respond<Response>& respond) {
  Response response;
  SetOutcome(outcome, response);
  respond(absl::OkStatus(), response);
}

// Hands a result on as a response that `fill(result, response)` has filled; a fault as its status.
template <typename Response, typename Result, typename Fill>
Done<Result> Answer(Respond<Response> respond, Fill fill) {
  return [respond = std::move(respond), fill](absl::StatusOr<Result> result) mutable {
    StackArena arena;
    auto& response = arena.Make<Response>();
    if (result.ok()) fill(*result, response);
    respond(result.status(), response);
  };
}

}  // namespace inventory
