#include "store/embedded/engine_state.h"

#include <rocksdb/iterator.h>

#include <algorithm>
#include <map>
#include <utility>

#include "absl/numeric/bits.h"

namespace inventory {
namespace {

// A record is closed after this many movements, so that following a book's chain reads little.
constexpr std::size_t kMovementsPerRecord = 64;

// How much a restart may have to replay.
constexpr std::size_t kChangesPerCheckpoint = 1'000'000;

// How many lines, at most `lines`, fill a hash table just short of the 7/8 at which it doubles,
// with room for one more batch: half-empty tables would double what a line costs.
std::size_t FullTable(std::size_t lines) {
  const std::size_t capacity = absl::bit_floor(lines + lines / 7);
  return std::max<std::size_t>(capacity - capacity / 8 - capacity / 64, 1);
}

const ReservedLine* FindIn(const Reservation& reservation, BookId book) {
  const auto found = std::find_if(reservation.lines.begin(), reservation.lines.end(),
                                  [book](const ReservedLine& line) { return line.book == book; });
  return found == reservation.lines.end() ? nullptr : &*found;
}

}  // namespace

// ---- look-ups -----------------------------------------------------------------------------------

const Balance* EngineState::FindBook(BookId book) {
  const auto found = books_.find(book);
  return found == books_.end() ? nullptr : &found->second.balance;
}

const OrderLine* EngineState::FindLine(LineKey key) {
  const LineRow* row = FindLineRow(key);
  last_key_ = key;
  last_key_record_ = row ? row->record : 0;
  if (!row) return nullptr;
  found_line_ = row->line();
  return &found_line_;
}

const LineRow* EngineState::FindLineRow(LineKey key) {
  if (!open_.empty()) {
    const auto open = open_.find(key.order);
    if (open != open_.end() && open->second->record > imported_) {
      if (const ReservedLine* line = FindIn(open->second->reservation, key.book)) {
        line_from_index_ =
            LineRow::Make({LineState::kReserved, line->quantity, 0}, open->second->record);
        return &line_from_index_;
      }
    }
  }
  if (const LineRow* row = lines_.Find(key)) return row;
  if (key.order > evicted_max_line_order_) return nullptr;
  return ReadIndexRow(Family::kLines, LineRowKey(key), line_from_index_) ? &line_from_index_
                                                                         : nullptr;
}

const Reservation* EngineState::FindReservation(OrderId order) {
  const ReservationRow* row = FindReservationRow(order);
  return row ? &row->reservation : nullptr;
}

const ReservationRow* EngineState::FindReservationRow(OrderId order) {
  if (const auto open = open_.find(order); open != open_.end()) return open->second.get();
  if (const ReservationPointer* row = reservations_.Find(order)) return row->get();
  if (order > evicted_max_reservation_order_) return nullptr;
  return ReadIndexRow(Family::kReservations, OrderKey(order), reservation_from_index_)
             ? &reservation_from_index_
             : nullptr;
}

const Reservation* EngineState::FindOpenReservation(OrderId order) {
  if (open_.empty()) return nullptr;
  const auto open = open_.find(order);
  return open == open_.end() ? nullptr : &open->second->reservation;
}

const RequestContent* EngineState::FindRequest(BookId book, std::string_view request_id) {
  const std::string key = RequestKey(book, request_id);
  if (const RequestRow* row = requests_.Find(key)) return &row->content;
  if (!requests_evicted_) return nullptr;
  return ReadIndexRow(Family::kRequests, key, request_from_index_) ? &request_from_index_.content
                                                                   : nullptr;
}

template <typename Row>
bool EngineState::ReadIndexRow(Family family, std::string_view key, Row& row) {
  const absl::StatusOr<bool> found = database_->Get(family, key, index_value_);
  fault_.Update(found.status());
  if (!found.ok() || !*found) return false;
  if (Decode(index_value_, row)) return true;
  fault_.Update(absl::DataLossError(
      "a stored row is not readable: the folder is damaged, restore it from a backup"));
  return false;
}

// ---- results ------------------------------------------------------------------------------------

void EngineState::Record(Movement movement) {
  const RecordNumber line_previous = movement.order != 0 ? RecordOfLine(movement) : 0;
  BookRow& book = books_[movement.book];
  record_.AddMovement(movement, book.record, line_previous);
  TouchBook(movement.book, book, record_.number());
  if (KeepSparse(movement, record_.number())) batch_.sparse.push_back(sparse_.back());
  book.balance = {movement.after, movement.locked_after, movement.sequence};
  book.record = record_.number();
  ++unsaved_changes_;
  batch_.changes.push_back({movement.book, movement.before, book.balance});
  batch_.change_records.push_back(record_.number());
}

// The record with the line's movement before this one; 0: this is its first.
RecordNumber EngineState::RecordOfLine(const Movement& movement) {
  const LineKey key{movement.order, movement.book};
  if (key == last_key_) return last_key_record_;
  if (movement.type == ChangeType::kReserve) return 0;
  // What is left are steps of a whole reservation, whose lines were reserved in its record.
  const auto open = open_.find(movement.order);
  if (open == open_.end()) return 0;
  if (open->second->record > imported_) return open->second->record;
  const LineRow* row = FindLineRow(key);
  return row ? row->record : 0;
}

void EngineState::TouchBook(BookId book, const BookRow& before, RecordNumber record) {
  // Its first change since the last checkpoint began, and only that, puts it on the list.
  if (before.record <= checkpoint_record_ && record > checkpoint_record_) {
    changed_books_.push_back(book);
  }
}

bool EngineState::KeepSparse(const Movement& movement, RecordNumber record) {
  if (movement.sequence % kSparseEvery != 0) return false;
  sparse_.push_back({movement.book, movement.sequence, record, movement.time});
  return true;
}

void EngineState::SetLine(LineKey key, const OrderLine& line) {
  if (line.state == LineState::kTombstone) ++tombstones_;
  record_.AddLine(key, line);
  lines_.Put(key, LineRow::Make(line, record_.number()));
  last_key_ = {};
}

void EngineState::SetReservation(OrderId order, Reservation reservation) {
  record_.AddReservation(order, reservation);
  PutReservation(order, std::make_shared<const ReservationRow>(
                            ReservationRow{std::move(reservation), record_.number()}));
}

void EngineState::PutReservation(OrderId order, ReservationPointer row) {
  if (const auto open = open_.find(order); open != open_.end()) {
    deadlines_.erase({open->second->reservation.deadline, order});
    open_.erase(open);
  }
  if (row->reservation.state == ReservationState::kReserved) {
    deadlines_.emplace(row->reservation.deadline, order);
    open_[order] = row;
  }
  reservations_.Put(order, std::move(row));
  ++unsaved_changes_;
}

void EngineState::SetRequest(BookId book, std::string_view request_id,
                             const RequestContent& content) {
  record_.AddRequest(book, request_id, content);
  requests_.Put(RequestKey(book, request_id), RequestRow{content, record_.number()});
  ++unsaved_changes_;
}

// ---- batches ------------------------------------------------------------------------------------

void EngineState::BeginBatch(TimeMs now) {
  now_ = last_time_ = std::max(now, last_time_);
  record_.Begin(last_record_ + 1, now_, next_movement_id_);
}

void EngineState::EndCommand() {
  last_key_ = {};
  if (record_.movements() >= kMovementsPerRecord) {
    CloseRecord();
    record_.Begin(last_record_ + 1, now_, next_movement_id_);
  }
}

void EngineState::CloseRecord() {
  last_record_ = record_.number();
  next_movement_id_ += record_.movements();
  batch_.bytes.append(record_.bytes());
  batch_.records.push_back({record_.number(), record_.bytes().size()});
}

DecidedBatch EngineState::EndBatch() {
  if (!record_.empty()) CloseRecord();
  return std::exchange(batch_, {});
}

// ---- reads --------------------------------------------------------------------------------------

std::vector<FoundLine> EngineState::LinesOf(OrderId order) {
  std::map<BookId, LineRow> found;  // the newest of each book
  lines_.ForEachTable([&](const LineTable& table) {
    table.ForEachOfOrder(order, [&](BookId book, const LineRow& row) { found.emplace(book, row); });
  });
  if (order <= evicted_max_line_order_) {
    const std::string prefix = OrderKey(order);
    std::unique_ptr<rocksdb::Iterator> row(
        database_->db().NewIterator(rocksdb::ReadOptions(), database_->family(Family::kLines)));
    for (row->Seek(prefix); row->Valid() && row->key().starts_with(prefix); row->Next()) {
      LineKey key;
      LineRow line;
      if (!DecodeKey(View(row->key()), key) || !Decode(View(row->value()), line)) {
        fault_.Update(absl::DataLossError("a stored order line is not readable"));
        break;
      }
      found.emplace(key.book, line);
    }
    fault_.Update(ToStatus(row->status(), "reading an order"));
  }
  std::vector<FoundLine> lines;
  lines.reserve(found.size());
  for (const auto& [book, row] : found) lines.push_back({book, row});
  return lines;
}

std::vector<OrderId> EngineState::Due(TimeMs now, int limit) const {
  std::vector<OrderId> orders;
  for (const auto& [deadline, order] : deadlines_) {
    if (deadline > now || orders.size() == static_cast<std::size_t>(limit)) break;
    orders.push_back(order);
  }
  return orders;
}

// ---- checkpoints --------------------------------------------------------------------------------

bool EngineState::WantsCheckpoint(std::size_t line_limit) const {
  return unsaved_changes_ >= kChangesPerCheckpoint ||
         lines_.young_size() >= FullTable(line_limit / 4);
}

bool EngineState::MustWaitForCheckpoint(std::size_t line_limit) const {
  return lines_.unsaved_size() >= line_limit / 2;
}

CheckpointContent EngineState::BeginCheckpoint() {
  CheckpointContent content;
  content.record = checkpoint_record_ = last_record_;
  content.last_movement_id = next_movement_id_ - 1;
  content.lines = lines_.Freeze();
  content.reservations = reservations_.Freeze();
  content.requests = requests_.Freeze();
  content.books = std::exchange(changed_books_, {});
  content.sparse = std::exchange(sparse_, {});
  unsaved_changes_ = 0;
  return content;
}

std::vector<std::shared_ptr<const void>> EngineState::EndCheckpoint(std::size_t limit) {
  lines_.Saved();
  reservations_.Saved();
  requests_.Saved();
  std::vector<std::shared_ptr<const void>> evicted;
  while (std::shared_ptr<const LineTable> lines = lines_.Evict(limit)) {
    evicted_max_line_order_ = std::max(evicted_max_line_order_, lines->max_order());
    evicted.push_back(std::move(lines));
  }
  while (std::shared_ptr<const ReservationTable> ended = reservations_.Evict(limit)) {
    ended->ForEach([&](OrderId order, const ReservationPointer&) {
      evicted_max_reservation_order_ = std::max(evicted_max_reservation_order_, order);
    });
    evicted.push_back(std::move(ended));
  }
  while (std::shared_ptr<const RequestTable> requests = requests_.Evict(limit)) {
    requests_evicted_ = requests_evicted_ || requests->size() > 0;
    evicted.push_back(std::move(requests));
  }
  return evicted;
}

// ---- imports ------------------------------------------------------------------------------------

std::vector<DecidedBatch> EngineState::AllBooks(std::size_t limit) const {
  std::vector<BookId> books;
  books.reserve(books_.size());
  for (const auto& [book, row] : books_) books.push_back(book);
  std::sort(books.begin(), books.end());
  std::vector<DecidedBatch> batches;
  for (std::size_t i = 0; i < books.size(); ++i) {
    if (i % limit == 0) batches.emplace_back();
    const BookRow& row = Book(books[i]);
    batches.back().changes.push_back({books[i], 0, row.balance});
    batches.back().change_records.push_back(row.record);
  }
  return batches;
}

// ---- recovery -----------------------------------------------------------------------------------

void EngineState::RestoreBook(BookId book, const BookRow& row) {
  books_[book] = row;
  // A checkpoint that was cut short left a row newer than its number; TouchBook passes such a row
  // over, so it is put on the list here.
  if (row.record > checkpoint_record_) changed_books_.push_back(book);
}

void EngineState::RestoreOpenReservation(OrderId order, ReservationRow row) {
  deadlines_.emplace(row.reservation.deadline, order);
  open_[order] = std::make_shared<const ReservationRow>(std::move(row));
}

void EngineState::RestoreIndexBounds(OrderId max_line_order, OrderId max_reservation_order,
                                     bool has_requests) {
  evicted_max_line_order_ = max_line_order;
  evicted_max_reservation_order_ = max_reservation_order;
  requests_evicted_ = has_requests;
}

void EngineState::ReplayMovement(const JournaledMovement& journaled, RecordNumber record) {
  const Movement& movement = journaled.movement;
  BookRow& book = books_[movement.book];
  if (book.balance.sequence < movement.sequence) {
    TouchBook(movement.book, book, record);
    book = {{movement.after, movement.locked_after, movement.sequence}, record};
  }
  KeepSparse(movement, record);
  ++unsaved_changes_;
}

void EngineState::ReplayLine(LineKey key, const OrderLine& line, RecordNumber record) {
  lines_.Put(key, LineRow::Make(line, record));
}

void EngineState::ReplayReservation(OrderId order, const Reservation& reservation,
                                    RecordNumber record) {
  PutReservation(order,
                 std::make_shared<const ReservationRow>(ReservationRow{reservation, record}));
}

void EngineState::ReplayRequest(BookId book, std::string_view request_id,
                                const RequestContent& content, RecordNumber record) {
  requests_.Put(RequestKey(book, request_id), RequestRow{content, record});
  ++unsaved_changes_;
}

void EngineState::RestoreEnd(RecordNumber last_record, const RecordSummary& summary) {
  last_record_ = last_record;
  last_time_ = summary.time;
  next_movement_id_ = std::max<std::uint64_t>(summary.next_id, 1);
}

}  // namespace inventory
