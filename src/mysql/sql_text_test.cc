#include "mysql/sql_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace inventory {
namespace {

std::string Quoted(std::string_view text) {
  std::string sql;
  AppendQuoted(sql, text);
  return sql;
}

TEST(SqlTextTest, QuotesWhatWouldEndATextOrEscapeIt) {
  EXPECT_EQ(Quoted("return"), "'return'");
  EXPECT_EQ(Quoted("it's"), "'it\\'s'");
  EXPECT_EQ(Quoted("\\' OR 1=1 -- "), "'\\\\\\' OR 1=1 -- '");
  EXPECT_EQ(Quoted(std::string_view("a\0b", 3)), "'a\\0b'");
  EXPECT_EQ(Quoted("退货 \"ok\"\n"), "'退货 \"ok\"\n'");
}

TEST(SqlTextTest, TimesReadAsTheyWereWritten) {
  EXPECT_EQ(QuotedTime(0), "'1970-01-01 00:00:00.000'");
  EXPECT_EQ(QuotedTime(-5), "'1970-01-01 00:00:00.000'");
  EXPECT_EQ(QuotedTime(1'785'575'700'123), "'2026-08-01 09:15:00.123'");
  for (const TimeMs time :
       {TimeMs{0}, TimeMs{1}, TimeMs{951'827'696'789}, TimeMs{4'102'444'799'999}}) {
    const std::string quoted = QuotedTime(time);
    EXPECT_EQ(ParseTime(quoted.substr(1, quoted.size() - 2)), time) << quoted;
  }
}

TEST(SqlTextTest, WhatIsNoTimeIsNotRead) {
  for (const char* text :
       {"", "2026-08-01 09:15:00", "2026-13-01 09:15:00.123", "2026-02-30 09:15:00.123",
        "0000-00-00 00:00:00.000", "2026-08-01 xx:15:00.123"}) {
    EXPECT_EQ(ParseTime(text), std::nullopt) << text;
  }
}

TEST(SqlTextTest, IdsOfBothTypesDoNotShareAList) {
  const auto is_one_of = [](std::vector<std::uint64_t> ids) {
    std::string sql = "WHERE ";
    AppendIsOneOf(sql, "book_id", ids);
    return sql;
  };
  constexpr std::uint64_t kLarge = std::uint64_t{1} << 63;
  EXPECT_EQ(is_one_of({7, 9}), "WHERE (book_id IN (7,9))");
  EXPECT_EQ(is_one_of({kLarge}), "WHERE (book_id IN (9223372036854775808))");
  EXPECT_EQ(is_one_of({kLarge + 1, 7, kLarge, kLarge - 1}),
            "WHERE (book_id IN (7,9223372036854775807) OR "
            "book_id IN (9223372036854775809,9223372036854775808))");
}

}  // namespace
}  // namespace inventory
