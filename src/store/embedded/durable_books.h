// The books as of the last durable batch: what readers outside the engine see.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <utility>
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
  // Forgets all.
  void Clear();

  // The sparse index's durable rows that no checkpoint has saved yet: without them a page behind
  // the last checkpoint would be reached only by walking there.
  void AddSparse(const std::vector<SparseRow>& rows);
  // Rows up to this record are saved.
  void DropSparse(RecordNumber saved);
  // The first at or after this sequence of the book.
  std::optional<SparseRow> FindSparse(BookId book, std::uint64_t sequence) const;

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

  mutable Mutex sparse_mutex_;
  std::map<std::pair<BookId, std::uint64_t>, SparseRow> sparse_ ABSL_GUARDED_BY(sparse_mutex_);

  // Book ids in order, for listing. Locked before mutex_ where both are.
  Mutex sorted_mutex_;
  std::vector<BookId> sorted_ ABSL_GUARDED_BY(sorted_mutex_);
};

}  // namespace inventory
