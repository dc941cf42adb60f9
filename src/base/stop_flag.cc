#include "base/stop_flag.h"

namespace inventory {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

bool StopFlag::Pause(milliseconds time) {
  const steady_clock::time_point end = steady_clock::now() + time;
  MutexLock lock(mutex_);
  while (!stopping_) {
    const auto left = std::chrono::ceil<milliseconds>(end - steady_clock::now());
    if (left.count() <= 0) return true;
    changed_.WaitFor(mutex_, left);
  }
  return false;
}

}  // namespace inventory
