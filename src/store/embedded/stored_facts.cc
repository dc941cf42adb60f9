#include "store/embedded/stored_facts.h"

#include <rocksdb/iterator.h>

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace inventory {
namespace {

constexpr char kDoing[] = "exporting";

absl::Status Damaged(const std::string& what) {
  return absl::DataLossError(
      absl::StrCat(what, "; the folder is damaged: restore it from a backup"));
}

std::unique_ptr<rocksdb::Iterator> RowsOf(Database& database, Family family) {
  rocksdb::ReadOptions options;
  options.readahead_size = 256 << 10;
  options.fill_cache = false;
  std::unique_ptr<rocksdb::Iterator> rows(
      database.db().NewIterator(options, database.family(family)));
  rows->SeekToFirst();
  return rows;
}

}  // namespace

StoredFacts::StoredFacts(Database& database, const LogReader& log, RecordNumber record,
                         std::uint64_t last_movement_id)
    : log_(log),
      record_(record),
      last_movement_id_(last_movement_id),
      books_(RowsOf(database, Family::kBooks)),
      lines_(RowsOf(database, Family::kLines)),
      reservations_(RowsOf(database, Family::kReservations)),
      requests_(RowsOf(database, Family::kRequests)) {}

StoredFacts::~StoredFacts() = default;

void StoredFacts::Close() {
  MutexLock lock(mutex_);
  closed_ = true;
  for (Rows* rows : {&books_, &lines_, &reservations_, &requests_}) rows->reset();
}

absl::StatusOr<std::vector<Fact>> StoredFacts::Next(std::size_t limit) {
  MutexLock lock(mutex_);
  if (closed_) return absl::UnavailableError("the store is closed");
  std::vector<Fact> facts;
  while (facts.size() < limit && kind_ != Kind::kEnd) {
    const std::size_t before = facts.size();
    RETURN_IF_ERROR(NextOf(kind_, facts));
    if (facts.size() > before) continue;
    kind_ = static_cast<Kind>(static_cast<int>(kind_) + 1);
    if (kind_ == Kind::kBalances) books_->SeekToFirst();
  }
  return facts;
}

absl::Status StoredFacts::NextOf(Kind kind, std::vector<Fact>& facts) {
  switch (kind) {
    case Kind::kMovements: return NextMovement(facts);
    case Kind::kBalances: return NextBalance(facts);
    case Kind::kLines: return NextLine(facts);
    case Kind::kReservations: return NextReservation(facts);
    case Kind::kRequests: return NextRequest(facts);
    case Kind::kEnd: break;
  }
  return absl::OkStatus();
}

// ---- books and their logs -----------------------------------------------------------------------

absl::StatusOr<std::optional<BalanceFact>> StoredFacts::NextBook() {
  for (; books_->Valid(); books_->Next()) {
    BookId book = 0;
    BookRow row;
    if (!DecodeKey(View(books_->key()), book) || !Decode(View(books_->value()), row)) {
      return Damaged("a book's row is not readable");
    }
    ASSIGN_OR_RETURN(const std::optional<Balance> balance, BalanceThen(book, row));
    if (!balance) continue;  // it was made later
    books_->Next();
    return std::optional(BalanceFact{book, *balance});
  }
  RETURN_IF_ERROR(ToStatus(books_->status(), kDoing));
  return std::optional<BalanceFact>();
}

absl::StatusOr<std::optional<Balance>> StoredFacts::BalanceThen(BookId book,
                                                                const BookRow& row) const {
  if (row.record <= record_) return std::optional(row.balance);
  MovementQuery query;
  query.book = book;
  query.below_sequence = row.balance.sequence + 1;
  query.limit = static_cast<int>(kSparseEvery);
  while (true) {
    ASSIGN_OR_RETURN(const MovementPage page, log_.Page(query));
    for (const Movement& movement : page.movements) {
      if (movement.id > last_movement_id_) continue;
      return std::optional(Balance{movement.after, movement.locked_after, movement.sequence});
    }
    if (page.next_below == 0) return std::optional<Balance>();
    query.below_sequence = page.next_below;
  }
}

// Reads what stands between next_sequence_ and the next row of the log's index.
absl::Status StoredFacts::ReadBlock() {
  const std::uint64_t end = ((next_sequence_ - 1) / kSparseEvery + 1) * kSparseEvery;
  MovementQuery query;
  query.book = book_.book;
  query.below_sequence = std::min(end, book_.balance.sequence) + 1;
  while (query.below_sequence > next_sequence_) {
    query.limit = static_cast<int>(query.below_sequence - next_sequence_);
    ASSIGN_OR_RETURN(MovementPage page, log_.Page(query));
    for (Movement& movement : page.movements) {
      if (movement.sequence != --query.below_sequence) {
        return Damaged(
            absl::StrCat("the log of book ", book_.book, " lacks movement ", query.below_sequence));
      }
      movement.id = 0;
      block_.push_back(std::move(movement));
    }
    if (page.movements.empty()) {
      return Damaged(
          absl::StrCat("the log of book ", book_.book, " ends before movement ", next_sequence_));
    }
  }
  return absl::OkStatus();
}

absl::Status StoredFacts::NextMovement(std::vector<Fact>& facts) {
  if (block_.empty()) {
    if (next_sequence_ > book_.balance.sequence) {
      ASSIGN_OR_RETURN(const std::optional<BalanceFact> book, NextBook());
      if (!book) return absl::OkStatus();
      book_ = *book;
      next_sequence_ = 1;
    }
    RETURN_IF_ERROR(ReadBlock());
  }
  ++next_sequence_;
  facts.emplace_back(std::move(block_.back()));
  block_.pop_back();
  return absl::OkStatus();
}

absl::Status StoredFacts::NextBalance(std::vector<Fact>& facts) {
  ASSIGN_OR_RETURN(const std::optional<BalanceFact> book, NextBook());
  if (book) facts.emplace_back(*book);
  return absl::OkStatus();
}

// ---- rows ---------------------------------------------------------------------------------------

absl::Status StoredFacts::NextLine(std::vector<Fact>& facts) {
  if (!lines_->Valid()) return ToStatus(lines_->status(), kDoing);
  LineFact fact;
  LineRow row;
  if (!DecodeKey(View(lines_->key()), fact.key) || !Decode(View(lines_->value()), row)) {
    return Damaged("a stored order line is not readable");
  }
  fact.line = row.line();
  facts.emplace_back(fact);
  lines_->Next();
  return absl::OkStatus();
}

absl::Status StoredFacts::NextReservation(std::vector<Fact>& facts) {
  if (!reservations_->Valid()) return ToStatus(reservations_->status(), kDoing);
  ReservationFact fact;
  ReservationRow row;
  if (!DecodeKey(View(reservations_->key()), fact.order) ||
      !Decode(View(reservations_->value()), row)) {
    return Damaged("a stored reservation is not readable");
  }
  fact.reservation = std::move(row.reservation);
  facts.emplace_back(std::move(fact));
  reservations_->Next();
  return absl::OkStatus();
}

absl::Status StoredFacts::NextRequest(std::vector<Fact>& facts) {
  if (!requests_->Valid()) return ToStatus(requests_->status(), kDoing);
  RequestFact fact;
  RequestRow row;
  std::string_view request_id;
  if (!DecodeRequestKey(View(requests_->key()), fact.book, request_id) ||
      !Decode(View(requests_->value()), row)) {
    return Damaged("a stored request id is not readable");
  }
  fact.request_id = request_id;
  fact.content = row.content;
  facts.emplace_back(std::move(fact));
  requests_->Next();
  return absl::OkStatus();
}

}  // namespace inventory
