#include "base/status_macros.h"

#include <gtest/gtest.h>

#include <memory>
#include <utility>

#include "base/status_matchers.h"

namespace inventory {
namespace {

absl::Status Both(const absl::Status& first, const absl::Status& second) {
  RETURN_IF_ERROR(first);
  RETURN_IF_ERROR(second);
  return absl::OkStatus();
}

absl::StatusOr<int> Sum(absl::StatusOr<int> first, absl::StatusOr<std::unique_ptr<int>> second) {
  ASSIGN_OR_RETURN(const int a, first);
  ASSIGN_OR_RETURN(std::unique_ptr<int> b, std::move(second));  // moves what cannot be copied
  return a + *b;
}

TEST(StatusMacros, ReturnTheFirstError) {
  EXPECT_OK(Both(absl::OkStatus(), absl::OkStatus()));
  EXPECT_THAT(Both(absl::NotFoundError("one"), absl::InternalError("two")),
              StatusIs(absl::StatusCode::kNotFound, "one"));
  EXPECT_THAT(Both(absl::OkStatus(), absl::InternalError("two")),
              StatusIs(absl::StatusCode::kInternal, "two"));
}

TEST(StatusMacros, AssignOrReturnTheError) {
  const absl::StatusOr<int> sum = Sum(1, std::make_unique<int>(2));
  ASSERT_OK(sum);
  EXPECT_EQ(*sum, 3);
  EXPECT_THAT(Sum(absl::NotFoundError("one"), std::make_unique<int>(2)),
              StatusIs(absl::StatusCode::kNotFound, "one"));
  EXPECT_THAT(Sum(1, absl::InternalError("two")), StatusIs(absl::StatusCode::kInternal, "two"));
}

TEST(StatusMatchers, TellOkCodesAndTextsApart) {
  EXPECT_THAT(absl::InternalError("disk full"), testing::Not(IsOk()));
  EXPECT_THAT(absl::InternalError("disk full"),
              testing::Not(StatusIs(absl::StatusCode::kInternal, "network")));
  EXPECT_THAT(absl::InternalError("disk full"),
              testing::Not(StatusIs(absl::StatusCode::kUnavailable, "disk")));
}

}  // namespace
}  // namespace inventory
