// How a store's or the service's result becomes the answer to a call.
#pragma once

#include <utility>

#include "api/convert.h"
#include "api/inventory_api.h"

namespace inventory {

// Answers without asking anybody.
template <typename Response>
void Refuse(Outcome outcome, Respond<Response>& respond) {
  Response response;
  SetOutcome(outcome, response);
  respond(absl::OkStatus(), response);
}

// Hands a result on as a response that `fill(result, response)` has filled; a fault as its status.
// The response lives on an arena, which starts on the stack: most answers need no more.
template <typename Response, typename Result, typename Fill>
Done<Result> Answer(Respond<Response> respond, Fill fill) {
  return [respond = std::move(respond), fill](absl::StatusOr<Result> result) mutable {
    alignas(8) char block[1'024];
    google::protobuf::ArenaOptions options;
    options.initial_block = block;
    options.initial_block_size = sizeof(block);
    options.max_block_size = 64 * 1'024;
    google::protobuf::Arena arena(options);
    auto& response = *google::protobuf::Arena::CreateMessage<Response>(&arena);
    if (result.ok()) fill(*result, response);
    respond(result.status(), response);
  };
}

}  // namespace inventory
