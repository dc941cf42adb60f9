// How a request's path, query, header and body become a message of the wire contract.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "google/protobuf/message.h"
#include "http/http_message.h"

namespace inventory {

// A request whose route is known.
struct RoutedRequest {
  const HttpRequest& request;
  std::string id;                                          // of the path; empty: it has none
  std::vector<std::pair<std::string, std::string>> query;  // decoded
};

// Where the fields of a route's message come from.
struct RequestForm {
  enum class Body { kNone, kOptional, kRequired };

  std::string path_field;                                  // set from the id in the path
  std::vector<std::pair<std::string, std::string>> query;  // parameter, field; no others are taken
  Body body = Body::kNone;
  bool takes_key = false;  // Idempotency-Key is the field request_id
};

// Fills the message. INVALID_ARGUMENT says which part does not fit, or that two parts differ.
absl::Status ReadForm(const RequestForm& form, const RoutedRequest& routed,
                      google::protobuf::Message& message);

}  // namespace inventory
