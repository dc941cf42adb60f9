#include "base/clock.h"

#include <gtest/gtest.h>

#include <chrono>

namespace inventory {
namespace {

TimeMs WallNow() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

TEST(SteadyClock, StartsAtTheWallClock) {
  const TimeMs before = WallNow();
  const TimeMs now = SteadyClock().Now();
  const TimeMs after = WallNow();
  EXPECT_GE(now, before - 1);
  EXPECT_LE(now, after + 1);
}

TEST(SteadyClock, StartsNoEarlierThanTold) {
  const TimeMs recorded = WallNow() + 3'600'000;
  const SteadyClock clock(recorded);
  EXPECT_GE(clock.Now(), recorded);
  EXPECT_LT(clock.Now(), recorded + 60'000);
}

TEST(SteadyClock, APastTimeHoldsNothingBack) {
  EXPECT_GE(SteadyClock(1).Now(), WallNow() - 60'000);
}

TEST(SteadyClock, NeverRunsBackwards) {
  const SteadyClock clock;
  TimeMs last = clock.Now();
  for (int i = 0; i < 10'000; ++i) {
    const TimeMs now = clock.Now();
    ASSERT_GE(now, last);
    last = now;
  }
}

}  // namespace
}  // namespace inventory
