#include "http/http_answers.h"

#include "absl/strings/str_cat.h"

namespace inventory {
namespace {

// Seconds. A full queue empties in less, a restart takes about as long.
constexpr char kRetryAfter[] = "1";

int HttpStatusOf(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kOutOfRange: return 400;
    case absl::StatusCode::kUnauthenticated: return 401;
    case absl::StatusCode::kPermissionDenied: return 403;
    case absl::StatusCode::kNotFound: return 404;
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kAborted: return 409;
    case absl::StatusCode::kResourceExhausted: return 429;
    case absl::StatusCode::kUnimplemented: return 501;
    // The caller did nothing wrong: an operator has something to do first.
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kUnavailable: return 503;
    case absl::StatusCode::kDeadlineExceeded: return 504;
    default: return 500;
  }
}

}  // namespace

HttpAnswer ErrorAnswer(int http_status, const absl::Status& error) {
  const std::string_view message(error.message().data(), error.message().size());
  HttpAnswer answer;
  answer.status = http_status;
  answer.body = absl::StrCat("{\"error\":{\"status\":\"", absl::StatusCodeToString(error.code()),
                             "\",\"message\":", JsonText(message), "}}");
  if (http_status == 429 || http_status == 503) answer.fields = {{"Retry-After", kRetryAfter}};
  return answer;
}

HttpAnswer FaultAnswer(const absl::Status& error) {
  return ErrorAnswer(HttpStatusOf(error.code()), error);
}

}  // namespace inventory
