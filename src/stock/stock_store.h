// The port: what the service needs of a place that keeps stock.
//
// It speaks the domain's verbs: apply a batch, read stock, page through movements, look an order
// up, watch. No connection, key or transaction type appears here. Deliberately not here: request
// validation, queueing and deadlines (service/), when to expire (service/), texts and codes
// (stock/outcome.h).
//
// Every call is asynchronous and safe for concurrent use. `done` is called exactly once, on any
// thread, perhaps before the call returns; it must not block. A fault is an absl::Status whose
// message says what to do: UNAVAILABLE when the store is out of reach, stopped or unsure. After
// UNAVAILABLE from Apply the outcome is unknown, unless the message says that nothing was done.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "stock/command.h"
#include "stock/facts.h"
#include "stock/types.h"
#include "telemetry/figure.h"

namespace inventory {

template <typename T>
using Done = absl::AnyInvocable<void(absl::StatusOr<T>)>;

// A book's figures as read; `known` is false where no restock or adjust has made it.
struct BookStock {
  BookId book = 0;
  bool known = false;
  Balance balance;

  friend bool operator==(const BookStock&, const BookStock&) = default;
};

// What an order holds and has held. A reservation that has passed reads as expired, and so do its
// lines, whether or not the expiry has been recorded yet. Tombstones are not lines.
struct OrderFacts {
  struct Line {
    BookId book = 0;
    OrderLine line;
    friend bool operator==(const Line&, const Line&) = default;
  };
  std::vector<Line> lines;  // by book
  std::optional<Reservation> reservation;
  std::vector<Movement> movements;  // oldest first, at most kMaxOrderMovements; see want_movements
};
inline constexpr int kMaxOrderMovements = 1'000;

// The order of OrderFacts.movements: by time; within a millisecond by how many movements of their
// line came before them, then as the reservation names the books, then by book. It is made of facts
// alone, so an order reads the same after an import, which gives its movements new ids.
void SortOldestFirst(const std::optional<Reservation>& reservation,
                     std::vector<Movement>& movements);

// Which movements of a book, newest first.
inline constexpr std::uint64_t kMaxSkip = 1'000'000;
struct MovementQuery {
  BookId book = 0;
  std::uint64_t below_sequence = 0;  // only those before it; 0: from the newest
  // Paging by number: leave out this many, at most kMaxSkip. Never together with a filter: a call
  // that ends at its bound while still skipping could not say where to go on.
  std::uint64_t skip = 0;
  int limit = 20;
  // Filters. Empty or zero means any.
  OrderId order = 0;
  std::optional<ChangeType> type;
  TimeMs since = 0;  // inclusive
  TimeMs until = 0;  // exclusive

  bool filtered() const { return order != 0 || type || since != 0 || until != 0; }
};

// Whether a movement of the query's book passes its filters.
bool MatchesFilter(const Movement& movement, const MovementQuery& query);

struct MovementPage {
  bool book_known = false;
  std::vector<Movement> movements;
  std::uint64_t last_sequence = 0;  // of the book
  // Where to go on: the next query's below_sequence. 0: there is no more. With a filter a page may
  // be short, or empty, and still have more: a call reads a bounded number of movements.
  std::uint64_t next_below = 0;
};

struct StockListQuery {
  BookId after = 0;  // only books above it
  int limit = 100;
  // Only books with less than this available.
  std::optional<Quantity> below;
};

struct StockPage {
  std::vector<BookStock> books;  // by id
  BookId next_after = 0;         // 0: there is no more
};

// One movement's effect, for watchers and warnings.
struct StockChanged {
  BookId book = 0;
  Quantity available_before = 0;
  Balance balance;
};

// Told of every change once it is durable, in the order of each book's log, from one thread at a
// time: of a batch when reads show it, and before they show the next one. Must be quick: sales
// wait for it.
class StockObserver {
 public:
  virtual ~StockObserver() = default;
  virtual void OnChanges(const std::vector<StockChanged>& changes) = 0;
};

struct StoreStatus {
  std::string name;        // "embedded"
  std::string durability;  // what an answer promises, in words
  std::string location;    // absolute folder, or server
  absl::Status health;     // OK: serving. Else why not and what to do.
  TimeMs now = 0;          // the store's clock
  // The store's own, for status pages and metrics.
  std::vector<Figure> figures;
  std::vector<Distribution> distributions;
};

struct BackupResult {
  std::string path;
  std::uint64_t bytes = 0;
};

// What the earlier service held.
struct AdoptedStock {
  std::uint64_t books = 0;
  std::uint64_t units = 0;  // to be sold, of all books
  std::uint64_t sold_out_books = 0;
  std::uint64_t locked_units = 0;  // held by that service's orders: not taken over
  std::uint64_t log_rows = 0;      // kept where they are, not taken over
  // Of what was taken over from Redis: orders that it remembered, once for each of their books;
  // those of them of which nobody knows how much they bought; and books of which the service's
  // tables said another figure.
  std::uint64_t lines = 0;
  std::uint64_t unknown_quantities = 0;
  std::uint64_t corrected_books = 0;
};

// Stock that is kept in two places, compared book by book.
struct ReconcileQuery {
  std::vector<BookId> books;  // empty: all, by id
  BookId after = 0;           // of all: only books above it
  bool repair = false;        // put right what differs
};

struct BookDrift {
  BookId book = 0;
  std::string difference;  // which side says what
  bool repaired = false;
};

struct ReconcilePage {
  std::uint64_t checked = 0;  // books
  std::vector<BookDrift> drifts;
  BookId next_after = 0;  // 0: that was all
};

// Movements that did not fit the book's log and wait for an operator.
struct QuarantinedBook {
  BookId book = 0;  // 0: what names no book that could be read
  std::uint64_t changes = 0;
  TimeMs since = 0;    // when the first was made
  std::string reason;  // why the first does not fit
};

struct QuarantineResult {
  std::uint64_t changes = 0;  // applied, or given up
  std::uint64_t left = 0;     // still in quarantine
  std::string reason;         // why the first of those does not fit
};

// Everything a store knew at one durable moment (facts.h). Sales go on meanwhile; what they change
// is not seen. One call at a time. Drop it before the store ends, and not while it owes an answer;
// in `done` it may be dropped.
class FactReader {
 public:
  virtual ~FactReader() = default;
  // The next facts in the order of facts.h, at least one and at most `limit`; none: that was all.
  virtual void Next(int limit, Done<std::vector<Fact>> done) = 0;
};

// An import under way: the store serves nothing else. After a status that is not OK it is over.
// One call at a time. Drop it before the store ends, and not while it owes an answer; in `done` it
// may be dropped.
//
// Dropped before Finish has answered OK, or failed: nothing of it stays, the store is as empty as
// before. The store may need a moment for that, and refuses calls until then; a crash in between
// leaves one that does not open and says what to do. Never half a stock.
class FactWriter {
 public:
  virtual ~FactWriter() = default;
  // The next facts in the order of facts.h; answers how many there have been. INVALID_ARGUMENT: no
  // stock could have come to this (stock_import.h); the message names the fact.
  virtual void Add(std::vector<Fact> facts, Done<FactCounts> done) = 0;
  // That was all: checks that nothing is missing, and opens the store. Watchers are then told of
  // every book.
  virtual void Finish(Done<FactCounts> done) = 0;
};

class StockStore {
 public:
  virtual ~StockStore() = default;

  // Decides the commands in order, makes their results durable as one, and only then answers, in
  // order; one reply a command. The redis store makes them durable one or a few at a time, and may
  // answer some with a fault of their own. Batches whose commands name a book or an order in common
  // are decided in the order of the calls, unless a fault, or a fact that has to be looked up,
  // makes one begin again; of others a later one may come first.
  virtual void Apply(std::vector<Command> batch, Done<std::vector<Reply>> done) = 0;

  // Reads show durable states only: never a change that a crash could undo.
  // The books in the order asked, all of one moment.
  virtual void ReadStock(std::vector<BookId> books, Done<std::vector<BookStock>> done) = 0;
  virtual void ListStock(const StockListQuery& query, Done<StockPage> done) = 0;
  virtual void ReadOrder(OrderId order, bool want_movements, Done<OrderFacts> done) = 0;
  virtual void ReadMovements(const MovementQuery& query, Done<MovementPage> done) = 0;
  // Open reservations whose deadline has passed, earliest first, at most `limit`.
  virtual void ReadDue(int limit, Done<std::vector<OrderId>> done) = 0;

  // Sets who is told of changes from now on. Call before the first Apply; null: nobody. The
  // observer outlives the store or is replaced before it ends.
  virtual void Observe(StockObserver* observer) = 0;

  virtual StoreStatus Status() = 0;

  // A consistent copy under the store's backup folder, made while serving.
  virtual void Backup(const std::string& name, Done<BackupResult> done) = 0;

  // Takes over the stock that the earlier service has in the store's database, or in its Redis:
  // each book begins with one movement that says so. A dry run only looks. Until then the store
  // refuses all else, and Status says so; afterwards it serves. FAILED_PRECONDITION, with what to
  // do: there is nothing to take over, or not any more; figures that no stock can have.
  virtual void Adopt(bool dry_run, Done<AdoptedStock> done) = 0;

  // What follows, up to Export, is for stock that is kept in two places, or may move from one to
  // another: unless a store overrides it, it answers UNIMPLEMENTED.

  // A part of the books, compared; call again with `after` until next_after is 0.
  virtual void Reconcile(const ReconcileQuery& query, Done<ReconcilePage> done);

  // What waits in quarantine, by book, at most `limit`; a book's changes tried again, in order, as
  // far as they fit; or given up, each recorded as lost.
  virtual void ListQuarantine(BookId after, int limit, Done<std::vector<QuarantinedBook>> done);
  virtual void RetryQuarantine(BookId book, Done<QuarantineResult> done);
  virtual void SkipQuarantine(BookId book, Done<QuarantineResult> done);

  // Leaves the stock in the database to another store, "mysql" or "redis", after what was accepted;
  // this one serves no more, in any instance. FAILED_PRECONDITION, with what to do: it may not go
  // there, or not now. Answers what to do next, in words.
  virtual void HandOver(const std::string& to, Done<std::string> done);

  // Everything the store knows, as of a moment between the call and the answer.
  // RESOURCE_EXHAUSTED: too many exports at a time.
  virtual void Export(Done<std::unique_ptr<FactReader>> done) = 0;

  // Begins to fill the store, which must be empty (FAILED_PRECONDITION). Until the import is over
  // every other call is answered with UNAVAILABLE, and Status says so.
  virtual void Import(Done<std::unique_ptr<FactWriter>> done) = 0;

  // Finishes what was accepted and closes. Later calls fail with UNAVAILABLE. Idempotent.
  virtual absl::Status Close() = 0;
};

}  // namespace inventory
