#include "ledger/line_replay.h"

#include <utility>
#include <variant>

#include "redis/outbox_entry.h"

namespace inventory {
namespace {

// What the movement does to a book: available and locked, as differences.
struct Effect {
  std::int64_t available = 0;
  std::int64_t locked = 0;
};

Effect EffectOf(const Movement& movement, const OrderLine* line) {
  const std::int64_t quantity = movement.quantity;
  const bool reserved = line && line->state == LineState::kReserved;
  switch (movement.type) {
    case ChangeType::kDeduct: return {-quantity, 0};
    case ChangeType::kReserve: return {-quantity, quantity};
    case ChangeType::kRestock: return {quantity, 0};
    case ChangeType::kAdjust: return {std::int64_t{movement.after} - movement.before, 0};
    case ChangeType::kConfirm: return {0, -quantity};
    case ChangeType::kRelease: return {quantity, reserved ? -quantity : 0};
    case ChangeType::kCancel:
    case ChangeType::kExpire: return {quantity, -quantity};
  }
  return {};
}

// Why a line in this state cannot be moved so; empty: it can.
std::string LineMisfit(const Movement& movement, const OrderLine* line) {
  switch (movement.type) {
    case ChangeType::kRestock:
    case ChangeType::kAdjust: return {};
    case ChangeType::kDeduct:
    case ChangeType::kReserve: return line ? "the order has another line of the book" : "";
    case ChangeType::kRelease:
      return line && (line->state == LineState::kReserved ||
                      line->state == LineState::kSoldByDeduct ||
                      line->state == LineState::kSoldByConfirm)
                 ? ""
                 : "the order holds nothing of the book";
    case ChangeType::kConfirm:
    case ChangeType::kCancel:
    case ChangeType::kExpire:
      return line && line->state == LineState::kReserved ? "" : "the line is not reserved";
  }
  return "no such change";
}

std::string ReplayMovement(Movement movement, StockState& state) {
  const LineKey key{movement.order, movement.book};
  std::optional<OrderLine> after = LineAfter(movement);
  std::optional<OrderLine> line;
  if (after) {
    if (const OrderLine* found = state.FindLine(key)) line = *found;
    if (line && movement.type == ChangeType::kRelease && line->quantity == kUnknownQuantity) {
      after = OrderLine{LineState::kReturned, kUnknownQuantity, kUnknownQuantity};
    }
    if (line && *line == *after) return {};  // it was made
  }
  const OrderLine* const before_line = line ? &*line : nullptr;
  if (std::string why = LineMisfit(movement, before_line); !why.empty()) return why;

  Balance before;
  const Balance* const found = state.FindBook(movement.book);
  const bool makes_books =
      movement.type == ChangeType::kRestock || movement.type == ChangeType::kAdjust;
  if (!found && !makes_books) return "no restock or adjust has made the book";
  if (found) before = *found;
  const Effect effect = EffectOf(movement, before_line);
  const std::int64_t available = before.available + effect.available;
  const std::int64_t locked = before.locked + effect.locked;
  if (available < 0 || locked < 0) return "insufficient_stock";
  if (available + locked > kMaxStock) return "stock_limit";
  movement.sequence = before.sequence + 1;
  movement.before = before.available;
  movement.after = static_cast<Quantity>(available);
  movement.locked_after = static_cast<Quantity>(locked);
  state.Record(std::move(movement));
  if (after) state.SetLine(key, *after);
  return {};
}

}  // namespace

std::string Replay(const Fact& change, StockState& state) {
  if (const auto* movement = std::get_if<Movement>(&change)) {
    return ReplayMovement(*movement, state);
  }
  if (const auto* line = std::get_if<LineFact>(&change)) {
    if (!state.FindLine(line->key)) state.SetLine(line->key, line->line);
  }
  if (const auto* request = std::get_if<RequestFact>(&change)) {
    if (!state.FindRequest(request->book, request->request_id)) {
      state.SetRequest(request->book, request->request_id, request->content);
    }
  }
  return {};
}

}  // namespace inventory
