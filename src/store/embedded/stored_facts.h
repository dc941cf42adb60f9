// Everything the store knew at one record, for an export.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "stock/facts.h"
#include "store/embedded/database.h"
#include "store/embedded/log_reader.h"

namespace rocksdb {
class Iterator;
}

namespace inventory {

// Made on the checkpointer's thread when a checkpoint has just been saved: the rows of lines,
// reservations and requests then stand at its record, and the iterators made here keep them so,
// whatever is saved later. (A snapshot would not: table files that are ingested without regard to
// snapshots may show in it.) They are in the export's order already. Rows of books may be newer;
// the log tells what they were, and is itself read book by book, 128 movements at a time, which is
// what stands between two rows of its index. Held memory does not grow with the store.
//
// Safe for concurrent use; a call reads from disk and may take milliseconds.
class StoredFacts {
 public:
  // `record` is the checkpoint's, `last_movement_id` that of the last movement up to it. Both
  // others outlive it or its Close.
  StoredFacts(Database& database, const LogReader& log, RecordNumber record,
              std::uint64_t last_movement_id);
  ~StoredFacts();

  // At least one fact and at most `limit`; none: that was all.
  absl::StatusOr<std::vector<Fact>> Next(std::size_t limit);

  // Lets go of the database, so that it can be closed. Later calls answer with UNAVAILABLE.
  void Close();

 private:
  using Rows = std::unique_ptr<rocksdb::Iterator>;
  enum class Kind { kMovements, kBalances, kLines, kReservations, kRequests, kEnd };

  // Each appends the next fact of a kind, or nothing where there are no more.
  absl::Status NextMovement(std::vector<Fact>& facts) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status NextBalance(std::vector<Fact>& facts) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status NextLine(std::vector<Fact>& facts) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status NextReservation(std::vector<Fact>& facts) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status NextRequest(std::vector<Fact>& facts) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status NextOf(Kind kind, std::vector<Fact>& facts) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The next book there was, from where the iterator is; none: there are no more.
  absl::StatusOr<std::optional<BalanceFact>> NextBook() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<std::optional<Balance>> BalanceThen(BookId book, const BookRow& row) const;
  absl::Status ReadBlock() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const LogReader& log_;
  const RecordNumber record_;
  const std::uint64_t last_movement_id_;

  Mutex mutex_;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  Rows books_ ABSL_GUARDED_BY(mutex_);
  Rows lines_ ABSL_GUARDED_BY(mutex_);
  Rows reservations_ ABSL_GUARDED_BY(mutex_);
  Rows requests_ ABSL_GUARDED_BY(mutex_);
  Kind kind_ ABSL_GUARDED_BY(mutex_) = Kind::kMovements;

  // The book whose log is being read, up to its balance's sequence; the block at hand.
  BalanceFact book_ ABSL_GUARDED_BY(mutex_);
  std::uint64_t next_sequence_ ABSL_GUARDED_BY(mutex_) = 1;
  std::vector<Movement> block_ ABSL_GUARDED_BY(mutex_);  // newest first
};

}  // namespace inventory
