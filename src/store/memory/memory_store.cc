#include "store/memory/memory_store.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "base/mutex.h"
#include "stock/rules.h"

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
  std::vector<StockChanged> changes;  // of the batch being applied
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
    std::vector<BookStock> result;
    {
      MutexLock lock(mutex_);
      for (const BookId book : books) {
        const Balance* balance = state_.FindBook(book);
        result.push_back({book, balance != nullptr, balance ? *balance : Balance{}});
      }
    }
    done(std::move(result));
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

  void ReadDue(int limit, Done<std::vector<OrderId>> done) override {
    std::vector<std::pair<TimeMs, OrderId>> due;
    {
      MutexLock lock(mutex_);
      const TimeMs now = clock_.Now();
      for (const auto& [order, reservation] : state_.reservations) {
        if (reservation.Passed(now)) due.emplace_back(reservation.deadline, order);
      }
    }
    std::sort(due.begin(), due.end());
    if (due.size() > static_cast<std::size_t>(limit)) due.resize(static_cast<std::size_t>(limit));
    std::vector<OrderId> orders;
    orders.reserve(due.size());
    for (const auto& [deadline, order] : due) orders.push_back(order);
    done(std::move(orders));
  }

  void Observe(StockObserver* observer) override {
    MutexLock lock(mutex_);
    observer_ = observer;
  }

  StoreStatus Status() override {
    MutexLock lock(mutex_);
    StoreStatus status;
    status.name = "memory";
    status.durability = "none: nothing survives the process";
    status.location = "memory";
    status.health = closed_ ? Closed() : absl::OkStatus();
    status.now = clock_.Now();
    status.figures = {
        {"books", static_cast<std::int64_t>(state_.books.size()), "", "books with stock"},
        {"order_lines", static_cast<std::int64_t>(state_.lines.size()), "", "order lines"}};
    return status;
  }

  void Backup(const std::string&, Done<BackupResult> done) override {
    done(absl::UnimplementedError("the memory store keeps nothing to back up"));
  }

  absl::Status Close() override {
    MutexLock lock(mutex_);
    closed_ = true;
    return absl::OkStatus();
  }

 private:
  static absl::Status Closed() {
    return absl::UnavailableError("the store is closed; nothing was done");
  }

  absl::StatusOr<std::vector<Reply>> ApplyNow(const std::vector<Command>& batch) {
    MutexLock lock(mutex_);
    if (closed_) return Closed();
    const TimeMs now = clock_.Now();
    std::vector<Reply> replies;
    replies.reserve(batch.size());
    for (const Command& command : batch) replies.push_back(Decide(command, now, state_));
    if (observer_ && !state_.changes.empty()) observer_->OnChanges(state_.changes);
    state_.changes.clear();
    return replies;
  }

  StockPage ListNow(const StockListQuery& query) {
    MutexLock lock(mutex_);
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

  OrderFacts OrderNow(OrderId order, bool want_movements) {
    MutexLock lock(mutex_);
    OrderFacts facts;
    if (const Reservation* reservation = state_.FindReservation(order)) {
      facts.reservation = *reservation;
      if (reservation->Passed(clock_.Now())) {
        facts.reservation->state = ReservationState::kExpired;
      }
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
    std::sort(facts.movements.begin(), facts.movements.end(),
              [](const Movement& a, const Movement& b) { return a.id < b.id; });
    if (facts.movements.size() > kMaxOrderMovements) facts.movements.resize(kMaxOrderMovements);
    return facts;
  }

  MovementPage MovementsNow(const MovementQuery& query) {
    MutexLock lock(mutex_);
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

  const Clock& clock_;
  Mutex mutex_;
  MemoryState state_ ABSL_GUARDED_BY(mutex_);
  StockObserver* observer_ ABSL_GUARDED_BY(mutex_) = nullptr;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace

std::unique_ptr<StockStore> MakeMemoryStore(const Clock& clock) {
  return std::make_unique<MemoryStore>(clock);
}

}  // namespace inventory
