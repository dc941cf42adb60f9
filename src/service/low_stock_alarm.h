// Warns each time a book's available stock falls below the threshold.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/mutex.h"
#include "stock/stock_store.h"

namespace inventory {

// Every fall is counted; of those in one second the first few are logged and the others as a
// number, so that a flash sale does not drown the log. Logging may wait for a disk or a terminal,
// and a sale must not: Check only takes notes, and another thread writes them.
//
// Safe for concurrent use; Write by one thread at a time.
class LowStockAlarm {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::size_t kLines = 10;
  static constexpr std::chrono::seconds kPeriod{1};

  // 0: nothing is ever low.
  explicit LowStockAlarm(Quantity threshold) : threshold_(threshold) {}

  Quantity threshold() const { return threshold_; }
  bool IsLow(Quantity available) const { return available < threshold_; }

  // True: there is something to write that was not there before.
  bool Check(const std::vector<StockChanged>& changes);

  // Logs what is due at `now` and returns when to come again; Time::max(): after the next Check
  // that says so.
  Time Write(Time now);

  std::uint64_t warnings() const { return warnings_.load(std::memory_order_relaxed); }

 private:
  struct Fall {
    BookId book;
    Quantity available;
  };

  const Quantity threshold_;
  std::atomic<std::uint64_t> warnings_ = 0;
  Time next_write_ = Time::min();  // the writer's own

  Mutex mutex_;
  std::vector<Fall> falls_ ABSL_GUARDED_BY(mutex_);  // at most kLines
  std::uint64_t left_out_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace inventory
