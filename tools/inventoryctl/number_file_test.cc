#include "tools/inventoryctl/number_file.h"

#include <gmock/gmock.h>

#include <sstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/status_matchers.h"

namespace inventory {
namespace {

using ::testing::ElementsAre;
using ::testing::FieldsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

absl::StatusOr<std::vector<NumberRow>> Read(const std::string& text) {
  std::istringstream in(text);
  return ReadNumbers(in, {{"book_id", UINT64_MAX}, {"quantity", INT32_MAX}});
}

TEST(ReadNumbersTest, ReadsRowsWithTheirLines) {
  const auto rows = Read("1,100\n2,50\n");
  ASSERT_OK(rows);
  EXPECT_THAT(*rows,
              ElementsAre(FieldsAre(1, ElementsAre(1, 100)), FieldsAre(2, ElementsAre(2, 50))));
}

TEST(ReadNumbersTest, TakesWhatSpreadsheetsWrite) {
  const auto rows = Read(
      "\xEF\xBB\xBF"
      "book_id, quantity\r\n\r\n 1 , 100 \r\n2,50");
  ASSERT_OK(rows);
  EXPECT_THAT(*rows,
              ElementsAre(FieldsAre(3, ElementsAre(1, 100)), FieldsAre(4, ElementsAre(2, 50))));
}

TEST(ReadNumbersTest, GoesToTheLimitsAndNotBeyond) {
  EXPECT_OK(Read("18446744073709551615,2147483647"));
  for (const char* bad : {"18446744073709551616,1", "1,2147483648", "0,1", "1,0", "-1,1", "1,-1",
                          "1,1.5", "1,0x10", "1,", "\"1\",1", "1,1,1", "1", "one,two"}) {
    EXPECT_THAT(Read(bad), StatusIs(absl::StatusCode::kInvalidArgument, "line 1: ")) << bad;
  }
}

TEST(ReadNumbersTest, NamesEveryBadLineAndGivesNothing) {
  const auto rows = Read("book_id,quantity\n1,100\n2,many\n3\n");
  ASSERT_THAT(rows, StatusIs(absl::StatusCode::kInvalidArgument, ""));
  EXPECT_EQ(rows.status().message(),
            "line 3: quantity 'many' is not a whole number from 1 to 2147483647\n"
            "line 4: 1 fields, expected 2 (book_id,quantity)");
}

TEST(ReadNumbersTest, ShowsTwentyBadLinesAndCountsTheRest) {
  std::string text;
  for (int i = 0; i < 25; ++i) absl::StrAppend(&text, "x,y\n");
  const auto rows = Read(text);
  const std::vector<std::string> lines = absl::StrSplit(std::string(rows.status().message()), '\n');
  ASSERT_THAT(lines, SizeIs(21));
  EXPECT_EQ(lines.back(), "… and 5 more bad lines");
}

TEST(ReadNumbersTest, AHeadingIsOnlyAtTheTop) {
  EXPECT_THAT(Read("1,1\nbook_id,quantity\n"),
              StatusIs(absl::StatusCode::kInvalidArgument, "line 2: book_id 'book_id'"));
  EXPECT_THAT(Read("quantity,book_id\n1,1\n"),
              StatusIs(absl::StatusCode::kInvalidArgument, "line 1: "));
}

TEST(ReadNumbersTest, AnEmptyFileIsAMistake) {
  EXPECT_THAT(Read(""), StatusIs(absl::StatusCode::kInvalidArgument, "no rows"));
  EXPECT_THAT(Read("book_id,quantity\n"), StatusIs(absl::StatusCode::kInvalidArgument, "no rows"));
}

}  // namespace
}  // namespace inventory
