#include "tests/simulation/world.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <sstream>
#include <thread>
#include <utility>

#include "base/mutex.h"
#include "base/status_macros.h"
#include "tests/support/invariants.h"
#include "tests/support/print.h"

namespace inventory {
namespace {

// What the store did wrong; every other status is a fault the store reported.
template <typename... Parts>
absl::Status Wrong(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return absl::AbortedError(out.str());
}

// The store refused, and says that asking again is safe.
bool NothingWasDone(const absl::Status& status) {
  return absl::IsUnavailable(status) &&
         status.message().find("nothing was done") != std::string_view::npos;
}

// 0: it names none.
OrderId OrderOf(const Command& command) {
  return std::visit(
      [](const auto& verb) -> OrderId {
        if constexpr (requires { verb.order; }) return verb.order;
        return 0;
      },
      command.verb);
}

bool IsExpiry(const std::pair<Command, TimeMs>& unanswered) {
  return std::holds_alternative<Expire>(unanswered.first.verb);
}

// The ids are the store's own.
std::string Text(const std::vector<Movement>& movements) {
  std::string text;
  for (const Movement& movement : movements) text += Text(movement) + "\n";
  return text;
}

}  // namespace

void Experience::Add(const Experience& other) {
  for (const auto& [row, times] : other.rows) rows[row] += times;
  commands += other.commands;
  batches += other.batches;
  reads += other.reads;
  crashes += other.crashes;
  crashes_while_opening += other.crashes_while_opening;
  reopened += other.reopened;
  disturbed += other.disturbed;
  asked_again += other.asked_again;
  moved += other.moved;
  unanswered_kept += other.unanswered_kept;
  unanswered_lost += other.unanswered_lost;
}

// What the store told its observer, by book.
class World::Listener : public StockObserver {
 public:
  void OnChanges(const std::vector<StockChanged>& changes) override {
    MutexLock lock(mutex_);
    for (const StockChanged& change : changes) heard_[change.book].push_back(change);
  }
  std::map<BookId, std::vector<StockChanged>> Take() {
    MutexLock lock(mutex_);
    return std::exchange(heard_, {});
  }

 private:
  Mutex mutex_;
  std::map<BookId, std::vector<StockChanged>> heard_ ABSL_GUARDED_BY(mutex_);
};

World::World(Machine machine, std::uint64_t seed)
    : machine_(std::move(machine)), workload_(seed), listener_(std::make_unique<Listener>()) {}

World::~World() {
  // No callback may come after the listener is gone.
  for (const auto& store : stores_) store->Close().IgnoreError();
}

Experience World::experience() const {
  Experience experience = experience_;
  experience.rows = auditor_.RowsTaken();
  return experience;
}

absl::Status World::Run(std::uint64_t commands) {
  RETURN_IF_ERROR(Open());
  while (experience_.commands < commands) RETURN_IF_ERROR(Survive(Step()));
  if (machine_.disk) machine_.disk->CrashAtChange(0);
  RETURN_IF_ERROR(Survive(Drain()));
  if (machine_.disturb) RETURN_IF_ERROR(AwaitServing());
  RETURN_IF_ERROR(CheckReads());
  return CheckHistory();
}

// A fault is all right where the machine has crashed.
absl::Status World::Survive(const absl::Status& status) {
  if (status.ok() || absl::IsAborted(status)) return status;
  if (machine_.disk && machine_.disk->crashed()) return Recover();
  if (machine_.disturb && NothingWasDone(status)) return AwaitServing();
  return status;
}

absl::Status World::Disturb() {
  ++experience_.disturbed;
  std::minstd_rand dice(static_cast<unsigned>(workload_.Below(1 << 30)));
  return machine_.disturb(dice);
}

// What was broken works again, and the stores must find that out by themselves.
absl::Status World::AwaitServing() {
  const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  for (const auto& store : stores_) {
    while (!store->Status().health.ok()) {
      if (std::chrono::steady_clock::now() > end) {
        return Wrong("a minute after a fault the store still says ",
                     store->Status().health.ToString());
      }
      std::this_thread::yield();
    }
  }
  return absl::OkStatus();
}

absl::Status World::Step() {
  const std::uint64_t dice = workload_.Below(1'000);
  if (machine_.disk && dice < 4) machine_.disk->CrashAtChange(1 + workload_.Below(60));
  if (machine_.disk && dice == 4) return CloseAndReopen();
  if (machine_.disturb && dice < 3) return Disturb();
  if (stores_.size() > 1 && dice < 30) {
    RETURN_IF_ERROR(Drain());
    in_use_ = (in_use_ + 1) % stores_.size();
    return absl::OkStatus();
  }
  if (dice == 5 && machine_.imports) return MoveOut();
  if (dice < 40) {
    RETURN_IF_ERROR(Drain());
    return CheckReads();
  }
  if (dice < 120) return CheckReadInFlight();
  // Time stands still while batches are in flight, so that each is known to be decided now.
  if (dice < 320) {
    RETURN_IF_ERROR(Drain());
    clock_.Advance(1 + static_cast<TimeMs>(workload_.Below(600)));
    return absl::OkStatus();
  }
  if (flights_.size() >= machine_.in_flight) return Land();
  std::vector<Command> batch;
  const std::uint64_t size = workload_.Chance(50) ? 1 : 1 + workload_.Below(30);
  for (std::uint64_t i = 0; i < size; ++i) batch.push_back(workload_.Next());
  Issue(std::move(batch));
  return absl::OkStatus();
}

// ---- batches ------------------------------------------------------------------------------------

void World::Issue(std::vector<Command> batch) {
  experience_.commands += batch.size();
  experience_.batches += 1;
  flights_.push_back({std::move(batch), clock_.Now(), {}});
  store().Apply(flights_.back().batch, flights_.back().answer.callback());
}

absl::Status World::Land() {
  const absl::StatusOr<std::vector<Reply>> replies = flights_.front().answer.Wait();
  if (machine_.disturb && NothingWasDone(replies.status())) {
    RETURN_IF_ERROR(AwaitServing());
    ++experience_.asked_again;
    std::vector<Command> batch = std::move(flights_.front().batch);
    experience_.commands -= batch.size();
    flights_.pop_front();
    Issue(std::move(batch));
    return absl::OkStatus();
  }
  if (!replies.ok()) return replies.status();
  const Flight flight = std::move(flights_.front());
  flights_.pop_front();
  return CheckReplies(flight, *replies);
}

absl::Status World::Drain() {
  while (!flights_.empty()) RETURN_IF_ERROR(Land());
  return absl::OkStatus();
}

absl::Status World::CheckReplies(const Flight& flight, const std::vector<Reply>& replies) {
  if (replies.size() != flight.batch.size()) return Wrong("not one reply a command");
  // Of a command that alone was refused, an expiry that was due may have been carried out; one
  // whose outcome is unknown may have been.
  std::vector<std::pair<Command, TimeMs>> unanswered;
  for (std::size_t i = 0; i < replies.size(); ++i) {
    const Command& command = flight.batch[i];
    if (replies[i].fault.ok()) {
      RETURN_IF_ERROR(CheckReply(flight, i, replies, unanswered));
    } else if (!machine_.disturb) {
      return Wrong(Text(command), " has no answer: ", replies[i].fault.ToString());
    } else if (!NothingWasDone(replies[i].fault)) {
      unanswered.emplace_back(command, flight.time);
    } else if (OrderOf(command) != 0) {
      unanswered.emplace_back(Command{Expire{OrderOf(command)}, nullptr}, flight.time);
    }
  }
  if (unanswered.empty()) return absl::OkStatus();
  RETURN_IF_ERROR(AwaitServing());
  return Settle(unanswered);
}

// Expiries among the unanswered come to light, too, where a later command of the batch finds the
// units that they gave back.
absl::Status World::CheckReply(const Flight& flight, std::size_t at,
                               const std::vector<Reply>& replies,
                               std::vector<std::pair<Command, TimeMs>>& unanswered) {
  const Auditor before = unanswered.empty() ? Auditor() : auditor_;
  const Reply expected = auditor_.Decide(flight.batch[at], flight.time);
  if (replies[at] == expected) return absl::OkStatus();
  Auditor ahead = before;
  for (std::size_t i = 0; i < unanswered.size(); ++i) {
    if (!IsExpiry(unanswered[i])) continue;
    ahead.Decide(unanswered[i].first, unanswered[i].second);
    Auditor then = ahead;
    if (then.Decide(flight.batch[at], flight.time) != replies[at]) continue;
    auditor_ = std::move(then);
    const auto end = unanswered.begin() + static_cast<std::ptrdiff_t>(i) + 1;
    unanswered.erase(std::remove_if(unanswered.begin(), end, IsExpiry), end);
    return absl::OkStatus();
  }
  std::string batch;
  for (std::size_t i = 0; i < replies.size(); ++i) {
    batch += "\n  " + Text(flight.batch[i]) + ": " +
             (replies[i].fault.ok() ? Text(replies[i]) : replies[i].fault.ToString());
  }
  return Wrong(Text(flight.batch[at]), " at ", flight.time, "\n  expected ", Text(expected),
               "\n  answered ", Text(replies[at]), "\nin the batch", batch);
}

// ---- reads --------------------------------------------------------------------------------------

// A read beside batches in flight shows the state after some of them, and of all that were answered
// before it was asked.
absl::Status World::CheckReadInFlight() {
  std::size_t answered = 0;
  while (answered < flights_.size() && flights_[answered].answer.ready()) ++answered;
  std::vector<BookId> books;
  for (BookId book = 1; book <= Workload::kBooks; ++book) books.push_back(book);
  ASSIGN_OR_RETURN(const std::vector<BookStock> stock, ReadStock(store(), books));
  // A batch that was refused will be asked again, after those that came behind it.
  for (Flight& flight : flights_) {
    const auto has_faults = [](const std::vector<Reply>& replies) {
      return std::any_of(replies.begin(), replies.end(),
                         [](const Reply& reply) { return !reply.fault.ok(); });
    };
    if (machine_.disturb && (flight.answer.failed() || flight.answer.Has(has_faults))) {
      return absl::OkStatus();
    }
  }
  ++experience_.reads;
  Auditor ahead = auditor_;
  const auto matches = [&] {
    return std::all_of(stock.begin(), stock.end(),
                       [&](const BookStock& read) { return read == ahead.Stock(read.book); });
  };
  for (std::size_t done = 0;; ++done) {
    if (done >= answered && matches()) return absl::OkStatus();
    if (done == flights_.size()) break;
    for (const Command& command : flights_[done].batch) {
      ahead.Decide(command, flights_[done].time);
      if (!machine_.whole_batches && done >= answered && matches()) return absl::OkStatus();
    }
  }
  std::string differing;
  for (const BookStock& read : stock) {
    if (read == auditor_.Stock(read.book)) continue;
    differing += absl::StrCat("\n  book ", read.book, ": ", Text(read.balance), " instead of ",
                              Text(auditor_.Stock(read.book).balance));
  }
  return Wrong(
      "a read beside ", flights_.size(), " batches in flight, ", answered,
      " of them answered, shows a state that never was; next to what was answered:", differing);
}

absl::Status World::CheckReads() {
  RETURN_IF_ERROR(CheckListener());
  RETURN_IF_ERROR(CheckBooks());
  RETURN_IF_ERROR(CheckDue());
  const std::vector<OrderId> orders = auditor_.Orders();
  for (int i = 0; i < 4 && !orders.empty(); ++i) {
    const std::size_t late = std::min<std::size_t>(orders.size(), 40);
    RETURN_IF_ERROR(CheckOrder(orders[orders.size() - 1 - workload_.Below(late)]));
  }
  MovementQuery query;
  query.book = 1 + workload_.Below(Workload::kBooks + 1);
  query.limit = 1 + static_cast<int>(workload_.Below(30));
  const std::uint64_t length = auditor_.Log(query.book).size();
  if (workload_.Chance(50)) query.below_sequence = workload_.Below(length + 2);
  if (workload_.Chance(30)) query.skip = workload_.Below(200);
  RETURN_IF_ERROR(CheckLog(query));
  query.skip = 0;
  query.type = static_cast<ChangeType>(1 + workload_.Below(8));
  if (workload_.Chance(50))
    query.since = clock_.Now() - static_cast<TimeMs>(workload_.Below(9'000));
  if (workload_.Chance(50))
    query.until = clock_.Now() - static_cast<TimeMs>(workload_.Below(9'000));
  if (workload_.Chance(30) && !orders.empty()) query.order = orders[workload_.Below(orders.size())];
  return CheckLog(query);
}

absl::Status World::CheckBooks() {
  ++experience_.reads;
  StockListQuery query;
  query.limit = 1 + static_cast<int>(workload_.Below(9));
  if (workload_.Chance(50)) query.below = static_cast<Quantity>(workload_.Below(20));
  std::vector<BookStock> listed;
  do {
    ASSIGN_OR_RETURN(const StockPage page, ListStock(store(), query));
    listed.insert(listed.end(), page.books.begin(), page.books.end());
    query.after = page.next_after;
  } while (query.after != 0 && listed.size() < 100);
  std::vector<BookStock> expected;
  for (const BookId book : auditor_.Books()) {
    const BookStock stock = auditor_.Stock(book);
    if (!query.below || stock.balance.available < *query.below) expected.push_back(stock);
  }
  if (listed != expected) {
    std::ostringstream difference;
    for (const BookStock& stock : expected) PrintTo(stock, &(difference << "\n  expected "));
    for (const BookStock& stock : listed) PrintTo(stock, &(difference << "\n  listed "));
    return Wrong("the list of books", difference.str());
  }
  return absl::OkStatus();
}

absl::Status World::CheckOrder(OrderId order) {
  ++experience_.reads;
  ASSIGN_OR_RETURN(const OrderFacts facts, ReadOrder(store(), order));
  const std::string expected = Text(auditor_.Order(order, clock_.Now()));
  if (Text(facts) != expected) {
    return Wrong("order ", order, " at ", clock_.Now(), "\nexpected:\n", expected, "read:\n",
                 Text(facts));
  }
  return absl::OkStatus();
}

// Follows the query to its end, or through a few pages.
absl::Status World::CheckLog(MovementQuery query) {
  ++experience_.reads;
  std::vector<Movement> expected;
  const std::vector<Movement>& log = auditor_.Log(query.book);
  std::uint64_t to_skip = query.skip;
  for (auto movement = log.rbegin(); movement != log.rend(); ++movement) {
    if (query.below_sequence != 0 && movement->sequence >= query.below_sequence) continue;
    if (query.type && movement->type != *query.type) continue;
    if (query.order != 0 && movement->order != query.order) continue;
    if (query.since != 0 && movement->time < query.since) continue;
    if (query.until != 0 && movement->time >= query.until) continue;
    if (to_skip > 0) {
      --to_skip;
      continue;
    }
    expected.push_back(*movement);
  }
  std::vector<Movement> read;
  for (int pages = 0; pages < 5; ++pages) {
    ASSIGN_OR_RETURN(const MovementPage page, ReadMovements(store(), query));
    if (page.book_known != !log.empty() || page.last_sequence != log.size()) {
      return Wrong("the log of book ", query.book, " ends at ", page.last_sequence, ", not at ",
                   log.size());
    }
    read.insert(read.end(), page.movements.begin(), page.movements.end());
    query.below_sequence = page.next_below;
    query.skip = 0;
    if (page.next_below == 0) break;
  }
  if (query.below_sequence != 0 && read.size() < expected.size()) expected.resize(read.size());
  if (Text(read) != Text(expected)) {
    return Wrong("the log of book ", query.book, "\nexpected:\n", Text(expected), "read:\n",
                 Text(read));
  }
  return absl::OkStatus();
}

absl::Status World::CheckDue() {
  ++experience_.reads;
  const int limit = 1 + static_cast<int>(workload_.Below(30));
  ASSIGN_OR_RETURN(const std::vector<OrderId> due, ReadDue(store(), limit));
  std::vector<OrderId> expected = auditor_.Due(clock_.Now());
  if (expected.size() > static_cast<std::size_t>(limit)) expected.resize(limit);
  if (due != expected) return Wrong(due.size(), " orders are due, not ", expected.size());
  return absl::OkStatus();
}

absl::Status World::CheckListener() {
  if (stores_.size() > 1) return absl::OkStatus();  // of other instances' changes only the last
  std::map<BookId, std::vector<StockChanged>> heard = listener_->Take();
  std::map<BookId, std::vector<StockChanged>> expected;
  for (const StockChanged& change : auditor_.TakeChanges()) expected[change.book].push_back(change);
  const auto same = [](const StockChanged& a, const StockChanged& b) {
    return a.available_before == b.available_before && a.balance == b.balance;
  };
  for (BookId book = 1; book <= Workload::kBooks; ++book) {
    if (!std::equal(heard[book].begin(), heard[book].end(), expected[book].begin(),
                    expected[book].end(), same)) {
      return Wrong("the observer of book ", book, " was told ", heard[book].size(),
                   " changes, not the ", expected[book].size(), " there were");
    }
  }
  return absl::OkStatus();
}

absl::Status World::CheckHistory() {
  std::map<BookId, BookHistory> books;
  for (const BookId book : auditor_.Books()) {
    MovementQuery query;
    query.book = book;
    query.limit = 100;
    std::vector<Movement>& log = books[book].log;
    do {
      ASSIGN_OR_RETURN(const MovementPage page, ReadMovements(store(), query));
      log.insert(log.end(), page.movements.begin(), page.movements.end());
      query.below_sequence = page.next_below;
    } while (query.below_sequence != 0);
    std::reverse(log.begin(), log.end());
    for (std::size_t i = 1; i < log.size(); ++i) {
      if (log[i].id <= log[i - 1].id) return Wrong("an id does not rise: ", Text(log[i]));
    }
    for (Movement& movement : log) movement.id = 0;
    const std::vector<Movement>& happened = auditor_.Log(book);
    const auto differs = std::mismatch(log.begin(), log.end(), happened.begin(), happened.end());
    if (differs.first != log.end() || differs.second != happened.end()) {
      return Wrong("the log of book ", book, " is not what happened\n  expected ",
                   differs.second == happened.end() ? "nothing more" : Text(*differs.second),
                   "\n  found ",
                   differs.first == log.end() ? "nothing more" : Text(*differs.first));
    }
    ASSIGN_OR_RETURN(const std::vector<BookStock> stock, ReadStock(store(), {book}));
    books[book].now = stock.front().balance;
  }
  const std::vector<std::string> breaches = BreachesOfInvariants(books);
  if (!breaches.empty()) return Wrong(breaches.front());
  for (const OrderId order : auditor_.Orders()) {
    if (workload_.Chance(10)) RETURN_IF_ERROR(CheckOrder(order));
  }
  return absl::OkStatus();
}

// ---- ends and beginnings ------------------------------------------------------------------------

absl::Status World::Open() {
  stores_.clear();
  for (int i = 0; i < machine_.instances; ++i) {
    ASSIGN_OR_RETURN(stores_.emplace_back(), machine_.open(clock_, home_));
  }
  if (stores_.size() == 1) store().Observe(listener_.get());
  return absl::OkStatus();
}

// A store closed in good order has everything, even if the machine then loses power.
absl::Status World::CloseAndReopen() {
  RETURN_IF_ERROR(Drain());
  RETURN_IF_ERROR(CheckListener());
  RETURN_IF_ERROR(store().Close());
  stores_.clear();
  machine_.disk->Crash();
  machine_.disk->Restart(nullptr);
  ++experience_.reopened;
  RETURN_IF_ERROR(Open());
  return CheckReads();
}

// Life goes on in another store, which knows all this one knew. What a crash does to an import is
// tested where imports are; here none comes.
absl::Status World::MoveOut() {
  if (machine_.disk) machine_.disk->CrashAtChange(0);
  RETURN_IF_ERROR(Drain());
  RETURN_IF_ERROR(CheckListener());
  ASSIGN_OR_RETURN(const std::vector<Fact> facts, Export(store()));
  for (const auto& each : stores_) RETURN_IF_ERROR(each->Close());
  ++home_;
  ++experience_.moved;
  RETURN_IF_ERROR(Open());
  RETURN_IF_ERROR(Import(store(), facts).status());
  listener_->Take();
  ASSIGN_OR_RETURN(const std::vector<Fact> found, Export(store()));
  if (found != facts) return Wrong("exported, imported and exported again is not the same");
  return CheckReads();
}

absl::Status World::Recover() {
  ++experience_.crashes;
  RETURN_IF_ERROR(LandAfterCrash());
  std::vector<std::pair<Command, TimeMs>> unanswered;
  for (const Flight& flight : flights_) {
    for (const Command& command : flight.batch) unanswered.emplace_back(command, flight.time);
  }
  flights_.clear();
  store().Close().IgnoreError();
  stores_.clear();

  absl::Status opened;
  for (int attempt = 0; attempt < 5; ++attempt) {
    machine_.disk->Restart(workload_.Chance(50) ? &workload_.random() : nullptr);
    if (attempt == 0 && workload_.Chance(25)) {
      machine_.disk->CrashAtChange(1 + workload_.Below(30));
    }
    opened = Open();
    if (opened.ok() || !machine_.disk->crashed()) break;
    ++experience_.crashes_while_opening;
  }
  machine_.disk->CrashAtChange(0);
  if (machine_.disk->crashed()) return Recover();  // just after it was opened
  if (!opened.ok()) return Wrong("it does not open after a crash: ", opened.ToString());
  RETURN_IF_ERROR(Settle(unanswered));
  return CheckReads();
}

// Lands what was answered before the crash. An answer vouches for every batch before it.
absl::Status World::LandAfterCrash() {
  std::vector<absl::StatusOr<std::vector<Reply>>> answers;
  for (Flight& flight : flights_) answers.push_back(flight.answer.Wait());
  bool refused = false;
  for (const auto& answer : answers) {
    if (answer.status().code() == absl::StatusCode::kDeadlineExceeded) return answer.status();
    if (answer.ok() && refused) {
      return Wrong("a batch was answered although one before it was not");
    }
    refused = refused || !answer.ok();
    if (refused) continue;
    const Flight flight = std::move(flights_.front());
    flights_.pop_front();
    RETURN_IF_ERROR(CheckReplies(flight, *answer));
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> World::Matches(const Auditor& auditor, const std::vector<OrderId>& orders) {
  std::vector<BookId> books;
  for (BookId book = 1; book <= Workload::kBooks; ++book) books.push_back(book);
  ASSIGN_OR_RETURN(const std::vector<BookStock> stock, ReadStock(store(), books));
  for (const BookStock& read : stock) {
    if (read != auditor.Stock(read.book)) return false;
  }
  for (const OrderId order : orders) {
    ASSIGN_OR_RETURN(const OrderFacts facts, ReadOrder(store(), order));
    if (Text(facts) != Text(auditor.Order(order, clock_.Now()))) return false;
  }
  return true;
}

// A store may find out only now that what was broken is broken.
absl::StatusOr<bool> World::MatchesOnceServing(const Auditor& auditor,
                                               const std::vector<OrderId>& orders) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  for (;;) {
    absl::StatusOr<bool> matches = Matches(auditor, orders);
    if (matches.ok() || !machine_.disturb || !NothingWasDone(matches.status()) ||
        std::chrono::steady_clock::now() > end) {
      return matches;
    }
    RETURN_IF_ERROR(AwaitServing());
    std::this_thread::yield();
  }
}

// How many of the unanswered commands took effect? The store must look as after the first k of
// them, for some k.
absl::Status World::Settle(const std::vector<std::pair<Command, TimeMs>>& unanswered) {
  std::vector<OrderId> orders;
  for (const auto& [command, time] : unanswered) {
    if (OrderOf(command) != 0) orders.push_back(OrderOf(command));
  }
  std::sort(orders.begin(), orders.end());
  orders.erase(std::unique(orders.begin(), orders.end()), orders.end());

  std::optional<std::size_t> kept;  // the most that fits
  Auditor ahead = auditor_;
  for (std::size_t k = 0;; ++k) {
    ASSIGN_OR_RETURN(const bool matches, MatchesOnceServing(ahead, orders));
    if (matches) kept = k;
    if (k == unanswered.size()) break;
    ahead.Decide(unanswered[k].first, unanswered[k].second);
  }
  if (!kept) {
    return Wrong(
        "after a crash the store holds neither what it answered for nor that and the first "
        "few of ",
        unanswered.size(), " unanswered commands");
  }
  for (std::size_t k = 0; k < *kept; ++k) {
    auditor_.Decide(unanswered[k].first, unanswered[k].second);
  }
  experience_.unanswered_kept += *kept;
  experience_.unanswered_lost += unanswered.size() - *kept;

  // What the observer heard must have survived.
  for (const auto& [book, changes] : listener_->Take()) {
    if (changes.back().balance.sequence > auditor_.Stock(book).balance.sequence) {
      return Wrong("the observer was told of a change of book ", book, " that a crash undid");
    }
  }
  auditor_.TakeChanges();
  // A tombstone is in no read, so where k is not quite certain it may or may not be there: asking
  // for it again makes it so. Then, mostly, the callers ask again.
  std::vector<Command> again;
  for (std::size_t k = 0; k < *kept; ++k) {
    const auto* release = std::get_if<Release>(&unanswered[k].first.verb);
    if (release && auditor_.HasTombstone({release->order, release->book})) {
      again.push_back(unanswered[k].first);
    }
  }
  if (workload_.Chance(70)) {
    for (const auto& [command, time] : unanswered) again.push_back(command);
  }
  Issue(std::move(again));
  return Drain();
}

}  // namespace inventory
