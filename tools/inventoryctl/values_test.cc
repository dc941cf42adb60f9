#include "tools/inventoryctl/values.h"

#include <gmock/gmock.h>

#include "base/status_matchers.h"

namespace inventory {
namespace {

TEST(ParseDurationTest, TakesSecondsAndUnits) {
  EXPECT_EQ(*ParseDuration("90"), absl::Seconds(90));
  EXPECT_EQ(*ParseDuration("15m"), absl::Minutes(15));
  EXPECT_EQ(*ParseDuration("1h30m"), absl::Minutes(90));
  EXPECT_EQ(*ParseDuration("500ms"), absl::Milliseconds(500));
  EXPECT_EQ(*ParseDuration("-5"), absl::Seconds(-5));
  for (const char* bad : {"", "15x", "m", "1 h"}) {
    EXPECT_THAT(ParseDuration(bad), StatusIs(absl::StatusCode::kInvalidArgument, "15m")) << bad;
  }
}

TEST(ParseTimeTest, TakesWhatPeopleWrite) {
  const absl::TimeZone shanghai = absl::FixedTimeZone(8 * 3600);
  const absl::Time now = absl::FromUnixSeconds(1'800'000'000);
  const auto seconds = [&](const char* text) {
    const auto time = ParseTime(text, now, shanghai);
    return time.ok() ? absl::ToUnixMillis(*time) : -1;
  };
  EXPECT_EQ(seconds("2026-11-23"), 1'795'363'200'000);
  EXPECT_EQ(seconds("2026-11-23 10:30"), 1'795'401'000'000);
  EXPECT_EQ(seconds("2026-11-23T10:30:15"), 1'795'401'015'000);
  EXPECT_EQ(seconds("2026-11-23 10:30:15.5"), 1'795'401'015'500);
  EXPECT_EQ(seconds("2026-11-23T02:30:15Z"), 1'795'401'015'000);
  EXPECT_EQ(seconds("2026-11-23T04:30:15+02:00"), 1'795'401'015'000);
  EXPECT_EQ(seconds("15m"), 1'799'999'100'000);
}

TEST(ParseTimeTest, RefusesTheRest) {
  for (const char* bad : {"", "yesterday", "2026-13-01", "10:30", "-5m", "23.11.2026"}) {
    EXPECT_THAT(ParseTime(bad, absl::Now(), absl::UTCTimeZone()),
                StatusIs(absl::StatusCode::kInvalidArgument, "is not a time"))
        << bad;
  }
}

TEST(ParseOrderLineTest, IsBookAndQuantity) {
  const auto line = ParseOrderLine("18446744073709551615:2");
  ASSERT_OK(line);
  EXPECT_EQ(line->book_id(), 18446744073709551615u);
  EXPECT_EQ(line->quantity(), 2);
  // What is a number but no sensible one is for the service to refuse.
  EXPECT_EQ(ParseOrderLine("1:-2")->quantity(), -2);
  for (const char* bad :
       {"", "1", "1:", ":2", "1:2:3", "-1:2", "1:2147483648", "a:b", "18446744073709551616:1"}) {
    EXPECT_THAT(ParseOrderLine(bad), StatusIs(absl::StatusCode::kInvalidArgument, "BOOK:QUANTITY"))
        << bad;
  }
}

TEST(MakeRequestIdTest, IsARandomUuid) {
  const std::string id = MakeRequestId();
  EXPECT_THAT(id, testing::MatchesRegex("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-"
                                        "[0-9a-f]{12}"));
  EXPECT_NE(id, MakeRequestId());
}

}  // namespace
}  // namespace inventory
