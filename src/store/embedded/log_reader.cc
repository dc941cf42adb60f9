#include "store/embedded/log_reader.h"

#include <rocksdb/iterator.h>

#include <algorithm>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace inventory {
namespace {

// A filtered page looks at no more than this many of the book's movements, or journal records.
constexpr int kMaxMovementsRead = 10'000;
constexpr int kMaxRecordsRead = 4'000;

class Collect : public RecordVisitor {
 public:
  void OnMovement(const JournaledMovement& movement) override { movements.push_back(movement); }
  std::vector<JournaledMovement> movements;
};

absl::Status ChainBroken(RecordNumber record) {
  return absl::DataLossError(absl::StrCat("journal record ", record,
                                          " lacks a movement that a later one points to; the "
                                          "folder is damaged: restore it from a backup"));
}

// A page being filled while a book's chain is walked from new to old.
class PageBuilder {
 public:
  PageBuilder(const MovementQuery& query, std::uint64_t from, MovementPage& page)
      : query_(query), from_(from), page_(page) {}

  // False: the page is done, next_below is set.
  bool Add(const Movement& movement) {
    if (movement.sequence > from_) return true;
    if (query_.since != 0 && movement.time < query_.since) return false;  // older ones too
    const bool full = page_.movements.size() == static_cast<std::size_t>(query_.limit);
    if (full || ++read_ > kMaxMovementsRead) {
      page_.next_below = movement.sequence + 1;
      return false;
    }
    if (MatchesFilter(movement, query_)) page_.movements.push_back(movement);
    return true;
  }

 private:
  const MovementQuery& query_;
  const std::uint64_t from_;
  int read_ = 0;
  MovementPage& page_;
};

}  // namespace

absl::StatusOr<std::vector<JournaledMovement>> LogReader::ReadRecord(RecordNumber record) const {
  std::string bytes;
  ASSIGN_OR_RETURN(const bool found, database_.Get(Family::kJournal, RecordKey(record), bytes));
  Collect collect;
  RecordSummary summary;
  if (!found || !VisitRecord(record, bytes, collect, summary)) {
    return absl::DataLossError(absl::StrCat("journal record ", record,
                                            found ? " is not readable" : " is missing",
                                            "; the folder is damaged: restore it from a backup"));
  }
  return std::move(collect.movements);
}

absl::StatusOr<MovementPage> LogReader::Page(const MovementQuery& query) const {
  MovementPage page;
  const std::optional<BookRow> book = books_.Find(query.book);
  if (!book) return page;
  page.book_known = true;
  page.last_sequence = book->balance.sequence;

  std::uint64_t from = page.last_sequence;
  if (query.below_sequence != 0) from = std::min(from, query.below_sequence - 1);
  from -= std::min(from, query.skip);
  if (query.until != 0) {
    ASSIGN_OR_RETURN(const std::uint64_t last,
                     LastSequenceBefore(query.book, query.until, page.last_sequence));
    from = std::min(from, last);
  }
  if (from == 0) return page;

  PageBuilder builder(query, from, page);
  ASSIGN_OR_RETURN(const std::optional<SparseRow> near, FindSparse(query.book, from));
  // Later than the page, perhaps: the chain leads there.
  RecordNumber record = near ? std::min(near->record, book->record) : book->record;
  for (int read = 0; record != 0; ++read) {
    ASSIGN_OR_RETURN(const std::vector<JournaledMovement> movements, ReadRecord(record));
    RecordNumber previous = record;
    std::uint64_t oldest = 0;
    for (auto journaled = movements.rbegin(); journaled != movements.rend(); ++journaled) {
      if (journaled->movement.book != query.book) continue;
      if (!builder.Add(journaled->movement)) return page;
      previous = journaled->book_previous;
      oldest = journaled->movement.sequence;
    }
    if (previous == record) return ChainBroken(record);
    record = previous;
    if (record != 0 && read == kMaxRecordsRead) {
      page.next_below = std::min(oldest, from + 1);
      return page;
    }
  }
  return page;
}

absl::StatusOr<std::optional<SparseRow>> LogReader::FindSparse(BookId book,
                                                               std::uint64_t sequence) const {
  std::unique_ptr<rocksdb::Iterator> row(
      database_.db().NewIterator(rocksdb::ReadOptions(), database_.family(Family::kSparse)));
  row->Seek(SparseKey(book, sequence));
  RETURN_IF_ERROR(ToStatus(row->status(), "reading the log's index"));
  SparseRow saved;
  if (row->Valid() && !DecodeSparse(View(row->key()), View(row->value()), saved)) {
    return absl::DataLossError("a row of the log's index is not readable");
  }
  if (row->Valid() && saved.book == book) return std::optional<SparseRow>(saved);
  return books_.FindSparse(book, sequence);
}

absl::StatusOr<std::uint64_t> LogReader::LastSequenceBefore(BookId book, TimeMs until,
                                                            std::uint64_t last) const {
  // The first indexed movement that is not before `until`: all that are, are below it.
  std::uint64_t low = 0;
  std::uint64_t high = last / kSparseEvery;
  while (low < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    ASSIGN_OR_RETURN(const std::optional<SparseRow> indexed,
                     FindSparse(book, (middle + 1) * kSparseEvery));
    if (!indexed || indexed->time >= until) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  const std::uint64_t bound = (low + 1) * kSparseEvery;
  ASSIGN_OR_RETURN(const std::optional<SparseRow> indexed, FindSparse(book, bound));
  return indexed ? std::min(last, bound) : last;
}

absl::StatusOr<std::vector<Movement>> LogReader::LineMovements(LineKey key,
                                                               RecordNumber last) const {
  std::vector<Movement> found;
  for (RecordNumber record = last; record != 0;) {
    ASSIGN_OR_RETURN(const std::vector<JournaledMovement> movements, ReadRecord(record));
    RecordNumber previous = record;
    for (auto journaled = movements.rbegin(); journaled != movements.rend(); ++journaled) {
      if (journaled->movement.order != key.order || journaled->movement.book != key.book) continue;
      found.push_back(journaled->movement);
      previous = journaled->line_previous;
    }
    if (previous == record) {
      return ChainBroken(record);
    }
    record = previous;
  }
  return found;
}

}  // namespace inventory
