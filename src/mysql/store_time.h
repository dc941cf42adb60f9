// The store's clock: the database server's, so that instances agree, made never to run backwards.
#pragma once

#include <algorithm>
#include <atomic>

#include "base/clock.h"

namespace inventory {

// Safe for concurrent use.
class StoreTime {
 public:
  // `instead`: what the time is in place of the server's, for tests; may be null. It outlives this.
  explicit StoreTime(const Clock* instead) : instead_(instead) {}

  // The server says it is `server_time`; the answer is what it counts as.
  TimeMs At(TimeMs server_time) { return NotBefore(instead_ ? instead_->Now() : server_time); }

  // The time is at least this from now on; the answer is what it is.
  TimeMs NotBefore(TimeMs time) {
    TimeMs newest = newest_.load(std::memory_order_relaxed);
    while (time > newest && !newest_.compare_exchange_weak(newest, time)) {
    }
    return std::max(time, newest);
  }

  // The newest time there has been; 0 before the first.
  TimeMs newest() const {
    return instead_ ? std::max(instead_->Now(), newest_.load()) : newest_.load();
  }

 private:
  const Clock* const instead_;
  std::atomic<TimeMs> newest_{0};
};

}  // namespace inventory
