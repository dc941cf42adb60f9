#include "telemetry/bucket_histogram.h"

#include <gmock/gmock.h>

#include <numeric>
#include <thread>
#include <vector>

namespace inventory {
namespace {

using testing::DoubleEq;
using testing::Each;
using testing::ElementsAre;

std::uint64_t Total(const Distribution& distribution) {
  return std::accumulate(distribution.counts.begin(), distribution.counts.end(), std::uint64_t{0});
}

TEST(BucketHistogramTest, ABoundBelongsToItsBucketAndWhatIsAboveAllToTheLast) {
  BucketHistogram sizes(BucketHistogram::Kind::kSize);
  for (const std::int64_t value : {0, 1, 2, 3, 4, 16'384, 16'385, 1'000'000}) sizes.Observe(value);

  const Distribution seen = sizes.Snapshot("batch_size", "commands of a batch");
  EXPECT_EQ(seen.name, "batch_size");
  EXPECT_EQ(seen.help, "commands of a batch");
  EXPECT_THAT(seen.bounds,
              ElementsAre(1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384));
  EXPECT_THAT(seen.counts, ElementsAre(2, 1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2));
  EXPECT_THAT(seen.sum, DoubleEq(0 + 1 + 2 + 3 + 4 + 16'384 + 16'385 + 1'000'000));
  EXPECT_EQ(sizes.count(), 8);
}

TEST(BucketHistogramTest, DurationsAreGivenInNanosecondsAndShownInSeconds) {
  BucketHistogram durations(BucketHistogram::Kind::kDuration);
  durations.Observe(1'000'000);       // 1 ms, a bound
  durations.Observe(1'000'001);       // just above
  durations.Observe(60'000'000'000);  // a minute

  const Distribution seen = durations.Snapshot("commit_seconds", "");
  EXPECT_THAT(seen.bounds, ElementsAre(0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01,
                                       0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10));
  EXPECT_THAT(seen.counts, ElementsAre(0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1));
  EXPECT_THAT(seen.sum, testing::DoubleNear(60.002, 1e-6));
}

TEST(BucketHistogramTest, CountsADurationFromABeginning) {
  BucketHistogram durations(BucketHistogram::Kind::kDuration);
  durations.ObserveSince(MeasuredNow() - 20'000'000'000);  // 20 s ago
  const Distribution seen = durations.Snapshot("", "");
  EXPECT_EQ(seen.counts.back(), 1);
  EXPECT_GE(seen.sum, 20);
}

TEST(BucketHistogramTest, NothingOfWhatManyThreadsObserveIsLost) {
  BucketHistogram sizes(BucketHistogram::Kind::kSize);
  constexpr int kThreads = 4;
  constexpr int kEach = 10'000;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&sizes] {
      for (int n = 0; n < kEach; ++n) sizes.Observe(3);
    });
  }
  for (std::thread& thread : threads) thread.join();
  const Distribution seen = sizes.Snapshot("", "");
  EXPECT_EQ(Total(seen), kThreads * kEach);
  EXPECT_EQ(seen.counts[2], kThreads * kEach);
  EXPECT_THAT(seen.sum, DoubleEq(3.0 * kThreads * kEach));
}

TEST(BucketHistogramTest, IsEmptyAtFirst) {
  const BucketHistogram sizes(BucketHistogram::Kind::kSize);
  EXPECT_EQ(sizes.count(), 0);
  EXPECT_THAT(sizes.Snapshot("", "").counts, Each(0));
}

}  // namespace
}  // namespace inventory
