#include "stock/stock_import.h"

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/hash/hash.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace inventory {
namespace {

template <typename Any, typename... Parts>
absl::Status Wrong(const Any& fact, const Parts&... parts) {
  return absl::InvalidArgumentError(absl::StrCat(NameOf(fact), ": ", parts...));
}
template <typename... Parts>
absl::Status Missing(const Parts&... parts) {
  return absl::InvalidArgumentError(absl::StrCat(parts...));
}

std::string Text(const Balance& balance) {
  return absl::StrCat(balance.available, " available and ", balance.locked,
                      " locked after movement ", balance.sequence);
}
std::string Text(const OrderLine& line) {
  return absl::StrCat(std::string(Name(line.state)), " ", line.quantity, ", ",
                      line.released_quantity, " released");
}

bool IsOfOrder(ChangeType type) {
  return type != ChangeType::kRestock && type != ChangeType::kAdjust;
}

// A deduct and a release of a line that was taken over may say kUnknownQuantity.
Quantity LeastQuantity(ChangeType type) {
  switch (type) {
    case ChangeType::kAdjust: return 0;
    case ChangeType::kDeduct:
    case ChangeType::kRelease: return kUnknownQuantity;
    default: return 1;
  }
}

// The line after the movement; nullopt: a line in this state has no such movement.
std::optional<OrderLine> Next(const OrderLine* line, const Movement& movement) {
  const Quantity quantity = movement.quantity;
  if (movement.type == ChangeType::kDeduct || movement.type == ChangeType::kReserve) {
    if (line) return std::nullopt;
    return OrderLine{
        movement.type == ChangeType::kDeduct ? LineState::kSoldByDeduct : LineState::kReserved,
        quantity, 0};
  }
  if (!line) return std::nullopt;
  const bool is_reserved = line->state == LineState::kReserved;
  const bool is_sold =
      line->state == LineState::kSoldByDeduct || line->state == LineState::kSoldByConfirm;
  // What came back does not tell what was sold: the line's quantity stays unknown.
  if (movement.type == ChangeType::kRelease && is_sold && line->quantity == kUnknownQuantity) {
    return OrderLine{LineState::kReturned, kUnknownQuantity, kUnknownQuantity};
  }
  if (line->quantity != quantity) return std::nullopt;
  switch (movement.type) {
    case ChangeType::kConfirm:
      if (!is_reserved) return std::nullopt;
      return OrderLine{LineState::kSoldByConfirm, quantity, 0};
    case ChangeType::kCancel:
      if (!is_reserved) return std::nullopt;
      return OrderLine{LineState::kReturned, quantity, quantity};
    case ChangeType::kExpire:
      if (!is_reserved) return std::nullopt;
      return OrderLine{LineState::kExpired, quantity, quantity};
    case ChangeType::kRelease:
      if (!is_reserved && !is_sold) return std::nullopt;
      return OrderLine{LineState::kReturned, quantity, quantity};
    default: return std::nullopt;
  }
}

struct Effect {
  std::int64_t available = 0;
  std::int64_t locked = 0;
};

// By the verb and the quantity alone.
Effect EffectOf(const Movement& movement, bool was_reserved) {
  const std::int64_t quantity = movement.quantity;
  switch (movement.type) {
    case ChangeType::kDeduct: return {-quantity, 0};
    case ChangeType::kRelease: return {quantity, was_reserved ? -quantity : 0};
    case ChangeType::kRestock: return {quantity, 0};
    case ChangeType::kReserve: return {-quantity, quantity};
    case ChangeType::kConfirm: return {0, -quantity};
    case ChangeType::kCancel:
    case ChangeType::kExpire: return {quantity, -quantity};
    case ChangeType::kAdjust: return {movement.after >= movement.before ? quantity : -quantity, 0};
  }
  return {};
}

// What a movement tells of its request. An adjustment is put down as one to a figure that was
// expected, because its content, which comes later, can be checked against that.
RequestContent ContentOf(const Movement& movement) {
  if (movement.type == ChangeType::kRestock) {
    return {ChangeType::kRestock, false, movement.quantity, false, 0};
  }
  return {ChangeType::kAdjust, true, movement.after, true, movement.before};
}

// Whether a movement of which ContentOf told `told` can be of a request with this content.
bool Agrees(const RequestContent& content, const RequestContent& told) {
  if (told.type == ChangeType::kRestock) return content == told;
  const std::int64_t quantity =
      content.set_to ? told.quantity : std::int64_t{told.quantity} - told.expected;
  return content.type == ChangeType::kAdjust && content.quantity == quantity &&
         content.expected == (content.has_expected ? told.expected : 0);
}

// Whether a reservation in this state can have a line in that one.
bool Agrees(ReservationState reservation, LineState line) {
  switch (reservation) {
    case ReservationState::kReserved: return line == LineState::kReserved;
    case ReservationState::kConfirmed:
      return line == LineState::kSoldByConfirm || line == LineState::kReturned;
    case ReservationState::kCancelled: return line == LineState::kReturned;
    case ReservationState::kExpired: return line == LineState::kExpired;
  }
  return false;
}

std::uint64_t HashOf(OrderId order, BookId book, Quantity quantity) {
  return absl::Hash<std::tuple<OrderId, BookId, Quantity>>()({order, book, quantity});
}

// Whether a fact's key is above that of the fact before, which is of its kind.
struct IsAbove {
  bool operator()(const Movement& a, const Movement& b) const {
    return std::tie(a.book, a.sequence) > std::tie(b.book, b.sequence);
  }
  bool operator()(const BalanceFact& a, const BalanceFact& b) const { return a.book > b.book; }
  bool operator()(const LineFact& a, const LineFact& b) const { return a.key > b.key; }
  bool operator()(const ReservationFact& a, const ReservationFact& b) const {
    return a.order > b.order;
  }
  bool operator()(const RequestFact& a, const RequestFact& b) const {
    return std::tie(a.book, a.request_id) > std::tie(b.book, b.request_id);
  }
  template <typename A, typename B>
  bool operator()(const A&, const B&) const {
    return true;  // the kinds have been compared
  }
};

// Enough of a fact to compare the next one with.
struct KeyOf {
  Fact operator()(const Movement& fact) const {
    Movement key;
    key.book = fact.book;
    key.sequence = fact.sequence;
    return key;
  }
  Fact operator()(const BalanceFact& fact) const { return fact; }
  Fact operator()(const LineFact& fact) const { return fact; }
  Fact operator()(const ReservationFact& fact) const { return ReservationFact{fact.order, {}}; }
  Fact operator()(const RequestFact& fact) const { return fact; }
};

}  // namespace

absl::Status StockImport::Add(Fact fact) {
  RETURN_IF_ERROR(CheckOrder(fact));
  Fact key = std::visit(KeyOf{}, fact);
  RETURN_IF_ERROR(std::visit([this](auto& each) { return Take(each); }, fact));
  last_ = std::move(key);
  counts_.Add(last_);
  return absl::OkStatus();
}

absl::Status StockImport::CheckOrder(const Fact& fact) {
  if (counts_.total() == 0) return absl::OkStatus();
  const bool is_above = fact.index() == last_.index() ? std::visit(IsAbove{}, fact, last_)
                                                      : fact.index() > last_.index();
  if (is_above) return absl::OkStatus();
  return Wrong(fact, "comes after ", NameOf(last_), ": it comes twice, or out of order");
}

// ---- movements ----------------------------------------------------------------------------------

absl::Status StockImport::Take(Movement& movement) {
  const auto* const before = std::get_if<Movement>(&last_);
  if (!before || before->book != movement.book) {
    balance_ = {};
    time_ = 0;
    ++books_;
  }
  RETURN_IF_ERROR(CheckFields(movement));
  return IsOfOrder(movement.type) ? TakeOfOrder(movement) : TakeOfBook(movement);
}

absl::Status StockImport::CheckFields(const Movement& movement) const {
  const bool is_of_order = IsOfOrder(movement.type);
  if (movement.book == 0) return Wrong(movement, "the book's id is 0");
  if (movement.sequence != balance_.sequence + 1) {
    return Wrong(movement, "there is a gap: the movement before it is number ", balance_.sequence);
  }
  if (is_of_order != (movement.order != 0)) {
    return Wrong(movement, "a ", std::string(Name(movement.type)), " of order ", movement.order);
  }
  if (is_of_order && !movement.request_id.empty()) {
    return Wrong(movement, "a ", std::string(Name(movement.type)), " has no request id");
  }
  if (movement.quantity < LeastQuantity(movement.type)) {
    return Wrong(movement, "its quantity is ", movement.quantity);
  }
  if (movement.time < time_) {
    return Wrong(movement, "its time is before that of the movement before it");
  }
  if (std::max(movement.request_id.size(), movement.remark.size()) > kMaxTextBytes) {
    return Wrong(movement, "a text has more than ", kMaxTextBytes, " bytes");
  }
  return absl::OkStatus();
}

absl::Status StockImport::CheckFigures(const Movement& movement, bool was_reserved) {
  if (movement.before != balance_.available) {
    return Wrong(movement, "it starts at ", movement.before, " available, the movement before it ",
                 "ended at ", balance_.available);
  }
  const Effect effect = EffectOf(movement, was_reserved);
  const std::int64_t available = balance_.available + effect.available;
  const std::int64_t locked = balance_.locked + effect.locked;
  if (movement.after != available || movement.locked_after != locked) {
    return Wrong(movement, std::string(Name(movement.type)), " ", movement.quantity, " makes ",
                 available, " available and ", locked, " locked, not ", movement.after, " and ",
                 movement.locked_after);
  }
  if (available < 0 || locked < 0 || available + locked > kMaxStock) {
    return Wrong(movement, available, " available and ", locked, " locked are out of range");
  }
  balance_ = {movement.after, movement.locked_after, movement.sequence};
  time_ = movement.time;
  return absl::OkStatus();
}

absl::Status StockImport::TakeOfOrder(Movement& movement) {
  const LineKey key{movement.order, movement.book};
  const OrderLine* const found = state_.FindLine(key);
  const std::optional<OrderLine> line = Next(found, movement);
  if (!line) {
    return Wrong(movement, std::string(Name(movement.type)), " ", movement.quantity, " of order ",
                 movement.order, ", whose line is ", found ? Text(*found) : "none");
  }
  const bool is_first = !found;
  RETURN_IF_ERROR(CheckFigures(movement, found && found->state == LineState::kReserved));
  if (is_first) ++lines_;
  if (movement.type == ChangeType::kReserve) {
    reserved_lines_ += HashOf(key.order, key.book, movement.quantity);
  }
  state_.Record(std::move(movement));
  state_.SetLine(key, *line);
  return absl::OkStatus();
}

absl::Status StockImport::TakeOfBook(Movement& movement) {
  const BookId book = movement.book;
  const std::string request_id = movement.request_id;
  if (!request_id.empty() && state_.FindRequest(book, request_id)) {
    return Wrong(movement, "request id '", request_id, "' was done twice");
  }
  RETURN_IF_ERROR(CheckFigures(movement, false));
  const RequestContent content = ContentOf(movement);
  state_.Record(std::move(movement));
  if (!request_id.empty()) {
    ++requests_;
    state_.SetRequest(book, request_id, content);
  }
  return absl::OkStatus();
}

// ---- what the movements came to -----------------------------------------------------------------

absl::Status StockImport::Take(const BalanceFact& fact) {
  const Balance* const made = state_.FindBook(fact.book);
  if (!made) return Wrong(fact, "no movement has made the book");
  if (*made != fact.balance) {
    return Wrong(fact, "it is ", Text(fact.balance), ", the movements come to ", Text(*made));
  }
  return absl::OkStatus();
}

absl::Status StockImport::Take(const LineFact& fact) {
  if (fact.key.order == 0 || fact.key.book == 0) return Wrong(fact, "an id is 0");
  const OrderLine* const made = state_.FindLine(fact.key);
  if (fact.line.state != LineState::kTombstone) {
    if (!made) return Wrong(fact, "no movement has made the line");
    if (*made != fact.line) {
      return Wrong(fact, "it is ", Text(fact.line), ", its movements make it ", Text(*made));
    }
    --lines_;
    return absl::OkStatus();
  }
  if (made) {
    return Wrong(fact, "it is a tombstone, but its movements make it ", Text(*made));
  }
  if (fact.line != OrderLine{LineState::kTombstone, 0, 0}) {
    return Wrong(fact, "a tombstone has no quantity");
  }
  state_.SetLine(fact.key, fact.line);
  return absl::OkStatus();
}

absl::Status StockImport::Take(ReservationFact& fact) {
  const Reservation& reservation = fact.reservation;
  if (fact.order == 0) return Wrong(fact, "the order's id is 0");
  if (reservation.remembered) {
    if (reservation.state != ReservationState::kCancelled || reservation.deadline != 0 ||
        !reservation.lines.empty()) {
      return Wrong(fact, "a remembered cancel is cancelled and has nothing else");
    }
  } else {
    if (reservation.deadline <= 0) return Wrong(fact, "it has no deadline");
    RETURN_IF_ERROR(CheckLines(fact));
  }
  state_.SetReservation(fact.order, std::move(fact.reservation));
  return absl::OkStatus();
}

absl::Status StockImport::CheckLines(const ReservationFact& fact) {
  const Reservation& reservation = fact.reservation;
  std::vector<BookId> books;
  for (const ReservedLine& line : reservation.lines) {
    books.push_back(line.book);
    const OrderLine* const made = state_.FindLine({fact.order, line.book});
    if (!made || made->quantity != line.quantity || !Agrees(reservation.state, made->state)) {
      return Wrong(fact, "it is ", std::string(Name(reservation.state)), " and has ", line.quantity,
                   " of book ", line.book, ", whose line is ", made ? Text(*made) : "none");
    }
    reserved_lines_ -= HashOf(fact.order, line.book, line.quantity);
  }
  std::sort(books.begin(), books.end());
  if (books.empty() || std::adjacent_find(books.begin(), books.end()) != books.end()) {
    return Wrong(fact, "it has no line, or two of one book");
  }
  return absl::OkStatus();
}

absl::Status StockImport::Take(const RequestFact& fact) {
  const RequestContent* const told = state_.FindRequest(fact.book, fact.request_id);
  if (!told) return Wrong(fact, "no movement has it");
  if (!Agrees(fact.content, *told)) {
    return Wrong(fact, "its content is not what its movement did");
  }
  --requests_;
  if (*told != fact.content) state_.SetRequest(fact.book, fact.request_id, fact.content);
  return absl::OkStatus();
}

absl::Status StockImport::Finish() const {
  if (books_ != counts_.balances) {
    return Missing("of ", books_, " books with movements ", counts_.balances, " have a balance");
  }
  if (lines_ != 0) {
    return Missing(lines_, " order lines that the movements make are missing");
  }
  if (reserved_lines_ != 0) {
    return Missing("the reservations do not have the lines that the movements reserved: some are ",
                   "missing");
  }
  if (requests_ != 0) {
    return Missing(requests_, " request ids that the movements have are missing");
  }
  return absl::OkStatus();
}

}  // namespace inventory
