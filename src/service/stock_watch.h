// One watcher's view of changing stock.
#pragma once

#include <chrono>
#include <vector>

#include "stock/stock_store.h"

namespace inventory {

struct WatchQuery {
  std::vector<BookId> books;  // empty: all
  // Only books that are low, and the change by which a book stops being low.
  bool low_stock_only = false;
  std::chrono::milliseconds min_interval{0};  // between updates, once the snapshot is done
};

// First comes a snapshot, a page an update: the books that exist of those asked for. With its last
// page `snapshot_done` is true, once. Changes are conflated per book, and may come between the
// pages; of one book an older state never follows a newer one.
//
// Calls may come from any thread, one at a time.
class StockWatch {
 public:
  struct Change {
    BookStock stock;
    bool low = false;
  };
  struct Update {
    std::vector<Change> changes;  // the latest state of each book
    bool snapshot_done = false;
  };

  // Dropping the watch ends it: a waiting `done` is called with CANCELLED. It does not wait for a
  // `done` that is being called at that moment.
  virtual ~StockWatch() = default;

  // Calls `done` once with the next update, as soon as there is one and the minimum interval has
  // passed; one call at a time. RESOURCE_EXHAUSTED: this watcher was too slow and has been cut off;
  // UNAVAILABLE: the service is stopping, or the store could not be read. After an error the watch
  // is over.
  virtual void Next(Done<Update> done) = 0;
};

}  // namespace inventory
