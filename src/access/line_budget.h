// How many lines of one kind the log may get: what anybody can cause must not fill a disk.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace inventory {

// Not safe for concurrent use.
class LineBudget {
 public:
  using Time = std::chrono::steady_clock::time_point;

  explicit LineBudget(int lines_a_second) : lines_a_second_(lines_a_second) {}

  // Whether a line may be written now: how many were left out since the last one; nullopt: not.
  std::optional<std::uint64_t> Take(Time now) {
    if (!begun_ || now - *begun_ >= std::chrono::seconds(1)) {
      begun_ = now;
      written_ = 0;
    }
    if (written_ == lines_a_second_) {
      ++left_out_;
      return std::nullopt;
    }
    ++written_;
    const std::uint64_t left_out = left_out_;
    left_out_ = 0;
    return left_out;
  }

 private:
  const int lines_a_second_;
  std::optional<Time> begun_;  // the second that is counted
  int written_ = 0;            // in it
  std::uint64_t left_out_ = 0;
};

}  // namespace inventory
