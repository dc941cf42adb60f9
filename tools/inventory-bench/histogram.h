// Latencies, counted in buckets whose width grows with the value: any value from 1 ns to an hour is
// kept to within 0.8 %, in 43 KB, and recording one costs a few nanoseconds.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

namespace inventory::bench {

// Not safe for concurrent use.
class Histogram {
 public:
  using Duration = std::chrono::nanoseconds;

  Histogram();

  // Negative durations count as 0, those past kLongest as kLongest.
  void Record(Duration value);

  std::uint64_t count() const { return count_; }
  Duration max() const { return max_; }  // exact

  // The smallest recorded duration that `fraction` (0…1) of the values do not exceed, rounded up to
  // its bucket's end. 0 where nothing was recorded.
  Duration Percentile(double fraction) const;

  void Clear();

  static constexpr Duration kLongest = std::chrono::hours(1);

 private:
  std::vector<std::uint64_t> counts_;
  std::uint64_t count_ = 0;
  Duration max_{0};
};

}  // namespace inventory::bench
