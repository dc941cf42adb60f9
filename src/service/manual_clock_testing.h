// A clock that a test moves. For tests only.
#pragma once

#include <atomic>

#include "base/clock.h"

namespace inventory {

// Safe for concurrent use.
class ManualClock : public Clock {
 public:
  TimeMs Now() const override { return now_; }
  void Advance(TimeMs ms) { now_ += ms; }

 private:
  std::atomic<TimeMs> now_ = 1'000'000;
};

}  // namespace inventory
