#include "tests/simulation/auditor.h"

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <tuple>
#include <variant>

namespace inventory {

// The heads of the tables' columns, those of lines first, then those of reservations.
enum class Auditor::Column {
  kNone,
  kReserved,
  kSoldByDeduct,
  kSoldByConfirm,
  kReturned,
  kExpired,
  kTombstone,
  kConfirmed,
  kCancelled,
  kRemembered,  // a cancel that came before its reservation
  kAnyBook,     // restock and adjust look at no order
};

enum class Auditor::When {
  kAlways,
  kShort,         // the book has less than n available
  kSame,          // n is what the line holds
  kAll,           // n is what the line holds, or 0
  kAllOfItsOnly,  // the same, and the reservation has no other line
  kAllButNoRoom,  // the same, but the book cannot take it back
  kSameLines,     // reserve: what the reservation holds
  kOneReleased,   // reserve: the first code over all lines
  kOneTaken,
  kOneShort,
  kGivenBack,   // every line was returned since
  kPassed,      // the deadline is now or before
  kKnownSame,   // the request id was used, for the same
  kKnownOther,  // … for something else
  kUnexpected,  // the stock is not what the caller believes
  kBelowZero,
  kNoRoom,
};

enum class Auditor::Effect {
  kNothing,
  kSell,
  kTombstone,
  kReturnSold,
  kReturnHeld,  // by release: ends the reservation
  kHold,
  kSellHeld,
  kReturnAll,  // by cancel
  kExpireAll,
  kRemember,
  kAdd,
  kSet,
};

struct Auditor::Row {
  Verb verb;
  Column column;
  When when;
  Outcome outcome;
  Effect effect;
  const char* text;
};

const std::vector<Auditor::Row>& Auditor::Table() {
  static const auto& table = *new std::vector<Row>{
#define ROW(verb, column, when, outcome, effect) \
  {Verb::verb,       Column::column, When::when, \
   Outcome::outcome, Effect::effect, #verb " | " #column " | " #when},
#include "tests/simulation/design_table.inc"
#undef ROW
  };
  return table;
}

namespace {

// Every part that makes two requests differ, as text.
std::string ContentOf(const Restock& r) { return "restock " + std::to_string(r.quantity); }
std::string ContentOf(const Adjust& a) {
  return (a.set_to ? "to " : "by ") + std::to_string(a.quantity) +
         (a.expected ? " from " + std::to_string(*a.expected) : "");
}

}  // namespace

// ---- reading a command --------------------------------------------------------------------------

Auditor::Case Auditor::Read(const Command& command, TimeMs now) const {
  Case c{};
  c.now = now;
  if (command.actor) c.actor = *command.actor;
  if (const auto* deduct = std::get_if<Deduct>(&command.verb)) {
    c.verb = Verb::kDeduct;
    c.line = {deduct->order, deduct->book};
    c.quantity = deduct->quantity;
  } else if (const auto* release = std::get_if<Release>(&command.verb)) {
    c.verb = Verb::kRelease;
    c.line = {release->order, release->book};
    c.quantity = release->quantity;
    c.remark = release->reason;
  } else if (const auto* reserve = std::get_if<Reserve>(&command.verb)) {
    c.verb = Verb::kReserve;
    c.line.order = reserve->order;
    c.ttl = reserve->ttl;
    for (const ReservedLine& line : reserve->lines) {
      auto known = std::find_if(c.asked.begin(), c.asked.end(),
                                [&](const auto& asked) { return asked.first == line.book; });
      if (known == c.asked.end()) known = c.asked.insert(known, {line.book, 0});
      known->second += line.quantity;
    }
  } else if (const auto* confirm = std::get_if<Confirm>(&command.verb)) {
    c.verb = Verb::kConfirm;
    c.line.order = confirm->order;
  } else if (const auto* cancel = std::get_if<Cancel>(&command.verb)) {
    c.verb = Verb::kCancel;
    c.line.order = cancel->order;
    c.remark = cancel->reason;
  } else if (const auto* expire = std::get_if<Expire>(&command.verb)) {
    c.verb = Verb::kExpire;
    c.line.order = expire->order;
  } else if (const auto* restock = std::get_if<Restock>(&command.verb)) {
    c.verb = Verb::kRestock;
    c.line.book = restock->book;
    c.quantity = restock->quantity;
    c.request_id = restock->request_id;
    c.content = ContentOf(*restock);
    c.remark = restock->remark;
  } else {
    const auto& adjust = std::get<Adjust>(command.verb);
    c.verb = Verb::kAdjust;
    c.line.book = adjust.book;
    c.quantity = adjust.quantity;
    c.to = adjust.set_to;
    c.expected = adjust.expected;
    c.request_id = adjust.request_id;
    c.content = ContentOf(adjust);
    c.remark = adjust.reason;
  }
  c.column = ColumnOf(c);
  return c;
}

Auditor::Column Auditor::ColumnOf(const Case& c) const {
  switch (c.verb) {
    case Verb::kRestock:
    case Verb::kAdjust: return Column::kAnyBook;
    case Verb::kDeduct:
    case Verb::kRelease: {
      const auto line = lines_.find(c.line);
      return line == lines_.end() ? Column::kNone : line->second.column;
    }
    default: break;
  }
  const auto reservation = reservations_.find(c.line.order);
  return reservation == reservations_.end() ? Column::kNone : reservation->second.column;
}

// ---- which row ----------------------------------------------------------------------------------

Outcome Auditor::OutcomeOfNewLine(OrderId order, BookId book, std::int64_t quantity) const {
  if (const auto line = lines_.find({order, book}); line != lines_.end()) {
    const Column column = line->second.column;
    const bool released =
        column == Column::kReturned || column == Column::kExpired || column == Column::kTombstone;
    return released ? Outcome::kOrderReleased : Outcome::kOrderConflict;
  }
  return quantity > Stock(book).balance.available ? Outcome::kInsufficientStock
                                                  : Outcome::kReserved;
}

bool Auditor::Fits(When when, const Case& c) const {
  const Balance book = Stock(c.line.book).balance;
  const auto line = lines_.find(c.line);
  const auto held = line == lines_.end() ? 0 : line->second.quantity;
  const bool all = c.quantity == 0 || c.quantity == held;
  const auto reservation = reservations_.find(c.line.order);
  const auto request = requests_.find({c.line.book, c.request_id});
  const bool known = !c.request_id.empty() && request != requests_.end();
  const auto one_comes_to = [&](Outcome outcome) {
    return std::any_of(c.asked.begin(), c.asked.end(), [&](const auto& asked) {
      return OutcomeOfNewLine(c.line.order, asked.first, asked.second) == outcome;
    });
  };
  const std::int64_t new_stock =
      c.verb == Verb::kAdjust && c.to ? c.quantity : book.available + c.quantity;
  switch (when) {
    case When::kAlways: return true;
    case When::kShort: return c.quantity > book.available;
    case When::kSame: return c.quantity == held;
    case When::kAll: return all;
    case When::kAllOfItsOnly: return all && reservation->second.lines.size() == 1;
    case When::kAllButNoRoom:
      return all && std::int64_t{book.available} + book.locked + held > 2'147'483'647;
    case When::kSameLines: {
      std::map<BookId, std::int64_t> asked(c.asked.begin(), c.asked.end());
      std::map<BookId, std::int64_t> reserved;
      for (const ReservedLine& r : reservation->second.lines) reserved[r.book] = r.quantity;
      return asked == reserved;
    }
    case When::kOneReleased: return one_comes_to(Outcome::kOrderReleased);
    case When::kOneTaken: return one_comes_to(Outcome::kOrderConflict);
    case When::kOneShort: return one_comes_to(Outcome::kInsufficientStock);
    case When::kGivenBack:
      for (const ReservedLine& r : reservation->second.lines) {
        if (lines_.at({c.line.order, r.book}).column != Column::kReturned) return false;
      }
      return true;
    case When::kPassed: return c.now >= reservation->second.deadline;
    case When::kKnownSame: return known && request->second == c.content;
    case When::kKnownOther: return known && request->second != c.content;
    case When::kUnexpected: return c.expected && *c.expected != book.available;
    case When::kBelowZero: return new_stock < 0;
    case When::kNoRoom: return new_stock + book.locked > 2'147'483'647;
  }
  std::abort();
}

Outcome Auditor::Take(const Case& c) {
  const std::vector<Row>& table = Table();
  taken_.resize(table.size());
  for (std::size_t i = 0; i < table.size(); ++i) {
    const Row& row = table[i];
    if (row.verb != c.verb || row.column != c.column || !Fits(row.when, c)) continue;
    ++taken_[i];
    Do(row.effect, c);
    return row.outcome;
  }
  std::abort();  // the tables have a hole
}

// ---- what a row does ----------------------------------------------------------------------------

void Auditor::Append(const Case& c, BookId book, ChangeType type, std::int64_t quantity,
                     std::int64_t available, std::int64_t locked) {
  const Balance before = Stock(book).balance;
  Movement m;
  m.book = book;
  m.sequence = logs_[book].size() + 1;
  m.type = type;
  m.quantity = static_cast<Quantity>(quantity);
  m.before = before.available;
  m.after = static_cast<Quantity>(before.available + available);
  m.locked_after = static_cast<Quantity>(before.locked + locked);
  m.order = c.line.order;
  m.time = c.now;
  m.request_id = c.request_id;
  m.remark = c.remark;
  m.actor = c.actor;
  logs_[book].push_back(m);
  if (m.order != 0) order_logs_[m.order].push_back(m);
  if (!m.request_id.empty()) requests_[{book, m.request_id}] = c.content;
  changes_.push_back({book, m.before, {m.after, m.locked_after, m.sequence}});
}

void Auditor::Do(Effect effect, const Case& c) {
  // One line of an open reservation goes back on sale.
  const auto give_back = [&](const ReservedLine& line, ChangeType type, Column column) {
    Append(c, line.book, type, line.quantity, line.quantity, -std::int64_t{line.quantity});
    lines_[{c.line.order, line.book}].column = column;
  };
  switch (effect) {
    case Effect::kNothing: return;
    case Effect::kSell:
      Append(c, c.line.book, ChangeType::kDeduct, c.quantity, -c.quantity, 0);
      lines_[c.line] = {Column::kSoldByDeduct, static_cast<Quantity>(c.quantity)};
      return;
    case Effect::kTombstone: lines_[c.line] = {Column::kTombstone, 0}; return;
    case Effect::kReturnSold: {
      Line& line = lines_.at(c.line);
      Append(c, c.line.book, ChangeType::kRelease, line.quantity, line.quantity, 0);
      line.column = Column::kReturned;
      return;
    }
    case Effect::kReturnHeld: {
      Held& reservation = reservations_.at(c.line.order);
      give_back(reservation.lines.front(), ChangeType::kRelease, Column::kReturned);
      reservation.column = Column::kCancelled;
      return;
    }
    case Effect::kHold: {
      Held& reservation = reservations_[c.line.order];
      reservation.column = Column::kReserved;
      reservation.deadline = c.now + c.ttl;
      for (const auto& [book, quantity] : c.asked) {
        const auto q = static_cast<Quantity>(quantity);
        Append(c, book, ChangeType::kReserve, quantity, -quantity, quantity);
        reservation.lines.push_back({book, q});
        lines_[{c.line.order, book}] = {Column::kReserved, q};
      }
      return;
    }
    case Effect::kSellHeld: {
      Held& reservation = reservations_.at(c.line.order);
      for (const ReservedLine& line : reservation.lines) {
        Append(c, line.book, ChangeType::kConfirm, line.quantity, 0, -std::int64_t{line.quantity});
        lines_[{c.line.order, line.book}].column = Column::kSoldByConfirm;
      }
      reservation.column = Column::kConfirmed;
      return;
    }
    case Effect::kReturnAll:
    case Effect::kExpireAll: {
      const bool expire = effect == Effect::kExpireAll;
      Held& reservation = reservations_.at(c.line.order);
      for (const ReservedLine& line : reservation.lines) {
        give_back(line, expire ? ChangeType::kExpire : ChangeType::kCancel,
                  expire ? Column::kExpired : Column::kReturned);
      }
      reservation.column = expire ? Column::kExpired : Column::kCancelled;
      return;
    }
    case Effect::kRemember: reservations_[c.line.order].column = Column::kRemembered; return;
    case Effect::kAdd:
      Append(c, c.line.book, ChangeType::kRestock, c.quantity, c.quantity, 0);
      return;
    case Effect::kSet: {
      const std::int64_t now = Stock(c.line.book).balance.available;
      const std::int64_t difference = c.to ? c.quantity - now : c.quantity;
      Append(c, c.line.book, ChangeType::kAdjust, std::abs(difference), difference, 0);
      return;
    }
  }
}

// A due expiry is carried out before whatever the command is.
void Auditor::ExpireIfDue(OrderId order, TimeMs now, const std::string& actor) {
  const auto reservation = reservations_.find(order);
  if (reservation == reservations_.end() || reservation->second.column != Column::kReserved ||
      reservation->second.deadline > now) {
    return;
  }
  Case expiry{};
  expiry.verb = Verb::kExpire;
  expiry.column = Column::kReserved;
  expiry.line.order = order;
  expiry.now = now;
  expiry.actor = actor;
  Take(expiry);
}

Reply Auditor::Decide(const Command& command, TimeMs now) {
  Case c = Read(command, now);
  if (c.verb != Verb::kExpire && c.line.order != 0) ExpireIfDue(c.line.order, now, c.actor);
  c.column = ColumnOf(c);

  Reply reply;
  std::vector<Outcome> own;  // reserve: what each line comes to by itself
  for (const auto& [book, quantity] : c.asked) {
    own.push_back(OutcomeOfNewLine(c.line.order, book, quantity));
  }
  reply.outcome = Take(c);
  if (c.verb == Verb::kExpire) return reply;
  if (c.line.book != 0) {
    reply.available = Stock(c.line.book).balance.available;
    return reply;
  }
  const auto held = reservations_.find(c.line.order);
  if (c.verb == Verb::kReserve) {
    for (std::size_t i = 0; i < c.asked.size(); ++i) {
      const BookId book = c.asked[i].first;
      reply.lines.push_back({book, c.column == Column::kNone ? own[i] : reply.outcome,
                             Stock(book).balance.available});
    }
    if (held != reservations_.end() && held->second.column == Column::kReserved) {
      reply.deadline = held->second.deadline;
    }
  } else if (held != reservations_.end()) {
    for (const ReservedLine& line : held->second.lines) {
      reply.lines.push_back({line.book, reply.outcome, Stock(line.book).balance.available});
    }
  }
  return reply;
}

// ---- reads --------------------------------------------------------------------------------------

BookStock Auditor::Stock(BookId book) const {
  const auto log = logs_.find(book);
  if (log == logs_.end() || log->second.empty()) return {book, false, {}};
  const Movement& last = log->second.back();
  return {book, true, {last.after, last.locked_after, last.sequence}};
}

std::vector<BookId> Auditor::Books() const {
  std::vector<BookId> books;
  for (const auto& [book, log] : logs_) books.push_back(book);
  return books;
}

std::vector<OrderId> Auditor::Orders() const {
  std::vector<OrderId> orders;
  for (const auto& [order, reservation] : reservations_) orders.push_back(order);
  for (const auto& [key, line] : lines_) orders.push_back(key.order);
  std::sort(orders.begin(), orders.end());
  orders.erase(std::unique(orders.begin(), orders.end()), orders.end());
  return orders;
}

const std::vector<Movement>& Auditor::Log(BookId book) const {
  static const auto& none = *new std::vector<Movement>;
  const auto log = logs_.find(book);
  return log == logs_.end() ? none : log->second;
}

namespace {

// Oldest first. Of one millisecond a line's first movement comes before any line's second; among
// those, the reservation's lines as it names them come before the others, which go by book.
std::vector<Movement> InReadingOrder(const std::vector<Movement>& happened,
                                     const std::optional<Reservation>& reservation) {
  using Place = std::tuple<TimeMs, int, std::ptrdiff_t, BookId>;
  std::map<Place, Movement> by_place;
  std::map<BookId, int> seen;
  for (const Movement& movement : happened) {
    std::ptrdiff_t named = 0;
    if (reservation) {
      const auto& lines = reservation->lines;
      named = std::find_if(lines.begin(), lines.end(),
                           [&](const ReservedLine& line) { return line.book == movement.book; }) -
              lines.begin();
    }
    by_place[{movement.time, seen[movement.book]++, named, movement.book}] = movement;
  }
  std::vector<Movement> ordered;
  for (const auto& [place, movement] : by_place) ordered.push_back(movement);
  return ordered;
}

}  // namespace

OrderFacts Auditor::Order(OrderId order, TimeMs now) const {
  OrderFacts facts;
  bool passed = false;
  if (const auto found = reservations_.find(order); found != reservations_.end()) {
    const Held& held = found->second;
    passed = held.column == Column::kReserved && held.deadline <= now;
    Reservation reservation;
    reservation.deadline = held.deadline;
    reservation.lines = held.lines;
    reservation.remembered = held.column == Column::kRemembered;
    reservation.state = passed || held.column == Column::kExpired ? ReservationState::kExpired
                        : held.column == Column::kReserved        ? ReservationState::kReserved
                        : held.column == Column::kConfirmed       ? ReservationState::kConfirmed
                                                                  : ReservationState::kCancelled;
    facts.reservation = reservation;
  }
  for (auto line = lines_.lower_bound({order, 0});
       line != lines_.end() && line->first.order == order; ++line) {
    const Quantity q = line->second.quantity;
    OrderLine shown;
    switch (line->second.column) {
      case Column::kReserved:
        shown =
            passed ? OrderLine{LineState::kExpired, q, q} : OrderLine{LineState::kReserved, q, 0};
        break;
      case Column::kSoldByDeduct: shown = {LineState::kSoldByDeduct, q, 0}; break;
      case Column::kSoldByConfirm: shown = {LineState::kSoldByConfirm, q, 0}; break;
      case Column::kReturned: shown = {LineState::kReturned, q, q}; break;
      case Column::kExpired: shown = {LineState::kExpired, q, q}; break;
      default: continue;  // a tombstone is no line
    }
    facts.lines.push_back({line->first.book, shown});
  }
  if (const auto log = order_logs_.find(order); log != order_logs_.end()) {
    facts.movements = InReadingOrder(log->second, facts.reservation);
  }
  return facts;
}

std::vector<OrderId> Auditor::Due(TimeMs now) const {
  std::vector<std::pair<TimeMs, OrderId>> due;
  for (const auto& [order, held] : reservations_) {
    if (held.column == Column::kReserved && held.deadline <= now) {
      due.emplace_back(held.deadline, order);
    }
  }
  std::sort(due.begin(), due.end());
  std::vector<OrderId> orders;
  for (const auto& [deadline, order] : due) orders.push_back(order);
  return orders;
}

bool Auditor::HasTombstone(LineKey line) const {
  const auto found = lines_.find(line);
  return found != lines_.end() && found->second.column == Column::kTombstone;
}

std::vector<StockChanged> Auditor::TakeChanges() { return std::exchange(changes_, {}); }

std::map<std::string, std::uint64_t> Auditor::RowsTaken() const {
  std::map<std::string, std::uint64_t> rows;
  for (std::size_t i = 0; i < Table().size(); ++i) {
    rows[Table()[i].text] = i < taken_.size() ? taken_[i] : 0;
  }
  return rows;
}

}  // namespace inventory
