// Order ids that no earlier run has used.
#pragma once

#include <chrono>
#include <cstdint>

namespace inventory::bench {

enum class OrderIdKind { kGrowing, kRandom };

// Growing ids are 2^20 for each millisecond since 1970 at the start, counting up, as a Snowflake or
// an auto-increment would; random ones are the same ids scrambled one to one, as a UUID would. Not
// safe for concurrent use.
class OrderIds {
 public:
  OrderIds(OrderIdKind kind, std::chrono::system_clock::time_point start)
      : kind_(kind),
        next_(static_cast<std::uint64_t>(
                  std::chrono::duration_cast<std::chrono::milliseconds>(start.time_since_epoch())
                      .count())
              << 20) {}

  std::uint64_t Next() {
    const std::uint64_t id = next_++;
    return kind_ == OrderIdKind::kGrowing ? id : Scramble(id);
  }

 private:
  // SplitMix64's last step: no two inputs give the same output, and only 0 gives 0.
  static std::uint64_t Scramble(std::uint64_t x) {
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    return x ^ (x >> 31);
  }

  OrderIdKind kind_;
  std::uint64_t next_;
};

}  // namespace inventory::bench
