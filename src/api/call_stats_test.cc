#include "api/call_stats.h"

#include <gmock/gmock.h>

#include <set>
#include <string>

namespace inventory {
namespace {

using testing::ElementsAre;
using testing::Field;
using testing::IsEmpty;

std::uint64_t Count(const Distribution& durations) {
  std::uint64_t count = 0;
  for (const std::uint64_t each : durations.counts) count += each;
  return count;
}

TEST(CallStatsTest, TellsNothingOfWhatHasNotHappened) {
  const CallStats stats;
  EXPECT_THAT(stats.ListCalls(), IsEmpty());
  EXPECT_THAT(stats.ListFaults(), IsEmpty());
  EXPECT_THAT(stats.ListCommands(), IsEmpty());
}

TEST(CallStatsTest, CountsAnswersByCallAndOutcomesName) {
  CallStats stats;
  stats.Answered(ApiCall::kDeductStock, Outcome::kDeducted, MeasuredNow());
  stats.Answered(ApiCall::kDeductStock, Outcome::kInsufficientStock, MeasuredNow());
  stats.Answered(ApiCall::kDeductStock, Outcome::kBookIdMissing, MeasuredNow());
  stats.Answered(ApiCall::kDeductStock, Outcome::kOrderIdMissing, MeasuredNow());
  stats.Answered(ApiCall::kGetStock, Outcome::kOk, MeasuredNow());

  std::set<std::string> seen;
  for (const CallStats::Calls& calls : stats.ListCalls()) {
    seen.insert(std::string(NameOf(calls.call)) + " " + calls.outcome + " " +
                std::to_string(Count(calls.duration)));
  }
  EXPECT_THAT(seen,
              ElementsAre("DeductStock insufficient_stock 1", "DeductStock invalid_argument 2",
                          "DeductStock ok 1", "GetStock ok 1"));
}

TEST(CallStatsTest, MeasuresFromTheBeginning) {
  CallStats stats;
  stats.Answered(ApiCall::kGetOrder, Outcome::kOk, MeasuredNow() - 7'000'000'000);
  ASSERT_EQ(stats.ListCalls().size(), 1u);
  EXPECT_GE(stats.ListCalls().front().duration.sum, 7);
}

TEST(CallStatsTest, AFaultIsAnOutcomeOfItsOwnAndCountedByStatus) {
  CallStats stats;
  stats.Failed(ApiCall::kDeductStock, absl::StatusCode::kUnavailable, MeasuredNow());
  stats.Failed(ApiCall::kDeductStock, absl::StatusCode::kUnavailable, MeasuredNow());
  stats.Failed(ApiCall::kDeductStock, absl::StatusCode::kResourceExhausted, MeasuredNow());

  const auto calls = stats.ListCalls();
  ASSERT_EQ(calls.size(), 1u);
  EXPECT_EQ(calls[0].outcome, "fault");
  EXPECT_EQ(Count(calls[0].duration), 3);
  const auto faults = stats.ListFaults();
  EXPECT_THAT(faults, ElementsAre(Field(&CallStats::Faults::status, "RESOURCE_EXHAUSTED"),
                                  Field(&CallStats::Faults::status, "UNAVAILABLE")));
  EXPECT_EQ(faults[1].count, 2);
  EXPECT_THAT(stats.ListCommands(), IsEmpty());
}

TEST(CallStatsTest, ABatchsItemsAreCommandsLikeCallsThatAreOne) {
  CallStats stats;
  stats.Answered(ApiCall::kDeductStock, Outcome::kDeducted, MeasuredNow());
  stats.Answered(ApiCall::kBatchDeductStock, Outcome::kOk, MeasuredNow());
  OutcomeCounts items{};
  items[static_cast<std::size_t>(Outcome::kDeducted)] = 5;
  items[static_cast<std::size_t>(Outcome::kInsufficientStock)] = 2;
  stats.AnsweredItems(items);
  stats.Answered(ApiCall::kCancelReservation, Outcome::kReservationNotFound, MeasuredNow());

  std::set<std::string> seen;
  for (const CallStats::Commands& commands : stats.ListCommands()) {
    seen.insert(commands.verb + " " + commands.outcome + " " + std::to_string(commands.count));
  }
  EXPECT_THAT(seen, ElementsAre("cancel reservation_not_found 1", "deduct insufficient_stock 2",
                                "deduct ok 6"));
}

}  // namespace
}  // namespace inventory
