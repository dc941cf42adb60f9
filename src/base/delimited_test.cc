#include "base/delimited.h"

#include <gtest/gtest.h>

namespace inventory {
namespace {

TEST(LengthPrefix, IsAVarint) {
  EXPECT_EQ(LengthPrefix(0), std::string(1, '\0'));
  EXPECT_EQ(LengthPrefix(127), "\x7f");
  EXPECT_EQ(LengthPrefix(128), "\x80\x01");
  EXPECT_EQ(LengthPrefix(300), "\xac\x02");
}

// As any program finds it: Python's zlib.crc32(b"\\x09123456789"), say.
TEST(DelimitedSum, IsTheCrcOfLengthsAndMessages) {
  DelimitedSum sum;
  EXPECT_EQ(sum.value(), 0u);
  sum.Add("123456789");
  EXPECT_EQ(sum.value(), 0x32626e34u);
  sum.Add("");
  EXPECT_EQ(sum.value(), 0xf3847956u);
}

}  // namespace
}  // namespace inventory
