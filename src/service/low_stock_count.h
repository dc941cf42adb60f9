// How many books have little left, for status pages and metrics.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>

#include "base/mutex.h"
#include "stock/stock_store.h"

namespace inventory {

// Counts when asked, page by page, and not again for a while: nobody who does not look at it pays,
// and who looks often does not either. Sales have no part in it, and books that another instance
// sells count too.
//
// Safe for concurrent use; nothing blocks.
class LowStockCount : public std::enable_shared_from_this<LowStockCount> {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::seconds kInterval{30};
  static constexpr int kPage = 1'000;
  static constexpr std::uint64_t kMost = 100'000;  // counted no further

  // Below `threshold` is low; 0: nothing ever is. The store outlives it, or refuses first.
  LowStockCount(StockStore& store, Quantity threshold) : store_(store), threshold_(threshold) {}

  // As last counted; nullopt: not yet. Begins to count where that is older than kInterval.
  std::optional<std::uint64_t> Get(Time now) ABSL_LOCKS_EXCLUDED(mutex_);

  // Asks the store no more.
  void Stop() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  void CountFrom(BookId after, std::uint64_t so_far);
  void OnPage(const absl::StatusOr<StockPage>& page, std::uint64_t so_far)
      ABSL_LOCKS_EXCLUDED(mutex_);

  StockStore& store_;
  const Quantity threshold_;

  Mutex mutex_;
  std::optional<std::uint64_t> counted_ ABSL_GUARDED_BY(mutex_);
  std::optional<Time> begun_ ABSL_GUARDED_BY(mutex_);
  bool counting_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace inventory
