#include "tools/inventoryctl/text_table.h"

#include <gtest/gtest.h>

#include <sstream>

namespace inventory {
namespace {

using Align = TextTable::Align;

TEST(DisplayWidthTest, CountsPlacesNotBytes) {
  EXPECT_EQ(DisplayWidth(""), 0u);
  EXPECT_EQ(DisplayWidth("abc"), 3u);
  EXPECT_EQ(DisplayWidth("扣减成功"), 8u);
  EXPECT_EQ(DisplayWidth("订单已处理（幂等性）"), 20u);
  EXPECT_EQ(DisplayWidth("e\u0301"), 1u);     // a combining accent
  EXPECT_EQ(DisplayWidth("\U0001F4E6"), 2u);  // a parcel
  EXPECT_EQ(DisplayWidth("\xff"), 1u);        // no UTF-8
}

TEST(PrintableTest, LeavesTextAndDisarmsTheRest) {
  EXPECT_EQ(Printable("退货 ok"), "退货 ok");
  EXPECT_EQ(Printable("\x1b[2Jgone"), "?[2Jgone");
  EXPECT_EQ(Printable("a\nb\tc\x7f"), "a?b?c?");
  EXPECT_EQ(Printable("\u202Etxt"), "?txt");
  EXPECT_EQ(Printable("\xe6\x89x"), "??x");
}

std::string Flush(TextTable& table) {
  std::ostringstream out;
  table.Flush(out);
  return out.str();
}

TEST(TextTableTest, AlignsChineseAndNumbers) {
  TextTable table({{"CODE"}, {"MESSAGE", Align::kLeft}, {"STOCK"}});
  table.AddRow({"0", "扣减成功", "95"});
  table.AddRow({"40100", "no", "5"});
  EXPECT_EQ(Flush(table),
            " CODE  MESSAGE   STOCK\n"
            "    0  扣减成功     95\n"
            "40100  no            5\n");
}

TEST(TextTableTest, EndsNoLineInSpaces) {
  TextTable table({{"A", Align::kLeft}, {"B", Align::kLeft}});
  table.AddRow({"1", "long"});
  table.AddRow({"2", ""});
  EXPECT_EQ(Flush(table), "A  B\n1  long\n2\n");
}

TEST(TextTableTest, GoesOnUnderTheSameHeading) {
  TextTable table({{"BOOK"}, {"STOCK"}});
  table.AddRow({"123456", "1"});
  EXPECT_EQ(Flush(table), "  BOOK  STOCK\n123456      1\n");
  table.AddRow({"7", "22"});
  EXPECT_EQ(Flush(table), "     7     22\n");
}

}  // namespace
}  // namespace inventory
