#include "base/utf8.h"

#include <gtest/gtest.h>

namespace inventory {
namespace {

TEST(Utf8, TakesCharactersOfEverySize) {
  EXPECT_TRUE(IsUtf8(""));
  EXPECT_TRUE(IsUtf8("a\x7F"));
  EXPECT_TRUE(IsUtf8("\xC2\x80 \xDF\xBF"));
  EXPECT_TRUE(IsUtf8("库存不足 \xE0\xA0\x80 \xED\x9F\xBF \xEF\xBF\xBF"));
  EXPECT_TRUE(IsUtf8("\xF0\x90\x80\x80 \xF4\x8F\xBF\xBF"));
}

TEST(Utf8, RefusesWhatIsNone) {
  EXPECT_FALSE(IsUtf8("\x80"));              // a continuation alone
  EXPECT_FALSE(IsUtf8("\xC0\xAF"));          // overlong
  EXPECT_FALSE(IsUtf8("\xE0\x9F\xBF"));      // overlong
  EXPECT_FALSE(IsUtf8("\xED\xA0\x80"));      // surrogate
  EXPECT_FALSE(IsUtf8("\xF0\x8F\xBF\xBF"));  // overlong
  EXPECT_FALSE(IsUtf8("\xF4\x90\x80\x80"));  // past U+10FFFF
  EXPECT_FALSE(IsUtf8("\xF5\x80\x80\x80"));
  EXPECT_FALSE(IsUtf8("ok\xE5\xBA"));  // cut short
  EXPECT_FALSE(IsUtf8("\xE5z\x93"));
}

TEST(Utf8, TellsACharactersSize) {
  EXPECT_EQ(Utf8CharacterSize("a库"), 1u);
  EXPECT_EQ(Utf8CharacterSize("库a"), 3u);
  EXPECT_EQ(Utf8CharacterSize("\xFF"), 0u);
  EXPECT_EQ(Utf8CharacterSize(""), 0u);
}

}  // namespace
}  // namespace inventory
