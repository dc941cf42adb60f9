#include "ledger/entry_commands.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "stock/outcome.h"

namespace inventory {
namespace {

// Makes the commands of one entry.
class Reader {
 public:
  explicit Reader(const DecodedEntry& entry) : entry_(entry) {
    for (const Fact& fact : *entry.facts) {
      if (const auto* request = std::get_if<RequestFact>(&fact)) {
        requests_[{request->book, request->request_id}] = request->content;
      } else if (const auto* movement = std::get_if<Movement>(&fact)) {
        by_order_[{movement->order, movement->type}].push_back(movement);
      }
    }
  }

  void operator()(const Movement& movement);
  void operator()(const BalanceFact&) {}
  void operator()(const LineFact& fact) {
    Add(Release{fact.key.book, fact.key.order, 0, ""}, {}).only_if_new = true;
  }
  void operator()(const ReservationFact& fact);
  void operator()(const RequestFact& fact);

  std::vector<EntryCommand> Take() { return std::move(commands_); }

 private:
  using Request = std::pair<BookId, std::string>;

  template <typename Verb>
  EntryCommand& Add(Verb verb, std::vector<LostChange> promised, const std::string& actor = {}) {
    EntryCommand command;
    command.command.verb = std::move(verb);
    if (!actor.empty()) command.command.actor = std::make_shared<const std::string>(actor);
    command.entry = entry_.id;
    command.time = entry_.time;
    command.promised = std::move(promised);
    commands_.push_back(std::move(command));
    return commands_.back();
  }
  // The movements that the verb made of the order's lines here.
  std::vector<LostChange> Promised(OrderId order, ChangeType type) const;
  bool Moves(OrderId order, ChangeType type) const { return by_order_.contains({order, type}); }
  // Confirm, cancel and expire stand for all lines of their order: once.
  void AddOfOrder(OrderId order, ChangeType type);
  void AddOfRequest(BookId book, const std::string& request_id, const RequestContent& content,
                    const Movement* movement);
  // A movement of what was only confirmed to be done says no figures.
  bool numbered() const { return entry_.id.number != RememberedEntry::kNoNumber; }

  const DecodedEntry& entry_;
  std::map<Request, RequestContent> requests_;
  std::map<std::pair<OrderId, ChangeType>, std::vector<const Movement*>> by_order_;
  std::set<std::pair<OrderId, ChangeType>> added_;
  std::set<Request> added_requests_;
  std::vector<EntryCommand> commands_;
};

LostChange Loss(const Movement& movement) {
  return {movement.book, movement.order, movement.type, movement.quantity, {}};
}

std::vector<LostChange> Reader::Promised(OrderId order, ChangeType type) const {
  std::vector<LostChange> promised;
  if (const auto found = by_order_.find({order, type}); found != by_order_.end()) {
    for (const Movement* movement : found->second) promised.push_back(Loss(*movement));
  }
  if (promised.empty()) promised.push_back({0, order, type, 0, {}});
  return promised;
}

void Reader::AddOfOrder(OrderId order, ChangeType type) {
  if (!added_.emplace(order, type).second) return;
  std::string actor;
  std::string reason;
  if (const auto found = by_order_.find({order, type}); found != by_order_.end()) {
    actor = found->second.front()->actor;
    reason = found->second.front()->remark;
  }
  switch (type) {
    case ChangeType::kConfirm: Add(Confirm{order}, Promised(order, type), actor); break;
    case ChangeType::kCancel: Add(Cancel{order, reason}, Promised(order, type), actor); break;
    default: Add(Expire{order}, {}, actor); break;  // in the name of who found it
  }
}

void Reader::operator()(const Movement& movement) {
  switch (movement.type) {
    case ChangeType::kDeduct:
      Add(Deduct{movement.book, movement.order, movement.quantity}, {Loss(movement)},
          movement.actor);
      break;
    case ChangeType::kRelease:
      Add(Release{movement.book, movement.order, movement.quantity, movement.remark},
          {Loss(movement)}, movement.actor);
      break;
    case ChangeType::kRestock:
    case ChangeType::kAdjust: {
      RequestContent content{movement.type, false, movement.quantity, false, 0};
      if (movement.type == ChangeType::kAdjust) content.quantity = movement.after - movement.before;
      const auto asked = requests_.find({movement.book, movement.request_id});
      if (asked != requests_.end()) content = asked->second;
      AddOfRequest(movement.book, movement.request_id, content, &movement);
      break;
    }
    case ChangeType::kReserve: break;  // by its reservation
    case ChangeType::kConfirm:
    case ChangeType::kCancel:
    case ChangeType::kExpire: AddOfOrder(movement.order, movement.type); break;
  }
}

void Reader::operator()(const ReservationFact& fact) {
  const Reservation& made = fact.reservation;
  switch (made.state) {
    case ReservationState::kReserved: {
      std::vector<LostChange> promised;
      for (const ReservedLine& line : made.lines) {
        promised.push_back({line.book, fact.order, ChangeType::kReserve, line.quantity, {}});
      }
      const auto found = by_order_.find({fact.order, ChangeType::kReserve});
      Add(Reserve{fact.order, made.lines, std::max<TimeMs>(made.deadline - entry_.time, 1)},
          std::move(promised),
          found == by_order_.end() ? std::string() : found->second.front()->actor);
      break;
    }
    case ReservationState::kConfirmed: AddOfOrder(fact.order, ChangeType::kConfirm); break;
    case ReservationState::kCancelled:
      if (made.remembered) {
        Add(Cancel{fact.order, ""}, {});
      } else if (!Moves(fact.order, ChangeType::kRelease)) {
        AddOfOrder(fact.order, ChangeType::kCancel);
      }  // else the release of its only line has ended it
      break;
    case ReservationState::kExpired: AddOfOrder(fact.order, ChangeType::kExpire); break;
  }
}

// Without a movement where only a duplicate was told.
void Reader::operator()(const RequestFact& fact) {
  for (const ChangeType type : {ChangeType::kRestock, ChangeType::kAdjust}) {
    const auto found = by_order_.find({0, type});
    if (found == by_order_.end()) continue;
    for (const Movement* movement : found->second) {
      if (movement->book == fact.book && movement->request_id == fact.request_id) return;
    }
  }
  AddOfRequest(fact.book, fact.request_id, fact.content, nullptr);
}

void Reader::AddOfRequest(BookId book, const std::string& request_id, const RequestContent& content,
                          const Movement* movement) {
  if (!request_id.empty() && !added_requests_.emplace(book, request_id).second) return;
  const std::string remark = movement ? movement->remark : "";
  const std::string actor = movement ? movement->actor : "";
  const Quantity quantity = movement && numbered() ? movement->quantity : content.quantity;
  const std::vector<LostChange> promised{{book, 0, content.type, quantity, {}}};
  EntryCommand* command = nullptr;
  if (content.type == ChangeType::kRestock) {
    command = &Add(Restock{book, quantity, request_id, remark}, promised, actor);
  } else if (movement && numbered()) {
    // As it came out, not as it was asked for: it was decided on stock that may be another now.
    command = &Add(
        Adjust{book, false, movement->after - movement->before, std::nullopt, request_id, remark},
        promised, actor);
  } else {
    std::optional<Quantity> expected;
    if (content.has_expected) expected = content.expected;
    command = &Add(Adjust{book, content.set_to, content.quantity, expected, request_id, remark},
                   promised, actor);
  }
  if (!request_id.empty()) command->content = content;
}

// Of a restock or adjust.
std::pair<BookId, std::string> RequestOf(const Command& command) {
  if (const auto* restock = std::get_if<Restock>(&command.verb)) {
    return {restock->book, restock->request_id};
  }
  const Adjust& adjust = std::get<Adjust>(command.verb);
  return {adjust.book, adjust.request_id};
}

// Whether what a duplicate was told yes to has been, and something came after it: its order was
// given back, confirmed or cancelled since. Such an entry has no number, so it stands behind all
// others.
bool CameAfter(const EntryCommand& command, Outcome outcome, StockState& state) {
  if (command.entry.number != RememberedEntry::kNoNumber) return false;
  if (const auto* deduct = std::get_if<Deduct>(&command.command.verb)) {
    const OrderLine* line = state.FindLine({deduct->order, deduct->book});
    return line && line->state == LineState::kReturned && line->quantity == deduct->quantity;
  }
  if (const auto* reserve = std::get_if<Reserve>(&command.command.verb)) {
    const Reservation* reservation = state.FindReservation(reserve->order);
    return reservation && !reservation->remembered && outcome != Outcome::kInsufficientStock;
  }
  if (const auto* confirm = std::get_if<Confirm>(&command.command.verb)) {
    const Reservation* reservation = state.FindReservation(confirm->order);
    return reservation && reservation->state == ReservationState::kConfirmed;
  }
  return false;
}

}  // namespace

std::vector<EntryCommand> CommandsOf(const DecodedEntry& entry) {
  if (!entry.facts.ok()) return {};
  Reader reader(entry);
  for (const Fact& fact : *entry.facts) std::visit(reader, fact);
  return reader.Take();
}

std::string DecideAgain(const EntryCommand& command, StockState& state) {
  if (command.only_if_new) {
    const Release& release = std::get<Release>(command.command.verb);
    if (state.FindLine({release.order, release.book})) return {};
  }
  if (command.content) {
    const auto [book, request_id] = RequestOf(command.command);
    if (const RequestContent* known = state.FindRequest(book, request_id)) {
      return *known == *command.content ? "" : "request_id_reused";
    }
  }
  const Reply reply = Decide(command.command, command.time, state);
  if (!IsSuccess(reply.outcome)) {
    if (CameAfter(command, reply.outcome, state)) return {};
    return std::string(Info(reply.outcome).name);
  }
  if (command.content) {
    const auto [book, request_id] = RequestOf(command.command);
    state.SetRequest(book, request_id, *command.content);
  }
  return {};
}

}  // namespace inventory
