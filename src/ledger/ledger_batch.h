// What entries of the outbox come to in rows: checked against the books as they stand, and added
// up.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "mysql/batch_facts.h"
#include "mysql/rows.h"
#include "redis/outbox_entry.h"
#include "stock/facts.h"
#include "stock/ledger.h"

namespace inventory {

// An entry with what it says, or why it says nothing.
struct DecodedEntry {
  OutboxId id;
  TimeMs time = 0;
  std::string changes;
  absl::StatusOr<std::vector<Fact>> facts;
};
DecodedEntry Decode(const RememberedEntry& entry);

// A change that did not fit, or that stands behind one.
struct QuarantinedChange {
  BookId book = 0;  // 0: a whole entry that says nothing we know
  OutboxId entry;
  std::uint32_t position = 0;  // of the change in its entry
  TimeMs time = 0;
  std::string changes;
  std::string reason;
};

// Used by one thread, for one transaction: first the Load calls, then Add in the entries' order,
// then Write.
//
// A movement fits when it follows from its book's row: the next sequence, from these figures, by
// what its type does. One that does not goes to quarantine, and with it every later change of its
// book: the others go on.
class LedgerBatch {
 public:
  // The books, lines and requests the entry is about.
  static void AddNeeded(const DecodedEntry& entry, NeededFacts& needed);

  void LoadBook(const BookStock& stock);
  void LoadQuarantined(BookId book) { quarantined_books_.insert(book); }
  // `rows`, which outlive this, say which lines, reservations and requests there are. Without, a
  // new one is taken to be new, and the database's keys have the last word.
  void LookInto(BatchFacts& rows) { rows_ = &rows; }

  // Whether all of the entry fits.
  bool Fits(const DecodedEntry& entry) const;
  void Add(const DecodedEntry& entry);
  // A change that was in quarantine; its reservation is told for the lines' places only. Empty: it
  // was taken in. Else why it does not fit.
  std::string AddFromQuarantine(const DecodedEntry& entry);
  // All of it goes to quarantine.
  void Refuse(const DecodedEntry& entry, std::string_view reason);

  void Write(RowStatements& statements) const;

  const std::vector<QuarantinedChange>& quarantined() const { return quarantined_; }
  // Books whose first change went to quarantine here, with the change.
  const std::vector<QuarantinedChange>& newly_quarantined() const { return newly_quarantined_; }
  std::size_t quarantined_book_count() const { return quarantined_books_.size(); }
  std::uint64_t movements() const { return movements_; }  // of the entries, those in quarantine too

 private:
  struct Book {
    Balance balance;
    bool stored = false;
    bool changed = false;
    TimeMs time = 0;
  };
  struct Line {
    OrderLine line;
    bool is_new = false;  // made by these entries
    std::optional<std::uint32_t> position;
  };
  struct OrderReservation {
    Reservation reservation;
    bool is_new = false;
  };
  using Balances = absl::flat_hash_map<BookId, Balance>;

  // Why the change does not fit; empty: it does. `ahead`: figures of books that changes before it
  // in its entry would leave.
  std::string Misfit(const Fact& fact, const Balances& ahead) const;
  std::string MovementMisfit(const Movement& movement, const Balances& ahead) const;
  std::string NewLineMisfit(LineKey key) const;
  std::string OldLineMisfit(LineKey key) const;
  std::string RequestMisfit(const RequestFact& fact) const;

  void AddChange(const DecodedEntry& entry, std::size_t position);
  void Take(const Fact& fact);
  void TakeMovement(const Movement& movement);
  void TakeReservation(const ReservationFact& fact);
  void TakePlaces(const ReservationFact& fact);
  void Quarantine(QuarantinedChange change);
  void WriteLines(RowStatements& statements) const;
  void WriteReservations(RowStatements& statements) const;

  BatchFacts* rows_ = nullptr;
  absl::flat_hash_map<BookId, Book> books_;
  absl::flat_hash_set<BookId> quarantined_books_;
  absl::flat_hash_map<LineKey, Line> lines_;
  std::vector<LineKey> line_order_;  // of the first change
  absl::flat_hash_map<OrderId, OrderReservation> reservations_;
  absl::btree_map<std::pair<BookId, std::string>, RequestContent> requests_;
  std::vector<Movement> written_;
  std::vector<QuarantinedChange> quarantined_;
  std::vector<QuarantinedChange> newly_quarantined_;
  std::uint64_t movements_ = 0;
};

}  // namespace inventory
