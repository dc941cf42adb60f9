// Durations and sizes, counted in buckets while the service works at full speed.
//
// prometheus-cpp's histogram takes a lock for every value; here a value costs two additions to
// counters that nobody waits for, and a scrape makes the text of them.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>

#include "telemetry/figure.h"

namespace inventory {

// The steady clock in nanoseconds, as durations are measured by.
std::int64_t MeasuredNow();

// Safe for concurrent use; nothing blocks. A snapshot that is taken meanwhile may lack the sum of
// a value that it counts, or have it before.
class BucketHistogram {
 public:
  enum class Kind {
    kDuration,  // nanoseconds, shown in seconds: buckets from 50 us to 10 s
    kSize,      // whole numbers: buckets of powers of two up to 16,384
  };

  explicit BucketHistogram(Kind kind = Kind::kDuration) : kind_(kind) {}

  // At least 0.
  void Observe(std::int64_t value);
  // kDuration: from a MeasuredNow() until now.
  void ObserveSince(std::int64_t began) { Observe(MeasuredNow() - began); }

  std::uint64_t count() const;
  Distribution Snapshot(std::string name, std::string help) const;

 private:
  static constexpr std::size_t kMostBuckets = 18;

  const Kind kind_;
  std::array<std::atomic<std::uint64_t>, kMostBuckets> counts_{};
  std::atomic<std::int64_t> sum_{0};
};

}  // namespace inventory
