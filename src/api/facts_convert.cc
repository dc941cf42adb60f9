#include "api/facts_convert.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "api/convert.h"

namespace inventory {
namespace {

class Setter {
 public:
  explicit Setter(v1::StockFacts& message) : message_(message) {}

  void operator()(const Movement& fact) const {
    v1::InventoryLog& log = *message_.mutable_movement();
    SetLog(fact, log);
    log.clear_id();
    log.clear_created_at();
  }
  void operator()(const BalanceFact& fact) const {
    SetFigures(BookStock{fact.book, true, fact.balance}, *message_.mutable_balance());
  }
  void operator()(const LineFact& fact) const {
    v1::OrderLineFact& line = *message_.mutable_line();
    line.set_order_id(fact.key.order);
    line.set_book_id(fact.key.book);
    line.set_state(std::string(Name(fact.line.state)));
    line.set_quantity(fact.line.quantity);
    line.set_released_quantity(fact.line.released_quantity);
  }
  void operator()(const ReservationFact& fact) const {
    v1::ReservationFact& reservation = *message_.mutable_reservation();
    reservation.set_order_id(fact.order);
    reservation.set_state(ToProto(fact.reservation.state));
    reservation.set_deadline_ms(fact.reservation.deadline);
    reservation.set_remembered(fact.reservation.remembered);
    for (const ReservedLine& each : fact.reservation.lines) {
      v1::OrderLine& line = *reservation.add_lines();
      line.set_book_id(each.book);
      line.set_quantity(each.quantity);
    }
  }
  void operator()(const RequestFact& fact) const {
    v1::RequestFact& request = *message_.mutable_request();
    request.set_book_id(fact.book);
    request.set_request_id(fact.request_id);
    request.set_change_type(std::string(Name(fact.content.type)));
    request.set_quantity(fact.content.quantity);
    request.set_set_to(fact.content.set_to);
    if (fact.content.has_expected) request.set_expected_stock(fact.content.expected);
  }

 private:
  v1::StockFacts& message_;
};

template <typename... Parts>
absl::Status Wrong(const Parts&... parts) {
  return absl::InvalidArgumentError(absl::StrCat(parts...));
}

absl::StatusOr<Fact> FromMovement(const v1::InventoryLog& log) {
  const ChangeType* const type = FindChangeType(log.change_type());
  Movement fact;
  fact.book = log.book_id();
  fact.sequence = log.sequence();
  if (!type) return Wrong(NameOf(fact), ": no change is a '", log.change_type(), "'");
  fact.type = *type;
  fact.quantity = log.quantity();
  fact.before = log.before_stock();
  fact.after = log.after_stock();
  fact.locked_after = log.locked_after();
  fact.order = log.order_id();
  fact.time = log.created_at_ms();
  fact.request_id = log.request_id();
  fact.remark = log.remark();
  fact.actor = log.actor();
  return Fact(std::move(fact));
}

absl::StatusOr<Fact> FromBalance(const v1::StockInfo& info) {
  const BalanceFact fact{info.book_id(), {info.stock(), info.locked_stock(), info.sequence()}};
  if (info.total_stock() != fact.balance.total()) {
    return Wrong(NameOf(fact), ": the total is not the sum of stock and locked stock");
  }
  return Fact(fact);
}

absl::StatusOr<Fact> FromLine(const v1::OrderLineFact& line) {
  const LineState* const state = FindLineState(line.state());
  LineFact fact{{line.order_id(), line.book_id()}, {}};
  if (!state) return Wrong(NameOf(fact), ": no line is '", line.state(), "'");
  fact.line = {*state, line.quantity(), line.released_quantity()};
  return Fact(fact);
}

absl::StatusOr<Fact> FromReservation(const v1::ReservationFact& message) {
  ReservationFact fact;
  fact.order = message.order_id();
  Reservation& reservation = fact.reservation;
  switch (message.state()) {
    case v1::RESERVATION_STATE_RESERVED: reservation.state = ReservationState::kReserved; break;
    case v1::RESERVATION_STATE_CONFIRMED: reservation.state = ReservationState::kConfirmed; break;
    case v1::RESERVATION_STATE_CANCELLED: reservation.state = ReservationState::kCancelled; break;
    case v1::RESERVATION_STATE_EXPIRED: reservation.state = ReservationState::kExpired; break;
    default: return Wrong(NameOf(fact), ": no reservation has state ", message.state());
  }
  reservation.deadline = message.deadline_ms();
  reservation.remembered = message.remembered();
  for (const v1::OrderLine& line : message.lines()) {
    reservation.lines.push_back({line.book_id(), line.quantity()});
  }
  return Fact(std::move(fact));
}

absl::StatusOr<Fact> FromRequest(const v1::RequestFact& request) {
  const ChangeType* const type = FindChangeType(request.change_type());
  RequestFact fact{request.book_id(), request.request_id(), {}};
  if (!type) return Wrong(NameOf(fact), ": no change is a '", request.change_type(), "'");
  fact.content = {*type, request.set_to(), request.quantity(), request.has_expected_stock(),
                  request.expected_stock()};
  return Fact(std::move(fact));
}

}  // namespace

void SetFact(const Fact& fact, v1::StockFacts& message) { std::visit(Setter(message), fact); }

absl::StatusOr<Fact> ToFact(const v1::StockFacts& message) {
  switch (message.fact_case()) {
    case v1::StockFacts::kMovement: return FromMovement(message.movement());
    case v1::StockFacts::kBalance: return FromBalance(message.balance());
    case v1::StockFacts::kLine: return FromLine(message.line());
    case v1::StockFacts::kReservation: return FromReservation(message.reservation());
    case v1::StockFacts::kRequest: return FromRequest(message.request());
    case v1::StockFacts::kHeader: return Wrong("a header comes first, and only there");
    case v1::StockFacts::kTrailer: return Wrong("a trailer comes last, and only there");
    case v1::StockFacts::FACT_NOT_SET: break;
  }
  return Wrong("a fact of a kind that this version does not know, or an empty one");
}

}  // namespace inventory
