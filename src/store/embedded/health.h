// Whether the store may go on.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "base/mutex.h"

namespace inventory {

// A failed or uncertain write or read stops the store for good; the first reason stays. Safe for
// concurrent use.
class Health {
 public:
  // OK, or why the store has stopped.
  absl::Status Get() const {
    MutexLock lock(mutex_);
    return reason_;
  }

  void Stop(const absl::Status& reason) {
    MutexLock lock(mutex_);
    reason_.Update(reason);
  }

  // For a command that came after the stop.
  absl::Status Refusal() const {
    const absl::Status reason = Get();
    if (reason.ok()) return reason;
    return absl::UnavailableError("the store has stopped, nothing was done: " +
                                  std::string(reason.message()));
  }

 private:
  mutable Mutex mutex_;
  absl::Status reason_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace inventory
