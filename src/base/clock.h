// The time a store runs on, injected so that a simulation can move it.
#pragma once

#include <cstdint>

namespace inventory {

// Milliseconds since 1970-01-01 UTC.
using TimeMs = std::int64_t;

// Safe for concurrent use.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimeMs Now() const = 0;
};

// The machine's clock, made steady: it reads the wall clock once, when it is made, and counts from
// there with the monotonic clock, so a step of the wall clock never reaches a running store.
class SteadyClock : public Clock {
 public:
  // `not_before` is the last time the store recorded: the clock starts there if the wall clock has
  // fallen behind it.
  explicit SteadyClock(TimeMs not_before = 0);
  TimeMs Now() const override;

 private:
  TimeMs offset_;  // what to add to the monotonic clock
};

}  // namespace inventory
