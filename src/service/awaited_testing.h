// Waits for what a Done brings. For tests only.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "stock/stock_store.h"

namespace inventory {

// A value that another thread brings, once. Copies stand for the same value. A test that waits for
// one that never comes is ended by the test runner's time limit.
template <typename T>
class Awaited {
 public:
  Done<T> Setter() {
    return [slot = slot_](absl::StatusOr<T> value) {
      MutexLock lock(slot->mutex);
      slot->value = std::move(value);
      slot->set.NotifyAll();
    };
  }
  bool ready() const {
    MutexLock lock(slot_->mutex);
    return slot_->value.has_value();
  }
  absl::StatusOr<T> Get() const {
    MutexLock lock(slot_->mutex);
    while (!slot_->value) slot_->set.Wait(slot_->mutex);
    return *slot_->value;
  }

 private:
  struct Slot {
    Mutex mutex;
    CondVar set;
    std::optional<absl::StatusOr<T>> value ABSL_GUARDED_BY(mutex);
  };
  std::shared_ptr<Slot> slot_ = std::make_shared<Slot>();
};

// Whether the condition comes true; it is given half a minute.
template <typename Condition>
bool Eventually(Condition condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

}  // namespace inventory
