#include "ledger/ledger_batch.h"

#include <algorithm>
#include <cstddef>
#include <variant>

#include "absl/strings/str_cat.h"
#include "base/utf8.h"

namespace inventory {
namespace {

constexpr std::size_t kMaxReasonBytes = 250;

// 0: a reservation is no single book's.
BookId BookOf(const Fact& fact) {
  if (const auto* movement = std::get_if<Movement>(&fact)) return movement->book;
  if (const auto* line = std::get_if<LineFact>(&fact)) return line->key.book;
  if (const auto* request = std::get_if<RequestFact>(&fact)) return request->book;
  return 0;
}

bool IsReservation(const Fact& fact) { return std::holds_alternative<ReservationFact>(fact); }

bool MakesItsLine(ChangeType type) {
  return type == ChangeType::kDeduct || type == ChangeType::kReserve;
}

// Whether the movement's figures are what its type does to a book with so many locked.
bool FiguresAgree(const Movement& movement, Quantity locked_before) {
  const std::int64_t available = std::int64_t{movement.after} - movement.before;
  const std::int64_t locked = std::int64_t{movement.locked_after} - locked_before;
  const std::int64_t quantity = movement.quantity;
  switch (movement.type) {
    case ChangeType::kDeduct: return available == -quantity && locked == 0;
    case ChangeType::kRelease: return available == quantity && (locked == 0 || locked == -quantity);
    case ChangeType::kRestock: return available == quantity && locked == 0;
    case ChangeType::kReserve: return available == -quantity && locked == quantity;
    case ChangeType::kConfirm: return available == 0 && locked == -quantity;
    case ChangeType::kCancel:
    case ChangeType::kExpire: return available == quantity && locked == -quantity;
    case ChangeType::kAdjust:
      return (available == quantity || available == -quantity) && locked == 0;
  }
  return false;
}

bool WithinLimits(const Movement& movement) {
  return movement.book != 0 && movement.quantity >= 0 && movement.after >= 0 &&
         movement.locked_after >= 0 &&
         std::int64_t{movement.after} + movement.locked_after <= kMaxStock;
}

bool IsStorable(std::string_view text) { return text.size() <= kMaxTextBytes && IsUtf8(text); }

std::string Figures(const Balance& balance) {
  return absl::StrCat("movement ", balance.sequence, ", ", balance.available, " available, ",
                      balance.locked, " locked");
}

// The reservation that the entry says the movement's order has made.
const ReservationFact* FindReservation(const std::vector<Fact>& facts, OrderId order) {
  for (const Fact& fact : facts) {
    const auto* reservation = std::get_if<ReservationFact>(&fact);
    if (reservation && reservation->order == order && !reservation->reservation.lines.empty()) {
      return reservation;
    }
  }
  return nullptr;
}

// The change at `position` as text. A reserved line's place is told by its reservation only.
std::string TextOf(const std::vector<Fact>& facts, std::size_t position) {
  std::vector<Fact> told{facts[position]};
  const auto* movement = std::get_if<Movement>(&facts[position]);
  if (movement && movement->type == ChangeType::kReserve) {
    if (const ReservationFact* made = FindReservation(facts, movement->order)) {
      told.push_back(*made);
    }
  }
  return EncodeChanges(told);
}

}  // namespace

DecodedEntry Decode(const RememberedEntry& entry) {
  return {{entry.epoch, entry.number},
          entry.time,
          entry.changes,
          DecodeChanges(entry.changes, entry.time)};
}

void LedgerBatch::AddNeeded(const DecodedEntry& entry, NeededFacts& needed) {
  if (!entry.facts.ok()) return;
  for (const Fact& fact : *entry.facts) {
    needed.Add(fact);
    if (const auto* line = std::get_if<LineFact>(&fact)) needed.books.insert(line->key.book);
    if (const auto* made = std::get_if<ReservationFact>(&fact)) {
      needed.reservations.insert(made->order);
    }
  }
}

void LedgerBatch::LoadBook(const BookStock& stock) {
  books_[stock.book] = {.balance = stock.balance, .stored = true};
}

// ---- whether it fits ----------------------------------------------------------------------------

bool LedgerBatch::Fits(const DecodedEntry& entry) const {
  if (!entry.facts.ok()) return false;
  Balances ahead;
  for (const Fact& fact : *entry.facts) {
    const BookId book = BookOf(fact);
    if (book != 0 && quarantined_books_.contains(book)) return false;
    if (!Misfit(fact, ahead).empty()) return false;
    if (const auto* movement = std::get_if<Movement>(&fact)) {
      ahead[book] = {movement->after, movement->locked_after, movement->sequence};
    }
  }
  return true;
}

std::string LedgerBatch::Misfit(const Fact& fact, const Balances& ahead) const {
  if (const auto* movement = std::get_if<Movement>(&fact)) return MovementMisfit(*movement, ahead);
  if (const auto* line = std::get_if<LineFact>(&fact)) return NewLineMisfit(line->key);
  if (const auto* request = std::get_if<RequestFact>(&fact)) return RequestMisfit(*request);
  return {};
}

std::string LedgerBatch::MovementMisfit(const Movement& movement, const Balances& ahead) const {
  Balance before;
  bool known = true;
  if (const auto next = ahead.find(movement.book); next != ahead.end()) {
    before = next->second;
  } else if (const auto book = books_.find(movement.book); book != books_.end()) {
    before = book->second.balance;
  } else {
    known = movement.type == ChangeType::kRestock || movement.type == ChangeType::kAdjust;
  }
  if (!known) return absl::StrCat("no restock or adjust has made book ", movement.book);
  if (movement.sequence != before.sequence + 1 || movement.before != before.available) {
    return absl::StrCat("movement ", movement.sequence, " begins with ", movement.before,
                        " available; the ledger's book has ", Figures(before));
  }
  if (!WithinLimits(movement) || !FiguresAgree(movement, before.locked)) {
    return absl::StrCat("movement ", movement.sequence, ", ", std::string(Name(movement.type)),
                        " of ", movement.quantity, ", leaves ", movement.after, " available and ",
                        movement.locked_after, " locked; before it the book had ", Figures(before));
  }
  if (!IsStorable(movement.request_id) || !IsStorable(movement.remark) ||
      !IsStorable(movement.actor)) {
    return "one of its texts is too long, or no UTF-8";
  }
  if (movement.order == 0) return {};
  const LineKey key{movement.order, movement.book};
  return MakesItsLine(movement.type) ? NewLineMisfit(key) : OldLineMisfit(key);
}

std::string LedgerBatch::NewLineMisfit(LineKey key) const {
  if (!lines_.contains(key) && !(rows_ && rows_->FindLine(key))) return {};
  return absl::StrCat("order ", key.order, " has a line of the book already");
}

std::string LedgerBatch::OldLineMisfit(LineKey key) const {
  if (!rows_ || lines_.contains(key) || rows_->FindLine(key)) return {};
  return absl::StrCat("order ", key.order, " has no line of the book");
}

std::string LedgerBatch::RequestMisfit(const RequestFact& fact) const {
  const std::pair<BookId, std::string> key{fact.book, fact.request_id};
  if (fact.book == 0 || !IsStorable(fact.request_id)) return "its request id cannot be stored";
  if (!requests_.contains(key) && !(rows_ && rows_->FindRequest(fact.book, fact.request_id)))
    return {};
  return "its request id stands for something already";
}

// ---- taking in ----------------------------------------------------------------------------------

void LedgerBatch::Add(const DecodedEntry& entry) {
  if (!entry.facts.ok()) return Refuse(entry, std::string(entry.facts.status().message()));
  const std::vector<Fact>& facts = *entry.facts;
  for (std::size_t i = 0; i < facts.size(); ++i) {
    if (!IsReservation(facts[i])) AddChange(entry, i);
  }
  // Behind all lines, since it tells their places.
  for (const Fact& fact : facts) {
    if (IsReservation(fact)) Take(fact);
  }
}

void LedgerBatch::AddChange(const DecodedEntry& entry, std::size_t position) {
  const Fact& fact = (*entry.facts)[position];
  const BookId book = BookOf(fact);
  if (std::holds_alternative<Movement>(fact)) ++movements_;
  std::string why = quarantined_books_.contains(book) ? "stands behind a change that did not fit"
                                                      : Misfit(fact, /*ahead=*/{});
  if (why.empty()) return Take(fact);
  Quarantine({book, entry.id, static_cast<std::uint32_t>(position), entry.time,
              TextOf(*entry.facts, position), std::move(why)});
}

std::string LedgerBatch::AddFromQuarantine(const DecodedEntry& entry) {
  if (!entry.facts.ok()) return std::string(entry.facts.status().message());
  for (const Fact& fact : *entry.facts) {
    if (std::string why = Misfit(fact, /*ahead=*/{}); !why.empty()) return why;
  }
  for (const Fact& fact : *entry.facts) {
    if (!IsReservation(fact)) Take(fact);
  }
  for (const Fact& fact : *entry.facts) {
    if (const auto* reservation = std::get_if<ReservationFact>(&fact)) TakePlaces(*reservation);
  }
  return {};
}

void LedgerBatch::Refuse(const DecodedEntry& entry, std::string_view reason) {
  if (!entry.facts.ok() || entry.facts->empty()) {
    return Quarantine({0, entry.id, 0, entry.time, entry.changes, std::string(reason)});
  }
  for (std::size_t i = 0; i < entry.facts->size(); ++i) {
    const Fact& fact = (*entry.facts)[i];
    if (std::holds_alternative<Movement>(fact)) ++movements_;
    if (IsReservation(fact)) continue;
    Quarantine({BookOf(fact), entry.id, static_cast<std::uint32_t>(i), entry.time,
                TextOf(*entry.facts, i), std::string(reason)});
  }
}

void LedgerBatch::Quarantine(QuarantinedChange change) {
  // A server may have quoted what was refused.
  for (char& c : change.reason) {
    if (c < ' ' || c > '~') c = '?';
  }
  change.reason.resize(std::min(change.reason.size(), kMaxReasonBytes));
  // An entry that says nothing holds nothing up: what comes after it will not fit by itself.
  if (change.book == 0 || quarantined_books_.insert(change.book).second) {
    newly_quarantined_.push_back(change);
  }
  quarantined_.push_back(std::move(change));
}

void LedgerBatch::Take(const Fact& fact) {
  if (const auto* movement = std::get_if<Movement>(&fact)) {
    TakeMovement(*movement);
  } else if (const auto* line = std::get_if<LineFact>(&fact)) {
    lines_[line->key] = {.line = line->line, .is_new = true};
    line_order_.push_back(line->key);
  } else if (const auto* reservation = std::get_if<ReservationFact>(&fact)) {
    TakeReservation(*reservation);
  } else if (const auto* request = std::get_if<RequestFact>(&fact)) {
    requests_[{request->book, request->request_id}] = request->content;
  }
}

void LedgerBatch::TakeMovement(const Movement& movement) {
  Book& book = books_[movement.book];
  book.balance = {movement.after, movement.locked_after, movement.sequence};
  book.changed = true;
  book.time = movement.time;
  written_.push_back(movement);
  const std::optional<OrderLine> after = LineAfter(movement);
  if (!after) return;
  const LineKey key{movement.order, movement.book};
  const auto [line, first] = lines_.try_emplace(key);
  line->second.line = *after;
  if (!first) return;
  line->second.is_new = MakesItsLine(movement.type);
  line_order_.push_back(key);
}

void LedgerBatch::TakeReservation(const ReservationFact& fact) {
  const auto [found, first] = reservations_.try_emplace(fact.order);
  const bool begins =
      fact.reservation.state == ReservationState::kReserved || fact.reservation.remembered;
  if (first) {
    found->second.is_new = rows_ ? !rows_->FindReservation(fact.order) : begins;
  }
  found->second.reservation = fact.reservation;
  TakePlaces(fact);
}

void LedgerBatch::TakePlaces(const ReservationFact& fact) {
  for (std::size_t i = 0; i < fact.reservation.lines.size(); ++i) {
    const auto line = lines_.find({fact.order, fact.reservation.lines[i].book});
    if (line != lines_.end()) line->second.position = static_cast<std::uint32_t>(i);
  }
}

// ---- writing ------------------------------------------------------------------------------------

void LedgerBatch::Write(RowStatements& statements) const {
  WriteLines(statements);
  WriteReservations(statements);
  for (const auto& [key, content] : requests_) {
    statements.InsertRequest(key.first, key.second, content);
  }
  for (const auto& [id, book] : books_) {
    if (!book.changed) continue;
    if (book.stored) {
      statements.UpdateBook(id, book.balance, book.time);
    } else {
      statements.InsertBook(id, book.balance, book.time);
    }
  }
  for (const Movement& movement : written_) statements.InsertMovement(movement);
}

void LedgerBatch::WriteLines(RowStatements& statements) const {
  absl::btree_map<std::pair<BookId, LineState>, std::vector<OrderId>> moved;
  for (const LineKey& key : line_order_) {
    const Line& line = lines_.at(key);
    if (line.is_new) {
      statements.InsertLine({key, line.line, line.position});
    } else {
      moved[{key.book, line.line.state}].push_back(key.order);
    }
  }
  for (const auto& [what, orders] : moved) {
    statements.MoveLines(what.first, what.second, orders);
  }
}

void LedgerBatch::WriteReservations(RowStatements& statements) const {
  absl::btree_map<ReservationState, std::vector<OrderId>> moved;
  for (const auto& [order, reservation] : reservations_) {
    if (reservation.is_new) {
      statements.InsertReservation(order, reservation.reservation);
    } else {
      moved[reservation.reservation.state].push_back(order);
    }
  }
  for (const auto& [state, orders] : moved) statements.MoveReservations(state, orders);
}

}  // namespace inventory
