// Domain values as messages of the wire contract.
#pragma once

#include "inventory/v1/inventory.pb.h"
#include "stock/outcome.h"
#include "stock/stock_store.h"

namespace inventory {

template <typename Response>
void SetOutcome(Outcome outcome, Response& response) {
  const OutcomeInfo& info = Info(outcome);
  response.set_code(info.code);
  response.set_message(info.message.data(), info.message.size());
}

// GetStockResponse, StockInfo and StockChange have these fields in common.
template <typename Message>
void SetFigures(const BookStock& stock, Message& message) {
  message.set_book_id(stock.book);
  message.set_stock(stock.balance.available);
  message.set_locked_stock(stock.balance.locked);
  message.set_total_stock(static_cast<Quantity>(stock.balance.total()));
  message.set_sequence(stock.balance.sequence);
}

void SetStockInfo(const BookStock& stock, v1::StockInfo& info);
void SetLog(const Movement& movement, v1::InventoryLog& log);
// `deadline` is that of the order's reservation. The line is none of the tombstones, which are
// never shown.
void SetLineInfo(BookId book, const OrderLine& line, TimeMs deadline, v1::OrderLineInfo& info);
v1::ReservationState ToProto(ReservationState state);

}  // namespace inventory
