#include "tools/inventory-bench/book_picker.h"

#include <gtest/gtest.h>

#include <vector>

namespace inventory::bench {
namespace {

std::vector<int> Count(Popularity popularity, std::uint64_t seed, int picks) {
  BookPicker picker(100, 10, popularity, seed);
  std::vector<int> counts(10);
  for (int i = 0; i < picks; ++i) ++counts.at(picker.Pick() - 100);
  return counts;
}

TEST(BookPickerTest, OneBookIsAlwaysThatBook) {
  BookPicker picker(7, 1, Popularity::kZipf, 1);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(picker.Pick(), 7u);
}

TEST(BookPickerTest, TheSameSeedPicksTheSameBooks) {
  EXPECT_EQ(Count(Popularity::kZipf, 5, 1'000), Count(Popularity::kZipf, 5, 1'000));
  EXPECT_NE(Count(Popularity::kZipf, 5, 1'000), Count(Popularity::kZipf, 6, 1'000));
}

TEST(BookPickerTest, UniformBooksAreAlike) {
  for (const int count : Count(Popularity::kUniform, 1, 100'000)) {
    EXPECT_GT(count, 9'500);
    EXPECT_LT(count, 10'500);
  }
}

// Shares of (k + 1)^-1.1 among ten books: 0.37, 0.17, …, 0.029.
TEST(BookPickerTest, ZipfBooksFallOff) {
  const std::vector<int> counts = Count(Popularity::kZipf, 1, 100'000);
  EXPECT_NEAR(counts[0], 37'300, 1'000);
  EXPECT_NEAR(counts[1], 17'400, 700);
  EXPECT_NEAR(counts[9], 2'960, 300);
}

}  // namespace
}  // namespace inventory::bench
