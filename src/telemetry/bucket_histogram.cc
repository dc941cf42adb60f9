#include "telemetry/bucket_histogram.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

#include "telemetry/measured.h"

namespace inventory {
namespace {

constexpr std::int64_t kUs = 1'000;
constexpr std::int64_t kMs = 1'000 * kUs;
constexpr std::int64_t kDurations[] = {
    50 * kUs,  100 * kUs,   250 * kUs,   500 * kUs,   1 * kMs,     2'500 * kUs,
    5 * kMs,   10 * kMs,    25 * kMs,    50 * kMs,    100 * kMs,   250 * kMs,
    500 * kMs, 1'000 * kMs, 2'500 * kMs, 5'000 * kMs, 10'000 * kMs};
constexpr std::int64_t kSizes[] = {1,   2,   4,     8,     16,    32,    64,    128,
                                   256, 512, 1'024, 2'048, 4'096, 8'192, 16'384};
constexpr double kNsPerSecond = 1e9;

struct Bounds {
  const std::int64_t* first;
  std::size_t count;

  const std::int64_t* end() const { return first + count; }
};

Bounds BoundsOf(BucketHistogram::Kind kind) {
  if (kind == BucketHistogram::Kind::kDuration) return {kDurations, std::size(kDurations)};
  return {kSizes, std::size(kSizes)};
}

}  // namespace

std::int64_t MeasuredNow() {
  if (!kMeasured) return 0;
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
}

void BucketHistogram::Observe(std::int64_t value) {
  if (!kMeasured) return;
  static_assert(std::size(kDurations) < kMostBuckets && std::size(kSizes) < kMostBuckets);
  const Bounds bounds = BoundsOf(kind_);
  const auto bucket = std::lower_bound(bounds.first, bounds.end(), value) - bounds.first;
  counts_[static_cast<std::size_t>(bucket)].fetch_add(1, std::memory_order_relaxed);
  sum_.fetch_add(value, std::memory_order_relaxed);
}

std::uint64_t BucketHistogram::count() const {
  std::uint64_t count = 0;
  for (const auto& each : counts_) count += each.load(std::memory_order_relaxed);
  return count;
}

Distribution BucketHistogram::Snapshot(std::string name, std::string help) const {
  const Bounds bounds = BoundsOf(kind_);
  const double unit = kind_ == Kind::kDuration ? kNsPerSecond : 1;
  Distribution distribution;
  distribution.name = std::move(name);
  distribution.help = std::move(help);
  for (std::size_t i = 0; i <= bounds.count; ++i) {
    distribution.counts.push_back(counts_[i].load(std::memory_order_relaxed));
    if (i < bounds.count) {
      distribution.bounds.push_back(static_cast<double>(bounds.first[i]) / unit);
    }
  }
  distribution.sum = static_cast<double>(sum_.load(std::memory_order_relaxed)) / unit;
  return distribution;
}

}  // namespace inventory
