#include "tools/inventory-bench/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace inventory::bench {
namespace {

using std::chrono::nanoseconds;

TEST(HistogramTest, IsEmptyAtFirst) {
  Histogram histogram;
  EXPECT_EQ(histogram.count(), 0u);
  EXPECT_EQ(histogram.Percentile(0.5), nanoseconds(0));
  EXPECT_EQ(histogram.max(), nanoseconds(0));
}

TEST(HistogramTest, KeepsSmallValuesExactly) {
  Histogram histogram;
  for (int i = 1; i <= 100; ++i) histogram.Record(nanoseconds(i));
  EXPECT_EQ(histogram.Percentile(0), nanoseconds(1));
  EXPECT_EQ(histogram.Percentile(0.5), nanoseconds(50));
  EXPECT_EQ(histogram.Percentile(0.99), nanoseconds(99));
  EXPECT_EQ(histogram.Percentile(1), nanoseconds(100));
}

TEST(HistogramTest, ClampsWhatIsOutOfRange) {
  Histogram histogram;
  histogram.Record(nanoseconds(-5));
  EXPECT_EQ(histogram.max(), nanoseconds(0));
  histogram.Record(std::chrono::hours(50));
  EXPECT_EQ(histogram.max(), Histogram::kLongest);
  EXPECT_EQ(histogram.Percentile(1), Histogram::kLongest);
}

TEST(HistogramTest, ClearForgetsEverything) {
  Histogram histogram;
  histogram.Record(nanoseconds(1'000'000));
  histogram.Clear();
  histogram.Record(nanoseconds(3));
  EXPECT_EQ(histogram.count(), 1u);
  EXPECT_EQ(histogram.max(), nanoseconds(3));
}

// Against the sorted values themselves, over twelve orders of magnitude.
TEST(HistogramTest, PercentilesAreWithinOnePercentAboveTheTrueOnes) {
  std::mt19937_64 random(1);
  std::uniform_real_distribution<double> exponent(0, std::log(3.6e12));
  Histogram histogram;
  std::vector<std::int64_t> values;
  for (int i = 0; i < 20'000; ++i) {
    values.push_back(static_cast<std::int64_t>(std::exp(exponent(random))));
    histogram.Record(nanoseconds(values.back()));
  }
  std::sort(values.begin(), values.end());
  for (const double fraction : {0.001, 0.1, 0.5, 0.9, 0.99, 0.999, 1.0}) {
    const auto rank = static_cast<std::size_t>(std::ceil(fraction * 20'000)) - 1;
    const double truth = static_cast<double>(values[rank]);
    const double got = static_cast<double>(histogram.Percentile(fraction).count());
    EXPECT_GE(got, truth) << fraction;
    EXPECT_LE(got, truth * 1.008 + 1) << fraction;
  }
}

}  // namespace
}  // namespace inventory::bench
