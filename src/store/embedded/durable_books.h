// The books as of the last durable batch: what readers outside the engine see.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "base/mutex.h"
#include "stock/stock_store.h"
#include "store/embedded/rows.h"

namespace inventory {

// Safe for concurrent use. A batch becomes visible as one, so no reader sees half an order.
class DurableBooks {
 public:
  // Publishes a durable batch: changes[i] was made by records[i].
  void Publish(const std::vector<StockChanged>& changes, const std::vector<RecordNumber>& records);
  // For recovery: a book as stored.
  void Restore(BookId book, const BookRow& row);

  std::optional<BookRow> Find(BookId book) const;
  // In the order asked, all of one moment.
  std::vector<BookStock> Read(const std::vector<BookId>& books) const;
  // Their rows as they are now, a bounded number under the lock at a time.
  std::vector<BookRow> Rows(const std::vector<BookId>& books) const;
  StockPage List(const StockListQuery& query);
  std::size_t size() const;

 private:
  mutable Mutex mutex_;
  absl::flat_hash_map<BookId, BookRow> books_ ABSL_GUARDED_BY(mutex_);
  std::vector<BookId> unsorted_ ABSL_GUARDED_BY(mutex_);  // new since sorted_ was made

  // Book ids in order, for listing. Locked before mutex_ where both are.
  Mutex sorted_mutex_;
  std::vector<BookId> sorted_ ABSL_GUARDED_BY(sorted_mutex_);
};

}  // namespace inventory
