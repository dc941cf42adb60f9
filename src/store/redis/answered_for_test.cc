#include "store/redis/answered_for.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace inventory {
namespace {

RememberedEntry Entry(std::uint64_t epoch, std::uint64_t number) {
  return {epoch, number, 0, "changes"};
}

TEST(AnsweredForTest, RemembersUntilTheLedgerHasIt) {
  AnsweredFor answered;
  answered.Add(Entry(1, 4), 5);
  answered.Add(Entry(1, RememberedEntry::kNoNumber), 6);  // a duplicate of what is in entry 5
  answered.Add(Entry(1, 7), 8);
  LedgerProgress progress;
  progress.epoch = 1;
  progress.applied = 4;
  answered.Forget(progress);
  EXPECT_EQ(answered.size(), 3U);
  progress.applied = 6;
  answered.Forget(progress);
  ASSERT_EQ(answered.size(), 1U);
  EXPECT_EQ(answered.All().front().number, 7U);
}

TEST(AnsweredForTest, AnEpochsProgressSaysNothingOfAnother) {
  AnsweredFor answered;
  answered.Add(Entry(1, 4), 5);
  LedgerProgress progress;
  progress.epoch = 2;
  progress.applied = 100;
  answered.Forget(progress);
  EXPECT_EQ(answered.size(), 1U);
  answered.ForgetBefore(2);
  EXPECT_EQ(answered.size(), 0U);
}

}  // namespace
}  // namespace inventory
