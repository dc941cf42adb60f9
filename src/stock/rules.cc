#include "stock/rules.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "stock/asked_lines.h"

namespace inventory {
namespace {

// Texts that go into a movement and change nothing else.
struct Note {
  std::string request_id = {};
  std::string remark = {};
};

// One command being decided: the state, the time, and the few steps the verbs share.
class Decision {
 public:
  Decision(TimeMs now, const std::string* actor, StockState& state)
      : now_(now), actor_(actor), state_(state) {}

  Reply operator()(const Deduct& command);
  Reply operator()(const Release& command);
  Reply operator()(const Restock& command);
  Reply operator()(const Adjust& command);
  Reply operator()(const Reserve& command);
  Reply operator()(const Confirm& command);
  Reply operator()(const Cancel& command);
  Reply operator()(const Expire& command);

 private:
  // The book's figures; an unknown book has none of anything.
  Balance BookNow(BookId book);
  // Logs a movement that takes the book from `before` to `after`.
  void Move(BookId book, ChangeType type, Quantity quantity, const Balance& before, Balance after,
            OrderId order, Note note = {});
  // Moves a reserved line back to available.
  void Unlock(OrderId order, const ReservedLine& line, ChangeType type, LineState state,
              const std::string& remark);
  void ExpireIfPassed(OrderId order);

  Reply Answer(Outcome outcome, BookId book);
  // The same outcome for each of the lines, held (ReservedLine) or asked for (AskedLine).
  template <typename Line>
  Reply Answer(Outcome outcome, const std::vector<Line>& lines, TimeMs deadline = 0);

  Reply RequestedBefore(const RequestContent* before, const RequestContent& content, BookId book);
  Reply ReleaseReserved(const Release& command, const OrderLine& line);
  Reply ReleaseSold(const Release& command, const OrderLine& line);
  Outcome CheckNewLine(OrderId order, const AskedLine& line);

  const TimeMs now_;
  const std::string* const actor_;
  StockState& state_;
};

bool NamesAll(Quantity asked, Quantity held) { return asked == 0 || asked == held; }

// Of a line that was sold or given back; see kUnknownQuantity.
bool MayBe(Quantity asked, Quantity held) { return asked == held || held == kUnknownQuantity; }

bool SameLines(std::vector<ReservedLine> held, std::vector<AskedLine> asked) {
  const auto by_book = [](const auto& a, const auto& b) { return a.book < b.book; };
  std::sort(held.begin(), held.end(), by_book);
  std::sort(asked.begin(), asked.end(), by_book);
  return std::equal(held.begin(), held.end(), asked.begin(), asked.end(),
                    [](const ReservedLine& a, const AskedLine& b) {
                      return a.book == b.book && a.quantity == b.quantity;
                    });
}

Balance Decision::BookNow(BookId book) {
  const Balance* found = state_.FindBook(book);
  return found ? *found : Balance{};
}

void Decision::Move(BookId book, ChangeType type, Quantity quantity, const Balance& before,
                    Balance after, OrderId order, Note note) {
  assert(after.available >= 0 && after.locked >= 0 && after.total() <= kMaxStock);
  Movement movement;
  movement.book = book;
  movement.sequence = before.sequence + 1;
  movement.type = type;
  movement.quantity = quantity;
  movement.before = before.available;
  movement.after = after.available;
  movement.locked_after = after.locked;
  movement.order = order;
  movement.time = now_;
  movement.request_id = std::move(note.request_id);
  movement.remark = std::move(note.remark);
  if (actor_) movement.actor = *actor_;
  state_.Record(std::move(movement));
}

void Decision::Unlock(OrderId order, const ReservedLine& line, ChangeType type, LineState state,
                      const std::string& remark) {
  const Balance before = BookNow(line.book);
  Balance after = before;
  after.available += line.quantity;
  after.locked -= line.quantity;
  Move(line.book, type, line.quantity, before, after, order, {{}, remark});
  state_.SetLine({order, line.book}, {state, line.quantity, line.quantity});
}

void Decision::ExpireIfPassed(OrderId order) {
  const Reservation* open = state_.FindOpenReservation(order);
  if (!open || !open->Passed(now_)) return;
  Reservation reservation = *open;
  for (const ReservedLine& line : reservation.lines) {
    Unlock(order, line, ChangeType::kExpire, LineState::kExpired, {});
  }
  reservation.state = ReservationState::kExpired;
  state_.SetReservation(order, std::move(reservation));
}

Reply Decision::Answer(Outcome outcome, BookId book) {
  Reply reply;
  reply.outcome = outcome;
  reply.available = BookNow(book).available;
  return reply;
}

template <typename Line>
Reply Decision::Answer(Outcome outcome, const std::vector<Line>& lines, TimeMs deadline) {
  Reply reply;
  reply.outcome = outcome;
  reply.deadline = deadline;
  reply.lines.reserve(lines.size());
  for (const Line& line : lines) {
    reply.lines.push_back({line.book, outcome, BookNow(line.book).available});
  }
  return reply;
}

Reply Decision::operator()(const Deduct& command) {
  ExpireIfPassed(command.order);
  const LineKey key{command.order, command.book};
  if (const OrderLine* line = state_.FindLine(key)) {
    switch (line->state) {
      case LineState::kSoldByDeduct:
        return Answer(MayBe(command.quantity, line->quantity) ? Outcome::kDuplicateOrder
                                                              : Outcome::kOrderConflict,
                      command.book);
      case LineState::kReserved:
      case LineState::kSoldByConfirm: return Answer(Outcome::kOrderConflict, command.book);
      case LineState::kReturned:
      case LineState::kExpired:
      case LineState::kTombstone: return Answer(Outcome::kOrderReleased, command.book);
    }
  }
  const Balance before = BookNow(command.book);
  if (before.available < command.quantity) return Answer(Outcome::kInsufficientStock, command.book);

  Balance after = before;
  after.available -= command.quantity;
  Move(command.book, ChangeType::kDeduct, command.quantity, before, after, command.order);
  state_.SetLine(key, {LineState::kSoldByDeduct, command.quantity, 0});
  Reply reply;
  reply.outcome = Outcome::kDeducted;
  reply.available = after.available;
  return reply;
}

Reply Decision::operator()(const Release& command) {
  ExpireIfPassed(command.order);
  const LineKey key{command.order, command.book};
  const OrderLine* found = state_.FindLine(key);
  if (!found) {
    state_.SetLine(key, {LineState::kTombstone, 0, 0});
    return Answer(Outcome::kNothingToRelease, command.book);
  }
  const OrderLine line = *found;
  switch (line.state) {
    case LineState::kReserved: return ReleaseReserved(command, line);
    case LineState::kSoldByDeduct:
    case LineState::kSoldByConfirm: return ReleaseSold(command, line);
    case LineState::kReturned:
    case LineState::kExpired:
      return Answer(
          NamesAll(command.quantity, line.quantity) || MayBe(command.quantity, line.quantity)
              ? Outcome::kDuplicateRelease
              : Outcome::kOrderConflict,
          command.book);
    case LineState::kTombstone: break;
  }
  return Answer(Outcome::kNothingToRelease, command.book);
}

// Only where the line is all of its reservation, which then ends as cancelled.
Reply Decision::ReleaseReserved(const Release& command, const OrderLine& line) {
  const Reservation* open = state_.FindOpenReservation(command.order);
  assert(open);
  if (open->lines.size() != 1 || !NamesAll(command.quantity, line.quantity)) {
    return Answer(Outcome::kOrderConflict, command.book);
  }
  Reservation reservation = *open;
  Unlock(command.order, reservation.lines.front(), ChangeType::kRelease, LineState::kReturned,
         command.reason);
  reservation.state = ReservationState::kCancelled;
  state_.SetReservation(command.order, std::move(reservation));
  return Answer(Outcome::kReleased, command.book);
}

Reply Decision::ReleaseSold(const Release& command, const OrderLine& line) {
  const bool unknown = line.quantity == kUnknownQuantity;
  if (unknown ? command.quantity == 0 : !NamesAll(command.quantity, line.quantity)) {
    return Answer(Outcome::kOrderConflict, command.book);
  }
  const Quantity quantity = unknown ? command.quantity : line.quantity;
  const Balance before = BookNow(command.book);
  if (before.total() + quantity > kMaxStock) return Answer(Outcome::kStockLimit, command.book);

  Balance after = before;
  after.available += quantity;
  Move(command.book, ChangeType::kRelease, quantity, before, after, command.order,
       {{}, command.reason});
  // What came back does not tell what was sold: an unknown quantity stays unknown.
  state_.SetLine({command.order, command.book},
                 {LineState::kReturned, line.quantity, line.quantity});
  return Answer(Outcome::kReleased, command.book);
}

Reply Decision::RequestedBefore(const RequestContent* before, const RequestContent& content,
                                BookId book) {
  return Answer(*before == content ? Outcome::kDuplicateRequest : Outcome::kRequestIdReused, book);
}

Reply Decision::operator()(const Restock& command) {
  const RequestContent content{ChangeType::kRestock, false, command.quantity, false, 0};
  if (!command.request_id.empty()) {
    if (const auto* found = state_.FindRequest(command.book, command.request_id)) {
      return RequestedBefore(found, content, command.book);
    }
  }
  const Balance before = BookNow(command.book);
  if (before.total() + command.quantity > kMaxStock) {
    return Answer(Outcome::kStockLimit, command.book);
  }
  Balance after = before;
  after.available += command.quantity;
  Move(command.book, ChangeType::kRestock, command.quantity, before, after, 0,
       {command.request_id, command.remark});
  if (!command.request_id.empty()) state_.SetRequest(command.book, command.request_id, content);
  return Answer(Outcome::kRestocked, command.book);
}

Reply Decision::operator()(const Adjust& command) {
  const RequestContent content{ChangeType::kAdjust, command.set_to, command.quantity,
                               command.expected.has_value(), command.expected.value_or(0)};
  if (!command.request_id.empty()) {
    if (const auto* found = state_.FindRequest(command.book, command.request_id)) {
      return RequestedBefore(found, content, command.book);
    }
  }
  const Balance before = BookNow(command.book);
  if (command.expected && *command.expected != before.available) {
    return Answer(Outcome::kStockChanged, command.book);
  }
  const std::int64_t available =
      command.set_to ? command.quantity : std::int64_t{before.available} + command.quantity;
  if (available < 0) return Answer(Outcome::kInsufficientStock, command.book);
  if (available + before.locked > kMaxStock) return Answer(Outcome::kStockLimit, command.book);

  // A count that confirms the figure is a movement too, of quantity 0: the audit wants it, and its
  // request id must be remembered, or a retry after the next sale would undo that sale.
  Balance after = before;
  after.available = static_cast<Quantity>(available);
  const Quantity moved =
      std::max(after.available, before.available) - std::min(after.available, before.available);
  Move(command.book, ChangeType::kAdjust, moved, before, after, 0,
       {command.request_id, command.reason});
  if (!command.request_id.empty()) state_.SetRequest(command.book, command.request_id, content);
  return Answer(Outcome::kAdjusted, command.book);
}

// What a line of a new reservation would come to: kReserved, or why not.
Outcome Decision::CheckNewLine(OrderId order, const AskedLine& line) {
  if (const OrderLine* found = state_.FindLine({order, line.book})) {
    switch (found->state) {
      case LineState::kReturned:
      case LineState::kExpired:
      case LineState::kTombstone: return Outcome::kOrderReleased;
      case LineState::kReserved:
      case LineState::kSoldByDeduct:
      case LineState::kSoldByConfirm: return Outcome::kOrderConflict;
    }
  }
  return BookNow(line.book).available < line.quantity ? Outcome::kInsufficientStock
                                                      : Outcome::kReserved;
}

Reply Decision::operator()(const Reserve& command) {
  ExpireIfPassed(command.order);
  const std::vector<AskedLine> lines = AddUp(command.lines);
  if (const Reservation* found = state_.FindReservation(command.order)) {
    const TimeMs deadline = found->deadline;
    switch (found->state) {
      case ReservationState::kReserved:
        return SameLines(found->lines, lines) ? Answer(Outcome::kDuplicateOrder, lines, deadline)
                                              : Answer(Outcome::kOrderConflict, lines, deadline);
      case ReservationState::kConfirmed: return Answer(Outcome::kOrderConflict, lines);
      case ReservationState::kCancelled: return Answer(Outcome::kOrderReleased, lines);
      case ReservationState::kExpired: return Answer(Outcome::kReservationExpired, lines);
    }
  }
  Reply reply = Answer(Outcome::kReserved, lines);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    reply.lines[i].outcome = CheckNewLine(command.order, lines[i]);
    reply.outcome = std::min(reply.outcome, reply.lines[i].outcome);
  }
  if (reply.outcome != Outcome::kReserved) return reply;

  Reservation reservation;
  reservation.deadline = reply.deadline = now_ + command.ttl;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const BookId book = lines[i].book;
    const auto quantity = static_cast<Quantity>(lines[i].quantity);  // no more than available
    const Balance before = BookNow(book);
    Balance after = before;
    after.available -= quantity;
    after.locked += quantity;
    Move(book, ChangeType::kReserve, quantity, before, after, command.order);
    state_.SetLine({command.order, book}, {LineState::kReserved, quantity, 0});
    reservation.lines.push_back({book, quantity});
    reply.lines[i].available = after.available;
  }
  state_.SetReservation(command.order, std::move(reservation));
  return reply;
}

Reply Decision::operator()(const Confirm& command) {
  ExpireIfPassed(command.order);
  const Reservation* found = state_.FindReservation(command.order);
  if (!found) return Answer(Outcome::kReservationNotFound, std::vector<ReservedLine>{});
  Reservation reservation = *found;
  switch (reservation.state) {
    case ReservationState::kReserved: break;
    case ReservationState::kConfirmed: {
      const bool given_back = std::all_of(
          reservation.lines.begin(), reservation.lines.end(), [&](const ReservedLine& line) {
            const OrderLine* state = state_.FindLine({command.order, line.book});
            return state && state->state == LineState::kReturned;
          });
      return Answer(given_back ? Outcome::kOrderReleased : Outcome::kDuplicateOrder,
                    reservation.lines);
    }
    case ReservationState::kCancelled: return Answer(Outcome::kOrderReleased, reservation.lines);
    case ReservationState::kExpired: return Answer(Outcome::kReservationExpired, reservation.lines);
  }
  for (const ReservedLine& line : reservation.lines) {
    const Balance before = BookNow(line.book);
    Balance after = before;
    after.locked -= line.quantity;
    Move(line.book, ChangeType::kConfirm, line.quantity, before, after, command.order);
    state_.SetLine({command.order, line.book}, {LineState::kSoldByConfirm, line.quantity, 0});
  }
  reservation.state = ReservationState::kConfirmed;
  Reply reply = Answer(Outcome::kConfirmed, reservation.lines);
  state_.SetReservation(command.order, std::move(reservation));
  return reply;
}

Reply Decision::operator()(const Cancel& command) {
  ExpireIfPassed(command.order);
  const Reservation* found = state_.FindReservation(command.order);
  if (!found) {
    Reservation remembered;
    remembered.state = ReservationState::kCancelled;
    remembered.remembered = true;
    state_.SetReservation(command.order, std::move(remembered));
    return Answer(Outcome::kReservationNotFound, std::vector<ReservedLine>{});
  }
  Reservation reservation = *found;
  switch (reservation.state) {
    case ReservationState::kReserved: break;
    case ReservationState::kConfirmed: return Answer(Outcome::kOrderConflict, reservation.lines);
    case ReservationState::kCancelled:
      return Answer(
          reservation.remembered ? Outcome::kReservationNotFound : Outcome::kDuplicateRelease,
          reservation.lines);
    case ReservationState::kExpired: return Answer(Outcome::kReservationExpired, reservation.lines);
  }
  for (const ReservedLine& line : reservation.lines) {
    Unlock(command.order, line, ChangeType::kCancel, LineState::kReturned, command.reason);
  }
  reservation.state = ReservationState::kCancelled;
  Reply reply = Answer(Outcome::kCancelled, reservation.lines);
  state_.SetReservation(command.order, std::move(reservation));
  return reply;
}

Reply Decision::operator()(const Expire& command) {
  ExpireIfPassed(command.order);
  return Reply{};
}

}  // namespace

Reply Decide(const Command& command, TimeMs now, StockState& state) {
  return std::visit(Decision(now, command.actor.get(), state), command.verb);
}

}  // namespace inventory
