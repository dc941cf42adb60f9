// What an answer looks like: a response of the wire contract, or an error.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "http/http_message.h"
#include "http/json.h"
#include "stock/outcome.h"

namespace inventory {

// The response, under the status that its outcome has.
template <typename Response>
HttpAnswer OutcomeAnswer(const Response& response) {
  return {HttpStatusOf(response.code()), WriteJson(response), {}};
}

// {"error":{"status":"UNAVAILABLE","message":"…"}} under `http_status`, with Retry-After where
// trying again may help.
HttpAnswer ErrorAnswer(int http_status, const absl::Status& error);

// The same, under the status that belongs to the error's code.
HttpAnswer FaultAnswer(const absl::Status& error);

}  // namespace inventory
