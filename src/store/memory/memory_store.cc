#include "store/memory/memory_store.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "base/mutex.h"
#include "base/status_macros.h"
#include "stock/rules.h"
#include "stock/stock_import.h"

namespace inventory {
namespace {

struct Book {
  Balance balance;
  std::vector<Movement> movements;  // sequence 1 first
};

// The facts, in ordered maps where a reader wants them in order.
class MemoryState : public StockState {
 public:
  const Balance* FindBook(BookId book) override {
    const auto found = books.find(book);
    return found == books.end() ? nullptr : &found->second.balance;
  }
  const OrderLine* FindLine(LineKey key) override {
    const auto found = lines.find(key);
    return found == lines.end() ? nullptr : &found->second;
  }
  const Reservation* FindReservation(OrderId order) override {
    const auto found = reservations.find(order);
    return found == reservations.end() ? nullptr : &found->second;
  }
  const Reservation* FindOpenReservation(OrderId order) override {
    const Reservation* found = FindReservation(order);
    return found && found->state == ReservationState::kReserved ? found : nullptr;
  }
  const RequestContent* FindRequest(BookId book, std::string_view request_id) override {
    const auto found = requests.find({book, std::string(request_id)});
    return found == requests.end() ? nullptr : &found->second;
  }

  void Record(Movement movement) override {
    movement.id = next_movement_id++;
    Book& book = books[movement.book];
    book.balance = {movement.after, movement.locked_after, movement.sequence};
    changes.push_back({movement.book, movement.before, book.balance});
    last_time = std::max(last_time, movement.time);
    book.movements.push_back(std::move(movement));
  }
  void SetLine(LineKey key, const OrderLine& line) override { lines[key] = line; }
  void SetReservation(OrderId order, Reservation reservation) override {
    reservations[order] = std::move(reservation);
  }
  void SetRequest(BookId book, std::string_view request_id,
                  const RequestContent& content) override {
    requests[{book, std::string(request_id)}] = content;
  }

  std::map<BookId, Book> books;
  std::map<LineKey, OrderLine> lines;
  std::map<OrderId, Reservation> reservations;
  std::map<std::pair<BookId, std::string>, RequestContent> requests;
  bool empty() const { return books.empty() && lines.empty() && reservations.empty(); }

  std::vector<StockChanged> changes;  // of the batch being applied
  TimeMs last_time = 0;  // of a movement; one that was imported may be ahead of the clock
  std::uint64_t next_movement_id = 1;
};

class MemoryStore : public StockStore {
 public:
  explicit MemoryStore(const Clock& clock) : clock_(clock) {}

  void Apply(std::vector<Command> batch, Done<std::vector<Reply>> done) override {
    absl::StatusOr<std::vector<Reply>> replies = ApplyNow(batch);
    done(std::move(replies));
  }
  void ReadStock(std::vector<BookId> books, Done<std::vector<BookStock>> done) override {
    done(StockNow(books));
  }
  void ListStock(const StockListQuery& query, Done<StockPage> done) override {
    done(ListNow(query));
  }
  void ReadOrder(OrderId order, bool want_movements, Done<OrderFacts> done) override {
    done(OrderNow(order, want_movements));
  }
  void ReadMovements(const MovementQuery& query, Done<MovementPage> done) override {
    done(MovementsNow(query));
  }
  void ReadDue(int limit, Done<std::vector<OrderId>> done) override { done(DueNow(limit)); }

  void Observe(StockObserver* observer) override {
    MutexLock lock(mutex_);
    observer_ = observer;
  }

  StoreStatus Status() override;

  void Backup(const std::string&, Done<BackupResult> done) override {
    done(absl::UnimplementedError("the memory store keeps nothing to back up"));
  }

  void Adopt(bool, Done<AdoptedStock> done) override {
    done(absl::UnimplementedError(
        "the memory store has no tables of the earlier service: take them over with store: mysql"));
  }

  void Export(Done<std::unique_ptr<FactReader>> done) override;
  void Import(Done<std::unique_ptr<FactWriter>> done) override;

  absl::Status Close() override {
    MutexLock lock(mutex_);
    closed_ = true;
    return absl::OkStatus();
  }

 private:
  class Reader;
  class Writer;

  // OK: the store serves.
  absl::Status Refusal() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (closed_) return absl::UnavailableError("the store is closed; nothing was done");
    if (importing_) {
      return absl::UnavailableError(
          "an import is under way and nothing was done; wait for its end");
    }
    return absl::OkStatus();
  }
  TimeMs Now() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return std::max(clock_.Now(), state_.last_time);
  }

  absl::StatusOr<std::vector<Reply>> ApplyNow(const std::vector<Command>& batch);
  absl::StatusOr<std::vector<BookStock>> StockNow(const std::vector<BookId>& books);
  absl::StatusOr<StockPage> ListNow(const StockListQuery& query);
  absl::StatusOr<OrderFacts> OrderNow(OrderId order, bool want_movements);
  absl::StatusOr<MovementPage> MovementsNow(const MovementQuery& query);
  absl::StatusOr<std::vector<OrderId>> DueNow(int limit);

  absl::StatusOr<std::unique_ptr<FactReader>> ExportNow();
  absl::StatusOr<std::unique_ptr<FactWriter>> ImportNow();
  // Appends the book's movements from this sequence on, up to `last`, at most `limit` facts in all.
  absl::Status CopyMovements(BookId book, std::uint64_t from, std::uint64_t last, std::size_t limit,
                             std::vector<Fact>& facts);
  // Ends the import: with what it made, or, null, with nothing.
  absl::Status EndImport(MemoryState* imported);

  const Clock& clock_;
  Mutex mutex_;
  MemoryState state_ ABSL_GUARDED_BY(mutex_);
  StockObserver* observer_ ABSL_GUARDED_BY(mutex_) = nullptr;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  bool importing_ ABSL_GUARDED_BY(mutex_) = false;
};

// ---- commands and reads -------------------------------------------------------------------------

absl::StatusOr<std::vector<Reply>> MemoryStore::ApplyNow(const std::vector<Command>& batch) {
  MutexLock lock(mutex_);
  RETURN_IF_ERROR(Refusal());
  const TimeMs now = Now();
  std::vector<Reply> replies;
  replies.reserve(batch.size());
  for (const Command& command : batch) replies.push_back(Decide(command, now, state_));
  if (observer_ && !state_.changes.empty()) observer_->OnChanges(state_.changes);
  state_.changes.clear();
  return replies;
}

absl::StatusOr<std::vector<BookStock>> MemoryStore::StockNow(const std::vector<BookId>& books) {
  MutexLock lock(mutex_);
  RETURN_IF_ERROR(Refusal());
  std::vector<BookStock> result;
  for (const BookId book : books) {
    const Balance* balance = state_.FindBook(book);
    result.push_back({book, balance != nullptr, balance ? *balance : Balance{}});
  }
  return result;
}

absl::StatusOr<StockPage> MemoryStore::ListNow(const StockListQuery& query) {
  MutexLock lock(mutex_);
  RETURN_IF_ERROR(Refusal());
  StockPage page;
  auto next = state_.books.upper_bound(query.after);
  for (; next != state_.books.end(); ++next) {
    const Balance& balance = next->second.balance;
    if (query.below && balance.available >= *query.below) continue;
    if (page.books.size() == static_cast<std::size_t>(query.limit)) {
      page.next_after = page.books.back().book;
      break;
    }
    page.books.push_back({next->first, true, balance});
  }
  return page;
}

absl::StatusOr<OrderFacts> MemoryStore::OrderNow(OrderId order, bool want_movements) {
  MutexLock lock(mutex_);
  RETURN_IF_ERROR(Refusal());
  OrderFacts facts;
  if (const Reservation* reservation = state_.FindReservation(order)) {
    facts.reservation = *reservation;
    if (reservation->Passed(Now())) facts.reservation->state = ReservationState::kExpired;
  }
  for (auto line = state_.lines.lower_bound({order, 0});
       line != state_.lines.end() && line->first.order == order; ++line) {
    const auto book = state_.books.find(line->first.book);  // a tombstone's may be unknown
    if (want_movements && book != state_.books.end()) {
      for (const Movement& movement : book->second.movements) {
        if (movement.order == order) facts.movements.push_back(movement);
      }
    }
    if (line->second.state == LineState::kTombstone) continue;
    facts.lines.push_back({line->first.book, line->second});
    if (line->second.state == LineState::kReserved &&
        facts.reservation->state == ReservationState::kExpired) {
      OrderLine& expired = facts.lines.back().line;
      expired = {LineState::kExpired, expired.quantity, expired.quantity};
    }
  }
  SortOldestFirst(facts.reservation, facts.movements);
  if (facts.movements.size() > kMaxOrderMovements) facts.movements.resize(kMaxOrderMovements);
  return facts;
}

absl::StatusOr<MovementPage> MemoryStore::MovementsNow(const MovementQuery& query) {
  MutexLock lock(mutex_);
  RETURN_IF_ERROR(Refusal());
  MovementPage page;
  const auto found = state_.books.find(query.book);
  if (found == state_.books.end()) return page;
  page.book_known = true;
  const std::vector<Movement>& movements = found->second.movements;
  page.last_sequence = movements.size();
  std::uint64_t sequence = movements.size();
  if (query.below_sequence != 0) sequence = std::min(sequence, query.below_sequence - 1);
  std::uint64_t to_skip = query.skip;
  for (; sequence > 0; --sequence) {
    const Movement& movement = movements[sequence - 1];
    if (!MatchesFilter(movement, query)) continue;
    if (to_skip > 0) {
      --to_skip;
      continue;
    }
    if (page.movements.size() == static_cast<std::size_t>(query.limit)) {
      page.next_below = sequence + 1;
      break;
    }
    page.movements.push_back(movement);
  }
  return page;
}

absl::StatusOr<std::vector<OrderId>> MemoryStore::DueNow(int limit) {
  MutexLock lock(mutex_);
  RETURN_IF_ERROR(Refusal());
  std::vector<std::pair<TimeMs, OrderId>> due;
  for (const auto& [order, reservation] : state_.reservations) {
    if (reservation.Passed(Now())) due.emplace_back(reservation.deadline, order);
  }
  std::sort(due.begin(), due.end());
  if (due.size() > static_cast<std::size_t>(limit)) due.resize(static_cast<std::size_t>(limit));
  std::vector<OrderId> orders;
  orders.reserve(due.size());
  for (const auto& [deadline, order] : due) orders.push_back(order);
  return orders;
}

StoreStatus MemoryStore::Status() {
  MutexLock lock(mutex_);
  StoreStatus status;
  status.name = "memory";
  status.durability = "none: nothing survives the process";
  status.location = "memory";
  status.health = Refusal();
  status.now = Now();
  status.figures = {
      {"books", static_cast<std::int64_t>(state_.books.size()), "", "books with stock"},
      {"order_lines", static_cast<std::int64_t>(state_.lines.size()), "", "order lines"}};
  return status;
}

// ---- export -------------------------------------------------------------------------------------

// Movements are never changed, so they are read when they are asked for; the rest was copied.
class MemoryStore::Reader : public FactReader {
 public:
  // `rest` is what comes after the movements, balances first.
  Reader(MemoryStore& store, std::vector<Fact> rest) : store_(store), rest_(std::move(rest)) {}

  void Next(int limit, Done<std::vector<Fact>> done) override {
    done(NextNow(static_cast<std::size_t>(limit)));
  }

 private:
  absl::StatusOr<std::vector<Fact>> NextNow(std::size_t limit) {
    std::vector<Fact> facts;
    while (facts.size() < limit && book_ < rest_.size()) {
      const auto* balance = std::get_if<BalanceFact>(&rest_[book_]);
      if (!balance) break;
      const std::size_t before = facts.size();
      const std::uint64_t last = balance->balance.sequence;
      RETURN_IF_ERROR(store_.CopyMovements(balance->book, sequence_, last, limit, facts));
      sequence_ += facts.size() - before;
      if (sequence_ > last) {
        ++book_;
        sequence_ = 1;
      }
    }
    for (; facts.size() < limit && next_ < rest_.size(); ++next_) facts.push_back(rest_[next_]);
    return facts;
  }

  MemoryStore& store_;
  const std::vector<Fact> rest_;
  std::size_t book_ = 0;  // in rest_: whose movements are being read, and
  std::uint64_t sequence_ = 1;
  std::size_t next_ = 0;  // in rest_
};

absl::Status MemoryStore::CopyMovements(BookId book, std::uint64_t from, std::uint64_t last,
                                        std::size_t limit, std::vector<Fact>& facts) {
  MutexLock lock(mutex_);
  RETURN_IF_ERROR(Refusal());
  const std::vector<Movement>& movements = state_.books.at(book).movements;
  for (; from <= last && facts.size() < limit; ++from) {
    Movement movement = movements[from - 1];
    movement.id = 0;
    facts.push_back(std::move(movement));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<FactReader>> MemoryStore::ExportNow() {
  MutexLock lock(mutex_);
  RETURN_IF_ERROR(Refusal());
  std::vector<Fact> rest;
  for (const auto& [id, book] : state_.books) rest.push_back(BalanceFact{id, book.balance});
  for (const auto& [key, line] : state_.lines) rest.push_back(LineFact{key, line});
  for (const auto& [order, each] : state_.reservations) {
    rest.push_back(ReservationFact{order, each});
  }
  for (const auto& [key, content] : state_.requests) {
    rest.push_back(RequestFact{key.first, key.second, content});
  }
  return std::make_unique<Reader>(*this, std::move(rest));
}

void MemoryStore::Export(Done<std::unique_ptr<FactReader>> done) { done(ExportNow()); }

// ---- import -------------------------------------------------------------------------------------

// Fills a state of its own, which becomes the store's at the end.
class MemoryStore::Writer : public FactWriter {
 public:
  explicit Writer(MemoryStore& store) : store_(store) {}
  ~Writer() override { End(nullptr).IgnoreError(); }

  void Add(std::vector<Fact> facts, Done<FactCounts> done) override {
    absl::Status added = Usable();
    for (auto fact = facts.begin(); added.ok() && fact != facts.end(); ++fact) {
      added = import_.Add(std::move(*fact));
    }
    state_.changes.clear();
    Answer(std::move(added), std::move(done));
  }

  void Finish(Done<FactCounts> done) override {
    absl::Status finished = Usable();
    if (finished.ok()) finished = import_.Finish();
    if (finished.ok()) finished = End(&state_);
    Answer(std::move(finished), std::move(done));
  }

 private:
  absl::Status Usable() const {
    if (!over_) return absl::OkStatus();
    return absl::FailedPreconditionError("the import is over: begin again");
  }
  absl::Status End(MemoryState* imported) {
    if (std::exchange(over_, true)) return absl::OkStatus();
    return store_.EndImport(imported);
  }
  void Answer(absl::Status status, Done<FactCounts> done) {
    if (status.ok()) return done(import_.counts());
    End(nullptr).IgnoreError();
    done(std::move(status));
  }

  MemoryStore& store_;
  MemoryState state_;
  StockImport import_{state_};
  bool over_ = false;
};

absl::StatusOr<std::unique_ptr<FactWriter>> MemoryStore::ImportNow() {
  MutexLock lock(mutex_);
  RETURN_IF_ERROR(Refusal());
  if (!state_.empty()) {
    return absl::FailedPreconditionError(
        "the store is not empty and nothing was imported: an import needs a new store");
  }
  importing_ = true;
  return std::make_unique<Writer>(*this);
}

void MemoryStore::Import(Done<std::unique_ptr<FactWriter>> done) { done(ImportNow()); }

absl::Status MemoryStore::EndImport(MemoryState* imported) {
  MutexLock lock(mutex_);
  importing_ = false;
  if (!imported) return absl::OkStatus();
  RETURN_IF_ERROR(Refusal());
  state_ = std::move(*imported);
  for (const auto& [id, book] : state_.books) state_.changes.push_back({id, 0, book.balance});
  if (observer_ && !state_.changes.empty()) observer_->OnChanges(state_.changes);
  state_.changes.clear();
  return absl::OkStatus();
}

}  // namespace

std::unique_ptr<StockStore> MakeMemoryStore(const Clock& clock) {
  return std::make_unique<MemoryStore>(clock);
}

}  // namespace inventory
