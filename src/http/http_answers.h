// What an answer looks like: a response of the wire contract, or an error.
#pragma once

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "http/http_message.h"
#include "http/json.h"
#include "stock/outcome.h"

namespace inventory {

// The response, under the status that its outcome has; one that is never refused has none.
template <typename Response>
HttpAnswer OutcomeAnswer(const Response& response) {
  int status = 200;
  if constexpr (requires { response.code(); }) status = HttpStatusOf(response.code());
  return {status, WriteJson(response), {}};
}

// {"error":{"status":"UNAVAILABLE","message":"…"}} under `http_status`, with Retry-After where
// trying again may help.
HttpAnswer ErrorAnswer(int http_status, const absl::Status& error);

// The same, under the status that belongs to the error's code.
HttpAnswer FaultAnswer(const absl::Status& error);

// Responds with an answer that asked nobody.
inline void RespondNow(HttpAnswer answer, HttpRespond& respond) {
  respond([answer = std::move(answer)] { return answer; });
}

}  // namespace inventory
