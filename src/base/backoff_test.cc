#include "base/backoff.h"

#include <gtest/gtest.h>

namespace inventory {
namespace {

using std::chrono::milliseconds;

TEST(BackoffTest, DoublesUpToTheLongest) {
  const auto longest_wait = [](int failures) {
    return Backoff(failures, milliseconds(100), milliseconds(1'000), 1.0).count();
  };
  EXPECT_EQ(longest_wait(1), 100);
  EXPECT_EQ(longest_wait(2), 200);
  EXPECT_EQ(longest_wait(4), 800);
  EXPECT_EQ(longest_wait(5), 1'000);
  EXPECT_EQ(longest_wait(1'000'000'000), 1'000);
}

TEST(BackoffTest, IsRandomBetweenHalfAndAll) {
  const auto wait = [](double fraction) {
    return Backoff(2, milliseconds(100), milliseconds(1'000), fraction).count();
  };
  EXPECT_EQ(wait(0.0), 100);
  EXPECT_EQ(wait(0.5), 150);
  EXPECT_EQ(wait(1.0), 200);
}

TEST(BackoffTest, NeverPassesALongestBelowTheFirst) {
  EXPECT_EQ(Backoff(1, milliseconds(100), milliseconds(10), 1.0), milliseconds(10));
}

}  // namespace
}  // namespace inventory
