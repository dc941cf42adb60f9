#include "tools/inventory-bench/tally.h"

#include "absl/strings/str_cat.h"

namespace inventory::bench {

void Tally::Ended(grpc::StatusCode status, std::string_view error) {
  ++calls_;
  if (status == grpc::StatusCode::OK) {
    ++ok_calls_;
    return;
  }
  ++failed_[status];
  if (first_error_.empty()) first_error_ = absl::StrCat(Name(status), ": ", std::string(error));
}

void Tally::Unreadable(std::string_view what) {
  ++unreadable_;
  if (first_error_.empty()) first_error_ = what;
}

const char* Name(grpc::StatusCode status) {
  constexpr const char* kNames[] = {"OK",
                                    "CANCELLED",
                                    "UNKNOWN",
                                    "INVALID_ARGUMENT",
                                    "DEADLINE_EXCEEDED",
                                    "NOT_FOUND",
                                    "ALREADY_EXISTS",
                                    "PERMISSION_DENIED",
                                    "RESOURCE_EXHAUSTED",
                                    "FAILED_PRECONDITION",
                                    "ABORTED",
                                    "OUT_OF_RANGE",
                                    "UNIMPLEMENTED",
                                    "INTERNAL",
                                    "UNAVAILABLE",
                                    "DATA_LOSS",
                                    "UNAUTHENTICATED"};
  const auto index = static_cast<std::size_t>(status);
  return index < std::size(kNames) ? kNames[index] : "?";
}

}  // namespace inventory::bench
