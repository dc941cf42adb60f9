// Which book the next order is for: all alike, or a few hot ones (Zipf).
#pragma once

#include <algorithm>
#include <cstdint>
#include <random>

#include "absl/random/zipf_distribution.h"

namespace inventory::bench {

enum class Popularity { kUniform, kZipf };

// Picks among the books first … first + count - 1; with Zipf the first is the hottest: book k is
// asked for (k + 1)^-1.1 times as often. The same seed picks the same books. Not safe for
// concurrent use.
class BookPicker {
 public:
  // REQUIRES: count > 0.
  BookPicker(std::uint64_t first, std::uint64_t count, Popularity popularity, std::uint64_t seed)
      : first_(first),
        count_(count),
        popularity_(popularity),
        random_(seed),
        uniform_(0, count - 1),
        zipf_(std::max<std::uint64_t>(1, count - 1), kZipfExponent) {}

  std::uint64_t Pick() {
    if (count_ == 1) return first_;
    return first_ + (popularity_ == Popularity::kUniform ? uniform_(random_) : zipf_(random_));
  }

 private:
  static constexpr double kZipfExponent = 1.1;

  std::uint64_t first_;
  std::uint64_t count_;
  Popularity popularity_;
  std::mt19937_64 random_;
  std::uniform_int_distribution<std::uint64_t> uniform_;
  absl::zipf_distribution<std::uint64_t> zipf_;
};

}  // namespace inventory::bench
