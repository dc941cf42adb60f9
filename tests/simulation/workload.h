// Random commands that meet each other: few books, few orders at a time, many repeats.
#pragma once

#include <deque>
#include <random>
#include <string>

#include "stock/command.h"

namespace inventory {

// The same seed makes the same commands. One thread at a time.
class Workload {
 public:
  static constexpr BookId kBooks = 7;  // 1…7 are used; the last is kept close to the limit

  explicit Workload(std::uint64_t seed) : random_(seed) {}

  Command Next();

  // Uniform in 0…n-1.
  std::uint64_t Below(std::uint64_t n) { return random_() % n; }
  bool Chance(std::uint64_t percent) { return Below(100) < percent; }
  std::mt19937_64& random() { return random_; }

 private:
  Command Fresh();
  void ScriptAFullBook();
  BookId Book();
  OrderId Order();
  Quantity Amount();
  std::string RequestId();

  std::mt19937_64 random_;
  OrderId newest_order_ = 24;
  std::deque<Command> recent_;
  std::deque<Command> script_;
};

}  // namespace inventory
