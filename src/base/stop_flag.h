// Tells a thread to end.
#pragma once

#include <chrono>

#include "base/mutex.h"

namespace inventory {

// Set once; wakes those who pause. Safe for concurrent use.
class StopFlag {
 public:
  void Set() ABSL_LOCKS_EXCLUDED(mutex_) {
    MutexLock lock(mutex_);
    stopping_ = true;
    changed_.NotifyAll();
  }
  // Waits for `time`, or for Set. False: set.
  bool Pause(std::chrono::milliseconds time) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  Mutex mutex_;
  CondVar changed_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace inventory
