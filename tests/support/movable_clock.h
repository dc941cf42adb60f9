// A clock that a test moves by hand.
#pragma once

#include <atomic>

#include "base/clock.h"

namespace inventory {

// Safe for concurrent use. Starts at an arbitrary fixed time, so that logs read alike in every run.
class MovableClock : public Clock {
 public:
  static constexpr TimeMs kStart = 1'700'000'000'000;

  TimeMs Now() const override { return now_.load(); }
  void Advance(TimeMs by) { now_.fetch_add(by); }

 private:
  std::atomic<TimeMs> now_{kStart};
};

// A clock for a store that wants to own one. `clock` outlives it.
class BorrowedClock : public Clock {
 public:
  explicit BorrowedClock(const Clock& clock) : clock_(clock) {}
  TimeMs Now() const override { return clock_.Now(); }

 private:
  const Clock& clock_;
};

}  // namespace inventory
