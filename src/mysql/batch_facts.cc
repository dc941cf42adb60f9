#include "mysql/batch_facts.h"

#include <algorithm>
#include <optional>
#include <variant>

namespace inventory {
namespace {

// Adds what one verb names.
struct Naming {
  NeededFacts& needed;

  void operator()(const Deduct& command) const { Line(command.order, command.book); }
  void operator()(const Release& command) const { Line(command.order, command.book); }
  void operator()(const Restock& command) const { Book(command.book, command.request_id); }
  void operator()(const Adjust& command) const { Book(command.book, command.request_id); }
  void operator()(const Reserve& command) const {
    needed.reservations.insert(command.order);
    for (const ReservedLine& line : command.lines) Line(command.order, line.book);
  }
  void operator()(const Confirm& command) const { needed.reservations.insert(command.order); }
  void operator()(const Cancel& command) const { needed.reservations.insert(command.order); }
  void operator()(const Expire& command) const { needed.reservations.insert(command.order); }

  void Line(OrderId order, BookId book) const {
    needed.orders.insert(order);
    needed.books.insert(book);
  }
  void Book(BookId book, const std::string& request_id) const {
    needed.books.insert(book);
    if (!request_id.empty()) needed.requests.emplace(book, request_id);
  }
};

// Adds what an import wants to know of one fact.
struct Importing {
  NeededFacts& needed;

  void operator()(const Movement& fact) const {
    needed.books.insert(fact.book);
    if (fact.order != 0) needed.orders.insert(fact.order);
    if (!fact.request_id.empty()) needed.requests.emplace(fact.book, fact.request_id);
  }
  void operator()(const BalanceFact& fact) const { needed.books.insert(fact.book); }
  void operator()(const LineFact& fact) const { needed.orders.insert(fact.key.order); }
  void operator()(const ReservationFact& fact) const { needed.orders.insert(fact.order); }
  void operator()(const RequestFact& fact) const {
    needed.requests.emplace(fact.book, fact.request_id);
  }
};

}  // namespace

void NeededFacts::Add(const Command& command) { std::visit(Naming{*this}, command.verb); }

void NeededFacts::Add(const Fact& fact) { std::visit(Importing{*this}, fact); }

void BatchFacts::LoadBook(const BookStock& stock) {
  books_[stock.book] = {.balance = stock.balance, .stored = true};
}

void BatchFacts::LoadLine(const StoredLine& line) {
  lines_[line.key] = {.line = line.line, .stored = true};
  if (line.line.state == LineState::kReserved) holding_.insert(line.key.order);
  if (line.reserved_position) reserved_.insert(line.key.order);
}

void BatchFacts::LoadReservation(OrderId order, Reservation reservation) {
  reservations_[order] = {.reservation = std::move(reservation), .stored = true};
}

void BatchFacts::LoadRequest(const StoredRequest& request) {
  requests_[{request.book, request.request_id}] = {.content = request.content, .stored = true};
}

std::vector<OrderId> BatchFacts::UnseenReservations() const {
  std::vector<OrderId> unseen;
  for (const OrderId order : holding_) {
    if (!reservations_.contains(order)) unseen.push_back(order);
  }
  return unseen;
}

bool BatchFacts::HasMissed(const absl::btree_set<OrderId>& reservations) const {
  return std::any_of(reserved_.begin(), reserved_.end(), [&](OrderId order) {
    return reservations.contains(order) && !reservations_.contains(order);
  });
}

const Balance* BatchFacts::FindBook(BookId book) {
  const auto found = books_.find(book);
  return found == books_.end() ? nullptr : &found->second.balance;
}

const OrderLine* BatchFacts::FindLine(LineKey key) {
  const auto found = lines_.find(key);
  return found == lines_.end() ? nullptr : &found->second.line;
}

const Reservation* BatchFacts::FindReservation(OrderId order) {
  const auto found = reservations_.find(order);
  return found == reservations_.end() ? nullptr : &found->second.reservation;
}

const Reservation* BatchFacts::FindOpenReservation(OrderId order) {
  const Reservation* found = FindReservation(order);
  return found && found->state == ReservationState::kReserved ? found : nullptr;
}

const RequestContent* BatchFacts::FindRequest(BookId book, std::string_view request_id) {
  const auto found = requests_.find({book, std::string(request_id)});
  return found == requests_.end() ? nullptr : &found->second.content;
}

void BatchFacts::Record(Movement movement) {
  Book& book = books_[movement.book];
  book.balance = {movement.after, movement.locked_after, movement.sequence};
  book.changed = true;
  book.time = movement.time;
  changes_.push_back({movement.book, movement.before, book.balance});
  movements_.push_back(std::move(movement));
}

void BatchFacts::SetLine(LineKey key, const OrderLine& line) {
  Line& fact = lines_[key];
  if (!fact.changed) changed_lines_.push_back(key);
  fact.line = line;
  fact.changed = true;
  if (line.state == LineState::kTombstone) ++tombstones_;
}

void BatchFacts::SetReservation(OrderId order, Reservation reservation) {
  OrderReservation& fact = reservations_[order];
  fact.reservation = std::move(reservation);
  fact.changed = true;
}

void BatchFacts::SetRequest(BookId book, std::string_view request_id,
                            const RequestContent& content) {
  Request& fact = requests_[{book, std::string(request_id)}];
  fact.content = content;
  fact.changed = true;
}

absl::flat_hash_map<LineKey, std::uint32_t> BatchFacts::NewPositions() const {
  absl::flat_hash_map<LineKey, std::uint32_t> positions;
  for (const auto& [order, fact] : reservations_) {
    if (fact.stored) continue;
    const std::vector<ReservedLine>& lines = fact.reservation.lines;
    for (std::uint32_t i = 0; i < lines.size(); ++i) positions[{order, lines[i].book}] = i;
  }
  return positions;
}

void BatchFacts::Write(RowStatements& statements) const {
  WriteLines(statements);
  for (const auto& [order, fact] : reservations_) {
    if (!fact.changed) continue;
    if (fact.stored) {
      statements.UpdateReservation(order, fact.reservation);
    } else {
      statements.InsertReservation(order, fact.reservation);
    }
  }
  for (const auto& [key, fact] : requests_) {
    if (!fact.changed) continue;
    if (fact.stored) {
      statements.UpdateRequest(key.first, key.second, fact.content);
    } else {
      statements.InsertRequest(key.first, key.second, fact.content);
    }
  }
  for (const auto& [book, fact] : books_) {
    if (!fact.changed) continue;
    if (fact.stored) {
      statements.UpdateBook(book, fact.balance, fact.time);
    } else {
      statements.InsertBook(book, fact.balance, fact.time);
    }
  }
  for (const Movement& movement : movements_) statements.InsertMovement(movement);
}

void BatchFacts::WriteLines(RowStatements& statements) const {
  absl::flat_hash_map<LineKey, std::uint32_t> positions = NewPositions();
  for (const LineKey& key : changed_lines_) {
    const Line& fact = lines_.at(key);
    if (fact.stored) {
      statements.UpdateLine(key, fact.line);
      continue;
    }
    StoredLine line{key, fact.line, std::nullopt};
    if (const auto position = positions.find(key); position != positions.end()) {
      line.reserved_position = position->second;
      positions.erase(position);
    }
    statements.InsertLine(line);
  }
  // An import's lines come before their reservation.
  for (const auto& [key, position] : positions) statements.UpdatePosition(key, position);
}

}  // namespace inventory
