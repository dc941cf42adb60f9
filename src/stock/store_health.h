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
  explicit StoreHealth(const absl::Status& first) { Set(first); }

  // OK: serving. Else why not and what to do. Every caller gets a status of its own: one that is
  // shared between threads is counted by code that the thread sanitizer does not see.
  absl::Status Get() const {
    MutexLock lock(mutex_);
    return absl::Status(code_, message_);
  }

  void Set(const absl::Status& status) {
    MutexLock lock(mutex_);
    code_ = status.code();
    message_ = std::string(status.message());
  }

 private:
  mutable Mutex mutex_;
  absl::StatusCode code_ ABSL_GUARDED_BY(mutex_) = absl::StatusCode::kOk;
  std::string message_ ABSL_GUARDED_BY(mutex_);
};

// What a caller is told of a fault after which nothing was done: RESOURCE_EXHAUSTED stays that, all
// else is UNAVAILABLE.
inline absl::Status NothingDone(const absl::Status& fault) {
  return absl::Status(
      absl::IsResourceExhausted(fault) ? fault.code() : absl::StatusCode::kUnavailable,
      absl::StrCat("nothing was done; retry after a pause: ", std::string(fault.message())));
}

}  // namespace inventory
