// Whether the database serves, as last seen.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/mutex.h"

namespace inventory {

// Unlike a disk, a database comes back: the newest finding counts. Safe for concurrent use.
class StoreHealth {
 public:
  explicit StoreHealth(absl::Status first) : status_(std::move(first)) {}

  // OK: serving. Else why not and what to do.
  absl::Status Get() const {
    MutexLock lock(mutex_);
    return status_;
  }

  void Set(absl::Status status) {
    MutexLock lock(mutex_);
    status_ = std::move(status);
  }

 private:
  mutable Mutex mutex_;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
};

// What a caller is told of a fault after which nothing was done.
inline absl::Status NothingDone(const absl::Status& fault) {
  return absl::UnavailableError(
      absl::StrCat("nothing was done; retry after a pause: ", std::string(fault.message())));
}

}  // namespace inventory
