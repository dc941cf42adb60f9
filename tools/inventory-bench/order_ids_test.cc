#include "tools/inventory-bench/order_ids.h"

#include <gtest/gtest.h>

#include <set>

namespace inventory::bench {
namespace {

using std::chrono::milliseconds;
using std::chrono::system_clock;

TEST(OrderIdsTest, GrowingIdsCountUp) {
  OrderIds ids(OrderIdKind::kGrowing, system_clock::time_point(milliseconds(3)));
  EXPECT_EQ(ids.Next(), 3u << 20);
  EXPECT_EQ(ids.Next(), (3u << 20) + 1);
}

TEST(OrderIdsTest, ALaterRunStartsAboveAnEarlierOne) {
  OrderIds early(OrderIdKind::kGrowing, system_clock::time_point(milliseconds(5)));
  OrderIds late(OrderIdKind::kGrowing, system_clock::time_point(milliseconds(6)));
  std::uint64_t last = 0;
  for (int i = 0; i < 1'000'000; ++i) last = early.Next();
  EXPECT_LT(last, late.Next());
}

TEST(OrderIdsTest, RandomIdsAreNeverTheSameTwiceAndUseAllBits) {
  OrderIds ids(OrderIdKind::kRandom, system_clock::now());
  std::set<std::uint64_t> seen;
  std::uint64_t ones = 0;
  for (int i = 0; i < 10'000; ++i) {
    const std::uint64_t id = ids.Next();
    EXPECT_TRUE(seen.insert(id).second);
    ones |= id;
  }
  EXPECT_EQ(ones, ~std::uint64_t{0});
}

}  // namespace
}  // namespace inventory::bench
