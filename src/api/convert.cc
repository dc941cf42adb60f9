#include "api/convert.h"

namespace inventory {
namespace {

v1::OrderLineState ToProto(LineState state) {
  switch (state) {
    case LineState::kReserved: return v1::ORDER_LINE_STATE_RESERVED;
    case LineState::kSoldByDeduct:
    case LineState::kSoldByConfirm: return v1::ORDER_LINE_STATE_SOLD;
    case LineState::kReturned: return v1::ORDER_LINE_STATE_RELEASED;
    case LineState::kExpired: return v1::ORDER_LINE_STATE_EXPIRED;
    case LineState::kTombstone: break;
  }
  return v1::ORDER_LINE_STATE_UNSPECIFIED;
}

}  // namespace

void SetStockInfo(const BookStock& stock, v1::StockInfo& info) {
  SetFigures(stock, info);
  if (!stock.known) info.set_code(Info(Outcome::kBookNotFound).code);
}

void SetLog(const Movement& movement, v1::InventoryLog& log) {
  log.set_id(movement.id);
  log.set_book_id(movement.book);
  const std::string_view type = Name(movement.type);
  log.set_change_type(type.data(), type.size());
  log.set_quantity(movement.quantity);
  log.set_before_stock(movement.before);
  log.set_after_stock(movement.after);
  log.set_order_id(movement.order);
  log.set_created_at(movement.time / 1'000);
  log.set_remark(movement.remark);
  log.set_locked_after(movement.locked_after);
  log.set_created_at_ms(movement.time);
  log.set_sequence(movement.sequence);
  log.set_request_id(movement.request_id);
  log.set_actor(movement.actor);
}

void SetLineInfo(BookId book, const OrderLine& line, TimeMs deadline, v1::OrderLineInfo& info) {
  info.set_book_id(book);
  info.set_quantity(line.quantity);
  info.set_state(ToProto(line.state));
  if (line.state == LineState::kReserved) info.set_expires_at_ms(deadline);
}

v1::ReservationState ToProto(ReservationState state) {
  switch (state) {
    case ReservationState::kReserved: return v1::RESERVATION_STATE_RESERVED;
    case ReservationState::kConfirmed: return v1::RESERVATION_STATE_CONFIRMED;
    case ReservationState::kCancelled: return v1::RESERVATION_STATE_CANCELLED;
    case ReservationState::kExpired: return v1::RESERVATION_STATE_EXPIRED;
  }
  return v1::RESERVATION_STATE_UNSPECIFIED;
}

}  // namespace inventory
