// Tells the observer of changes, this instance's and others'.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "base/mutex.h"
#include "stock/stock_store.h"

namespace inventory {

// Of one book an older state never follows a newer one, whoever brings it: what this instance
// committed, and what was found to have been committed elsewhere. Safe for concurrent use.
class ChangeFeed {
 public:
  void Observe(StockObserver* observer) ABSL_LOCKS_EXCLUDED(mutex_);

  // Movements this instance has committed, in the order of each book's log.
  void Publish(const std::vector<StockChanged>& changes) ABSL_LOCKS_EXCLUDED(mutex_);

  // States read from the database. Those not told yet are: as one change from the state told last;
  // where there is none, as one that changed nothing, since what it was before is not known.
  void PublishFound(const std::vector<BookStock>& found) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct Told {
    std::uint64_t sequence = 0;
    Quantity available = 0;
  };

  Mutex mutex_;
  StockObserver* observer_ ABSL_GUARDED_BY(mutex_) = nullptr;
  absl::flat_hash_map<BookId, Told> told_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace inventory
