#include "base/clock.h"

#include <algorithm>
#include <chrono>

namespace inventory {
namespace {

template <typename ChronoClock>
TimeMs Read() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             ChronoClock::now().time_since_epoch())
      .count();
}

}  // namespace

SteadyClock::SteadyClock(TimeMs not_before)
    : offset_(std::max(Read<std::chrono::system_clock>(), not_before) -
              Read<std::chrono::steady_clock>()) {}

TimeMs SteadyClock::Now() const { return offset_ + Read<std::chrono::steady_clock>(); }

}  // namespace inventory
