#include "store/redis/gate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/status_matchers.h"

namespace inventory {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

OpenedEpoch Opened(std::uint64_t epoch, std::uint64_t entries) {
  OpenedEpoch opened;
  opened.epoch = epoch;
  opened.generation = 1;
  opened.entries = entries;
  opened.progress.epoch = epoch;
  return opened;
}

TEST(GateTest, IsClosedAtFirstAndSaysWhy) {
  Gate gate;
  EXPECT_EQ(gate.Enter().status().code(), absl::StatusCode::kUnavailable);
  gate.Close(absl::FailedPreconditionError("a replica"));
  EXPECT_EQ(gate.Enter().status().message(), "a replica");
  EXPECT_EQ(gate.health().code(), absl::StatusCode::kFailedPrecondition);
}

TEST(GateTest, WhoIsInsideIsWaitedFor) {
  Gate gate;
  gate.Open(Opened(3, 0));
  ASSERT_TRUE(gate.Enter().ok());
  gate.Close(absl::UnavailableError("rebuilding"));
  EXPECT_FALSE(gate.WaitUntilEmpty(milliseconds(1)));
  gate.Leave();
  EXPECT_TRUE(gate.WaitUntilEmpty(milliseconds(1)));
}

TEST(GateTest, EntriesAndProgressOnlyRise) {
  Gate gate;
  gate.Open(Opened(3, 5));
  gate.TellEntries(3, 9);
  gate.TellEntries(3, 7);   // an answer that was late
  gate.TellEntries(2, 99);  // of an epoch that has ended
  EXPECT_EQ(gate.NewestEntries(3), 9U);
  EXPECT_EQ(gate.NewestEntries(4), 0U);

  LedgerProgress progress;
  progress.epoch = 3;
  progress.applied = 6;
  gate.TellProgress(progress);
  progress.applied = 4;
  gate.TellProgress(progress);
  EXPECT_EQ(gate.Look()->progress.applied, 6U);
  progress.applied = 12;  // another instance's entries
  gate.TellProgress(progress);
  EXPECT_EQ(gate.NewestEntries(3), 12U);
}

TEST(GateTest, AnOldAnswerDoesNotCloseWhatWasOpenedSince) {
  Gate gate;
  gate.Open(Opened(4, 0));
  EXPECT_FALSE(gate.CloseIfStill(3, 1, absl::UnavailableError("epoch 3 has ended")));
  EXPECT_FALSE(gate.CloseIfStill(4, 2, absl::UnavailableError("another connection")));
  EXPECT_TRUE(gate.health().ok());
  EXPECT_TRUE(gate.CloseIfStill(4, 1, absl::UnavailableError("it forgot")));
  EXPECT_FALSE(gate.CloseIfStill(4, 1, absl::UnavailableError("it forgot")));
  EXPECT_THAT(gate.health().message(), HasSubstr("it forgot"));
}

}  // namespace
}  // namespace inventory
