#include "ledger/watermark.h"

#include <gtest/gtest.h>

namespace inventory {
namespace {

constexpr TimeMs kTtl = 120'000;  // half of it: a minute, in parts of a second

TEST(WatermarkTest, RisesToWhatIsHalfATtlOld) {
  Watermark watermark(kTtl);
  watermark.Add(1'000'000, 7);
  watermark.Add(1'030'000, 9);
  EXPECT_EQ(watermark.At(1'059'999), 0u);
  EXPECT_EQ(watermark.At(1'060'000), 7u);
  EXPECT_EQ(watermark.At(1'090'000), 9u);
}

TEST(WatermarkTest, NeverLeavesOutWhatIsOld) {
  Watermark watermark(kTtl);
  watermark.Add(1'000'000, 7);
  watermark.Add(1'000'999, 50);  // in the same part
  EXPECT_EQ(watermark.At(1'060'000), 50u) << "a part is old when its first order is";
}

TEST(WatermarkTest, NeverGoesDown) {
  Watermark watermark(kTtl);
  watermark.Add(1'000'000, 100);
  watermark.Add(1'010'000, 5);
  EXPECT_EQ(watermark.At(1'100'000), 100u);
  watermark.Begin(30);
  EXPECT_EQ(watermark.At(0), 100u);
  watermark.Begin(300);
  EXPECT_EQ(watermark.At(0), 300u);
}

}  // namespace
}  // namespace inventory
