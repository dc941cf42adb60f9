#include "service/low_stock_count.h"

#include <utility>

namespace inventory {

std::optional<std::uint64_t> LowStockCount::Get(Time now) {
  if (threshold_ <= 0) return 0;
  std::optional<std::uint64_t> counted;
  {
    MutexLock lock(mutex_);
    const bool is_fresh = begun_ && now - *begun_ < kInterval;
    if (is_fresh || counting_ || stopped_) return counted_;
    counting_ = true;
    begun_ = now;
    counted = counted_;
  }
  CountFrom(0, 0);
  return counted;
}

void LowStockCount::Stop() {
  MutexLock lock(mutex_);
  stopped_ = true;
}

void LowStockCount::CountFrom(BookId after, std::uint64_t so_far) {
  StockListQuery query;
  query.after = after;
  query.limit = kPage;
  query.below = threshold_;
  store_.ListStock(query,
                   [self = shared_from_this(), so_far](const absl::StatusOr<StockPage>& page) {
                     self->OnPage(page, so_far);
                   });
}

void LowStockCount::OnPage(const absl::StatusOr<StockPage>& page, std::uint64_t so_far) {
  if (page.ok()) so_far += page->books.size();
  {
    MutexLock lock(mutex_);
    const bool is_last = !page.ok() || page->next_after == 0 || so_far >= kMost;
    if (is_last || stopped_) {
      counting_ = false;
      if (page.ok() && is_last) counted_ = so_far;
      return;
    }
  }
  CountFrom(page->next_after, so_far);
}

}  // namespace inventory
