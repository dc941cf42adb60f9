// GoogleTest matchers for absl::Status and absl::StatusOr. For tests only.
#pragma once

#include <gmock/gmock.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace inventory {

inline const absl::Status& AsStatus(const absl::Status& status) { return status; }
template <typename T>
const absl::Status& AsStatus(const absl::StatusOr<T>& status_or) {
  return status_or.status();
}

MATCHER(IsOk, "is OK") {
  *result_listener << AsStatus(arg).ToString();
  return AsStatus(arg).ok();
}

// The status has this code and a message that contains this text.
MATCHER_P2(StatusIs, code, text, "has the code and the text") {
  *result_listener << AsStatus(arg).ToString();
  return AsStatus(arg).code() == code &&
         AsStatus(arg).message().find(text) != std::string_view::npos;
}

}  // namespace inventory

#define ASSERT_OK(expression) ASSERT_THAT((expression), ::inventory::IsOk())
#define EXPECT_OK(expression) EXPECT_THAT((expression), ::inventory::IsOk())
