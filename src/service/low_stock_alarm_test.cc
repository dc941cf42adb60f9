#include "service/low_stock_alarm.h"

#include <gmock/gmock.h>

#include <string>

namespace inventory {
namespace {

using testing::HasSubstr;
using testing::Not;
using Time = LowStockAlarm::Time;

StockChanged Change(BookId book, Quantity before, Quantity after) {
  return {book, before, {after, 0, 1}};
}

// What Write logs at `now`.
std::string Written(LowStockAlarm& alarm, Time now) {
  testing::internal::CaptureStderr();
  alarm.Write(now);
  return testing::internal::GetCapturedStderr();
}

TEST(LowStockAlarmTest, WarnsOnceForEachFallBelowTheThreshold) {
  LowStockAlarm alarm(10);
  EXPECT_FALSE(alarm.Check({Change(1, 20, 10)}));  // at the threshold is not below
  EXPECT_TRUE(alarm.Check({Change(1, 10, 9)}));
  EXPECT_FALSE(alarm.Check({Change(1, 9, 3), Change(1, 3, 4)}));  // low already
  EXPECT_FALSE(alarm.Check({Change(1, 4, 12)}));
  EXPECT_EQ(alarm.warnings(), 1u);
  alarm.Check({Change(1, 12, 2), Change(1, 2, 11), Change(1, 11, 1)});  // twice in one batch
  EXPECT_EQ(alarm.warnings(), 3u);
  EXPECT_FALSE(alarm.Check({Change(2, 0, 5)}));  // a new book that begins low fell from nowhere
  EXPECT_EQ(alarm.warnings(), 3u);
}

TEST(LowStockAlarmTest, NothingIsLowWithoutAThreshold) {
  LowStockAlarm alarm(0);
  EXPECT_FALSE(alarm.Check({Change(1, 5, 0)}));
  EXPECT_EQ(alarm.warnings(), 0u);
}

TEST(LowStockAlarmTest, LogsTheFirstOfASecondAndTheNumberOfTheOthers) {
  LowStockAlarm alarm(10);
  std::vector<StockChanged> falls;
  for (BookId book = 1; book <= LowStockAlarm::kLines + 3; ++book) {
    falls.push_back(Change(book, 10, 7));
  }
  EXPECT_TRUE(alarm.Check(falls));
  const Time now{std::chrono::hours(1)};
  const std::string first = Written(alarm, now);
  EXPECT_THAT(first, HasSubstr("stock is low book=10 available=7 warning_threshold=10"));
  EXPECT_THAT(first, Not(HasSubstr("book=11")));
  EXPECT_THAT(first, HasSubstr("left_out=3"));

  EXPECT_TRUE(alarm.Check({Change(99, 10, 0)}));
  EXPECT_EQ(Written(alarm, now), "");
  EXPECT_EQ(alarm.Write(now), now + LowStockAlarm::kPeriod);
  const std::string second = Written(alarm, now + LowStockAlarm::kPeriod);
  EXPECT_THAT(second, HasSubstr("book=99"));
  EXPECT_THAT(second, Not(HasSubstr("left_out")));
  EXPECT_EQ(alarm.Write(now + 2 * LowStockAlarm::kPeriod), Time::max());
}

}  // namespace
}  // namespace inventory
