#include "store/redis/ledger_waiters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

namespace inventory {
namespace {

class LedgerWaitersTest : public testing::Test {
 protected:
  void Wait(std::uint64_t epoch, std::uint64_t applied, std::optional<absl::StatusCode>& woken) {
    waiters_.Wait(epoch, applied, [&woken](const absl::Status& status) { woken = status.code(); });
  }
  void Tell(std::uint64_t epoch, std::uint64_t applied) {
    LedgerProgress progress;
    progress.epoch = epoch;
    progress.applied = applied;
    waiters_.Tell(progress);
  }

  LedgerWaiters waiters_;
};

TEST_F(LedgerWaitersTest, WakesWhenTheLedgerIsThere) {
  std::optional<absl::StatusCode> third, fifth, passed;
  Wait(1, 3, third);
  Wait(1, 5, fifth);
  Tell(1, 2);
  EXPECT_FALSE(third);
  Tell(1, 3);
  EXPECT_EQ(third, absl::StatusCode::kOk);
  EXPECT_FALSE(fifth);
  EXPECT_FALSE(waiters_.empty());
  Tell(1, 7);
  EXPECT_EQ(fifth, absl::StatusCode::kOk);
  Wait(1, 6, passed);
  EXPECT_EQ(passed, absl::StatusCode::kOk) << "has been applied already";
  EXPECT_TRUE(waiters_.empty());
}

TEST_F(LedgerWaitersTest, NumbersOfAnotherEpochSayNothing) {
  std::optional<absl::StatusCode> old, coming;
  Tell(2, 0);
  Wait(2, 4, old);
  Wait(3, 4, coming);
  Tell(3, 0);
  EXPECT_EQ(old, absl::StatusCode::kUnavailable) << "its epoch has ended";
  EXPECT_FALSE(coming);
  Tell(3, 4);
  EXPECT_EQ(coming, absl::StatusCode::kOk);
}

TEST_F(LedgerWaitersTest, AStopWakesAll) {
  std::optional<absl::StatusCode> before, after;
  Wait(1, 3, before);
  waiters_.Stop();
  Wait(1, 3, after);
  EXPECT_EQ(before, absl::StatusCode::kUnavailable);
  EXPECT_EQ(after, absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace inventory
