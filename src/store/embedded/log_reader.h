// Reading the journal as a log: a book's movements newest first, and a line's.
#pragma once

#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "stock/stock_store.h"
#include "store/embedded/database.h"
#include "store/embedded/durable_books.h"
#include "store/embedded/journal_record.h"

namespace inventory {

// Sees what is durable. Safe for concurrent use; a call reads from disk and may take milliseconds.
class LogReader {
 public:
  // Both outlive the reader.
  LogReader(Database& database, const DurableBooks& books) : database_(database), books_(books) {}

  // A page of a book's log. With a filter it looks at a bounded number of movements; a query by
  // order is answered by LineMovements instead.
  absl::StatusOr<MovementPage> Page(const MovementQuery& query) const;

  // All movements of a line, newest first, by its chain; `last` is the record that changed it last.
  absl::StatusOr<std::vector<Movement>> LineMovements(LineKey key, RecordNumber last) const;

 private:
  absl::StatusOr<std::vector<JournaledMovement>> ReadRecord(RecordNumber record) const;
  // The first row of the sparse index at or after this sequence of the book, if there is one.
  absl::StatusOr<std::optional<SparseRow>> FindSparse(BookId book, std::uint64_t sequence) const;
  // A sequence of the book that every movement before `until` is at or below.
  absl::StatusOr<std::uint64_t> LastSequenceBefore(BookId book, TimeMs until,
                                                   std::uint64_t last) const;

  Database& database_;
  const DurableBooks& books_;
};

}  // namespace inventory
