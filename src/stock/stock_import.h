// Brings exported facts into an empty store, and refuses what no stock could have come to.
//
// The movements are followed one by one, as the rules would have made them; all other facts must be
// what the movements have come to, so they are looked up and compared. What the movements do not
// tell is taken as it stands: tombstones, remembered cancels, deadlines, and whether an adjustment
// was to a figure or by a difference.
#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "stock/facts.h"
#include "stock/rules.h"

namespace inventory {

// Used by one thread. Memory does not grow with the facts: `state` finds them again. For each fact
// it is asked, at most, for
//
//   a movement          its order's line of its book; its book's request id
//   a balance           its book
//   an order line       itself
//   a reservation       its order's lines of its books
//   a request id        itself
//
// and then told the results, as by the rules, but for two things: Record's movement has a time of
// its own, and a request id is set twice where the movement alone does not tell its content.
class StockImport {
 public:
  // `state` is empty and outlives the import.
  explicit StockImport(StockState& state) : state_(state) {}

  // The next fact, in the order of facts.h. INVALID_ARGUMENT: names the fact and what is wrong with
  // it; `state` is then worthless.
  absl::Status Add(Fact fact);

  // After the last fact: whether any is missing. The store may be used only if this is OK.
  absl::Status Finish() const;

  const FactCounts& counts() const { return counts_; }

 private:
  absl::Status CheckOrder(const Fact& fact);
  absl::Status Take(Movement& movement);
  absl::Status Take(const BalanceFact& fact);
  absl::Status Take(const LineFact& fact);
  absl::Status Take(ReservationFact& fact);
  absl::Status Take(const RequestFact& fact);

  absl::Status CheckFields(const Movement& movement) const;
  absl::Status CheckFigures(const Movement& movement, bool was_reserved);
  absl::Status TakeOfOrder(Movement& movement);
  absl::Status TakeOfBook(Movement& movement);
  absl::Status CheckLines(const ReservationFact& fact);

  StockState& state_;
  FactCounts counts_;
  Fact last_;  // the key of the fact before; at first a movement of no book

  // Of the book whose movements are coming.
  Balance balance_;
  TimeMs time_ = 0;

  // What the movements made, and the other facts have yet to account for.
  std::uint64_t books_ = 0;
  std::uint64_t lines_ = 0;
  std::uint64_t requests_ = 0;
  // A sum over the lines that were ever reserved, less those that reservations have named: 0 if
  // they are the same. 64 bits of a salted hash, so that it is not 0 by chance or on purpose.
  std::uint64_t reserved_lines_ = 0;
};

}  // namespace inventory
