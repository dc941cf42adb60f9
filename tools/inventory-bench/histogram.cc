#include "tools/inventory-bench/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace inventory::bench {
namespace {

// Values below 2^(kBits + 1) have a bucket each; each further octave has 2^kBits buckets.
constexpr int kBits = 7;

std::size_t BucketOf(std::uint64_t value) {
  const int shift = std::max(0, static_cast<int>(std::bit_width(value)) - (kBits + 1));
  return (std::size_t{static_cast<unsigned>(shift)} << kBits) + (value >> shift);
}

// The largest value of a bucket.
std::uint64_t EndOf(std::size_t bucket) {
  if (bucket < (std::size_t{2} << kBits)) return bucket;
  const int shift = static_cast<int>(bucket >> kBits) - 1;
  const std::uint64_t first = (bucket - (std::size_t{static_cast<unsigned>(shift)} << kBits))
                              << shift;
  return first + (std::uint64_t{1} << shift) - 1;
}

}  // namespace

Histogram::Histogram() : counts_(BucketOf(kLongest.count()) + 1) {}

void Histogram::Record(Duration value) {
  value = std::clamp(value, Duration::zero(), kLongest);
  ++counts_[BucketOf(value.count())];
  ++count_;
  max_ = std::max(max_, value);
}

Histogram::Duration Histogram::Percentile(double fraction) const {
  if (count_ == 0) return Duration::zero();
  const double wanted = std::ceil(std::clamp(fraction, 0.0, 1.0) * static_cast<double>(count_));
  const auto rank = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(wanted));
  std::uint64_t seen = 0;
  for (std::size_t bucket = 0; bucket < counts_.size(); ++bucket) {
    seen += counts_[bucket];
    if (seen >= rank) return std::min(max_, Duration(EndOf(bucket)));
  }
  return max_;
}

void Histogram::Clear() {
  std::fill(counts_.begin(), counts_.end(), 0);
  count_ = 0;
  max_ = Duration::zero();
}

}  // namespace inventory::bench
