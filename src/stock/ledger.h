// The redis store's port to its ledger: the database that remembers what Redis may forget.
//
// Redis decides; every change stands in its outbox in the same atomic step, and a ledger writer, in
// any instance, copies the outbox into the database, in order, each entry once. So what the
// database says is what Redis said some time ago: whoever needs more than that waits until the
// ledger has applied what the outbox held when he asked (LedgerProgress).
//
// Epochs. Everything in Redis carries the number of an epoch, and the database's row of that number
// is the authority. The row is open, or closed under a token while the store is rebuilt: who holds
// the token closes Redis, drains the outbox, waits for the instances to hand in what they were
// answered for, loads Redis with the ledger's stock, moves the row to the next epoch, opens Redis,
// and then opens the row. A token whose holder has not renewed it for kTokenLife may be taken over.
//
// Blocking: call from threads that may wait. Safe for concurrent use. Faults: UNAVAILABLE when the
// database is out of reach, FAILED_PRECONDITION when going on would be wrong (another store's
// database, a newer schema), ABORTED when a token is not one's own any more.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "stock/origin_figures.h"
#include "stock/stock_store.h"
#include "stock/types.h"

namespace inventory {

// How far the ledger has come with the outbox of an epoch.
struct LedgerProgress {
  std::uint64_t epoch = 0;
  std::uint64_t applied = 0;    // entries: the next one's number
  std::uint64_t movements = 0;  // in them
  // Redis' clock: whatever was written before it has been applied.
  TimeMs as_of = 0;
  // No order above it has a marker that was written before as_of - TTL/2: with no marker now, such
  // an order is new, while less than TTL/2 has gone by since as_of. Never goes down.
  OrderId watermark = 0;
};

// The row of the epoch, with the progress of the same moment.
struct LedgerEpoch {
  std::uint64_t epoch = 0;      // 0: no store has been here
  std::string run_id;           // of the Redis server whose data are this epoch
  std::string replication_id;   // of the same
  std::string token;            // empty: open
  bool token_is_stale = false;  // its holder has not renewed it for kTokenLife
  LedgerProgress progress;
};
inline constexpr TimeMs kTokenLife = 5'000;  // milliseconds

// What to look up.
struct LedgerQuestion {
  std::vector<BookId> books;
  std::vector<LineKey> lines;
  std::vector<OrderId> reservations;
  std::vector<std::pair<BookId, std::string>> requests;

  bool empty() const {
    return books.empty() && lines.empty() && reservations.empty() && requests.empty();
  }
};

// As asked, in the same order; nullopt: the ledger knows of none.
struct LedgerAnswer {
  std::vector<BookStock> books;
  std::vector<std::optional<OrderLine>> lines;
  std::vector<std::optional<Reservation>> reservations;
  std::vector<std::optional<RequestContent>> requests;
  // Books asked about whose changes are in quarantine: the ledger does not know all of them, so
  // what it knows of their lines, requests and figures is not the whole truth.
  std::vector<BookId> unsure;
};

// An outbox entry that an instance was answered for (redis/outbox_entry.h has the text's format).
struct RememberedEntry {
  // What was only confirmed to an instance, as a duplicate, has no number: its movements' figures
  // and sequences are 0, and it says no more than which order or request was answered with yes.
  static constexpr std::uint64_t kNoNumber = ~std::uint64_t{0};

  std::uint64_t epoch = 0;
  std::uint64_t number = kNoNumber;
  TimeMs time = 0;
  std::string changes;
};

// What was answered with yes and is in no ledger.
struct LostChange {
  BookId book = 0;
  OrderId order = 0;  // 0: a restock or adjust
  ChangeType type = ChangeType::kDeduct;
  Quantity quantity = 0;
  std::string why;  // "the instance stood still while the store was rebuilt", …
};

struct HandInResult {
  std::uint64_t applied = 0;     // movements that the ledger had not seen
  std::vector<LostChange> lost;  // on record already
};

// An open reservation, for loading.
struct OpenReservation {
  OrderId order = 0;
  Reservation reservation;
};

class Ledger {
 public:
  virtual ~Ledger() = default;

  // ---- looking things up ------------------------------------------------------------------------
  virtual absl::StatusOr<LedgerEpoch> ReadEpoch() = 0;
  // As committed: the caller has waited for the progress he needs.
  virtual absl::StatusOr<LedgerAnswer> LookUp(const LedgerQuestion& question) = 0;
  virtual absl::StatusOr<StockPage> ListStock(const StockListQuery& query) = 0;
  // `now` is the store's clock: by it a reservation reads as expired.
  virtual absl::StatusOr<OrderFacts> ReadOrder(OrderId order, bool want_movements, TimeMs now) = 0;
  virtual absl::StatusOr<MovementPage> ReadMovements(const MovementQuery& query) = 0;
  virtual absl::StatusOr<std::vector<OpenReservation>> ListOpenReservations(OrderId after,
                                                                            int limit) = 0;
  // Books whose row has changed since the last call's `until`, which the first call leaves at 0; a
  // book may be told more than once.
  virtual absl::StatusOr<std::vector<BookStock>> ReadChanged(TimeMs& until) = 0;
  virtual absl::StatusOr<std::unique_ptr<FactReader>> Export() = 0;
  // The figures that the movement of this sequence left behind, as asked; nullopt: there is none.
  virtual absl::StatusOr<std::vector<std::optional<Balance>>> ReadLogged(
      const std::vector<std::pair<BookId, std::uint64_t>>& movements) = 0;

  // ---- the quarantine (stock/stock_store.h) -----------------------------------------------------
  virtual absl::StatusOr<std::vector<QuarantinedBook>> ListQuarantine(BookId after, int limit) = 0;
  virtual absl::StatusOr<QuarantineResult> RetryQuarantine(BookId book) = 0;
  virtual absl::StatusOr<QuarantineResult> SkipQuarantine(BookId book) = 0;

  // ---- instances --------------------------------------------------------------------------------
  // Tells that the instance is there; whoever has not for some seconds is not waited for.
  virtual absl::Status Beat(std::uint64_t instance) = 0;
  virtual absl::Status Leave(std::uint64_t instance) = 0;

  // ---- rebuilding -------------------------------------------------------------------------------
  // Closes the row under the token. It must be at `epoch` and open, or its token stale, or be one's
  // own already; else ABORTED. Epoch 0 makes the row, in an empty ledger.
  virtual absl::Status CloseEpoch(std::uint64_t epoch, const std::string& token) = 0;
  virtual absl::Status RenewToken(const std::string& token) = 0;
  // Applies surviving entries of the outbox, numbered without a gap from the progress on. What does
  // not fit, since an earlier rebuild that was cut short has applied what was handed in, is decided
  // again with the hand-ins.
  virtual absl::Status Drain(const std::string& token,
                             const std::vector<RememberedEntry>& entries) = 0;
  // From every instance, the one that rebuilds too. Entries that are applied are left out. After
  // the last call `complete` is true. ABORTED also when ApplyHandIns has begun: what comes later is
  // for its instance to report as lost.
  virtual absl::Status HandIn(const std::string& token, std::uint64_t instance,
                              const std::vector<RememberedEntry>& entries, bool complete) = 0;
  // Instances that are alive and have not handed in completely.
  virtual absl::StatusOr<std::vector<std::uint64_t>> MissingHandIns(const std::string& token) = 0;
  // Decides again, in order, what was handed in and the ledger has not seen, and what is in
  // quarantine. What it refuses is recorded as lost in the same transaction: not for the caller to
  // record once more.
  virtual absl::StatusOr<HandInResult> ApplyHandIns(const std::string& token) = 0;
  // Moves the row and the cursor to the next epoch, at least `at_least`; the watermark becomes the
  // highest order id there is. The row stays closed. Answers the epoch. FAILED_PRECONDITION: there
  // are hand-ins that ApplyHandIns has not decided.
  virtual absl::StatusOr<std::uint64_t> NextEpoch(const std::string& token, std::uint64_t at_least,
                                                  const std::string& run_id,
                                                  const std::string& replication_id) = 0;
  virtual absl::Status OpenEpoch(const std::string& token) = 0;

  // ---- handing over -----------------------------------------------------------------------------
  // Under the token, after ApplyHandIns: makes the mysql store the owner of what the ledger has, in
  // one transaction. The row stays closed, and every call of this port, in any instance, answers
  // FAILED_PRECONDITION from then on. The same for hand-ins that are not decided, and for books in
  // quarantine: nothing was done. Answers the owner's new generation.
  virtual absl::StatusOr<std::uint64_t> HandOverToMysql(const std::string& token) = 0;

  // ---- taking over from the earlier service -----------------------------------------------------
  // Makes the stock of what that service had in Redis, and in tables of the database, in one
  // transaction; the row of the epoch then stands there closed, its token stale, for the next look
  // to rebuild Redis. Before that is durable `look_again` is called to its end. A dry run only says
  // what would come of it. FAILED_PRECONDITION, with what to do: nothing was done, and why.
  virtual absl::StatusOr<AdoptedStock> Adopt(const OriginFigures& figures, bool dry_run,
                                             const OriginLooker& look_again) = 0;

  // ---- the record -------------------------------------------------------------------------------
  virtual absl::Status RecordLosses(std::uint64_t epoch, const std::vector<LostChange>& lost) = 0;
  // Sets the book's row to what its log says, if the row still says `found`. False: it does not.
  virtual absl::StatusOr<bool> RepairRow(const BookStock& found, const Balance& logged) = 0;
  // A side that differed from the log was put right: what it said, and what the log says.
  virtual absl::Status RecordRepair(const BookStock& found, const BookStock& repaired,
                                    const std::string& why) = 0;

  // ---- for status pages and metrics
  // -------------------------------------------------------------- Adds the ledger's own figures;
  // asks nobody, so it does not block.
  virtual void Describe(StoreStatus& status) const = 0;
};

}  // namespace inventory
