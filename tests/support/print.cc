#include "tests/support/print.h"

#include <sstream>
#include <variant>

namespace inventory {
namespace {

// absl::StrCat of this distribution does not take std::string_view.
template <typename... Parts>
std::string Str(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return out.str();
}

std::string Text(const std::vector<ReservedLine>& lines) {
  std::string text = "[";
  for (const ReservedLine& line : lines) text += Str(" ", line.book, "x", line.quantity);
  return text + " ]";
}

std::string Text(const LineReply& line) {
  return Str("book ", line.book, " ", Info(line.outcome).enumerator, " available ", line.available);
}

struct VerbText {
  std::string operator()(const Deduct& c) {
    return Str("deduct book ", c.book, " order ", c.order, " quantity ", c.quantity);
  }
  std::string operator()(const Release& c) {
    return Str("release book ", c.book, " order ", c.order, " quantity ", c.quantity);
  }
  std::string operator()(const Restock& c) {
    return Str("restock book ", c.book, " quantity ", c.quantity, " request '", c.request_id, "'");
  }
  std::string operator()(const Adjust& c) {
    return Str("adjust book ", c.book, c.set_to ? " to " : " by ", c.quantity,
               c.expected ? Str(" expected ", *c.expected) : "", " request '", c.request_id, "'");
  }
  std::string operator()(const Reserve& c) {
    return Str("reserve order ", c.order, " ", Text(c.lines), " ttl ", c.ttl);
  }
  std::string operator()(const Confirm& c) { return Str("confirm order ", c.order); }
  std::string operator()(const Cancel& c) { return Str("cancel order ", c.order); }
  std::string operator()(const Expire& c) { return Str("expire order ", c.order); }
};

struct FactText {
  std::string operator()(const Movement& fact) const { return Text(fact); }
  std::string operator()(const BalanceFact& fact) const {
    return Str("balance of book ", fact.book, ": ", Text(fact.balance));
  }
  std::string operator()(const LineFact& fact) const {
    return Str("line of order ", fact.key.order, " book ", fact.key.book, ": ",
               Name(fact.line.state), " ", fact.line.quantity, " released ",
               fact.line.released_quantity);
  }
  std::string operator()(const ReservationFact& fact) const {
    const Reservation& r = fact.reservation;
    return Str("reservation of order ", fact.order, ": ", Name(r.state), " deadline ", r.deadline,
               r.remembered ? " remembered " : " ", Text(r.lines));
  }
  std::string operator()(const RequestFact& fact) const {
    const RequestContent& c = fact.content;
    return Str("request '", fact.request_id, "' of book ", fact.book, ": ", Name(c.type),
               c.set_to ? " to " : " by ", c.quantity,
               c.has_expected ? Str(" expected ", c.expected) : "");
  }
};

}  // namespace

std::string Text(const Command& command) { return std::visit(VerbText{}, command.verb); }

std::string Text(const Reply& reply) {
  std::string text = Str(Info(reply.outcome).enumerator, " available ", reply.available,
                         " deadline ", reply.deadline);
  for (const LineReply& line : reply.lines) text += Str("; ", Text(line));
  return text;
}

std::string Text(const Balance& balance) {
  return Str("available ", balance.available, " locked ", balance.locked, " sequence ",
             balance.sequence);
}

// Without the id, which is only a name.
std::string Text(const Movement& m) {
  return Str("book ", m.book, " #", m.sequence, " ", Name(m.type), " ", m.quantity, ": ", m.before,
             " -> ", m.after, " locked ", m.locked_after, " order ", m.order, " time ", m.time,
             " request '", m.request_id, "' remark '", m.remark, "' actor '", m.actor, "'");
}

std::string Text(const OrderFacts& facts) {
  std::string text;
  if (facts.reservation) {
    const Reservation& r = *facts.reservation;
    text += Str("reservation ", Name(r.state), " deadline ", r.deadline,
                r.remembered ? " remembered" : "", " ", Text(r.lines), "\n");
  }
  for (const OrderFacts::Line& line : facts.lines) {
    text += Str("line book ", line.book, " ", Name(line.line.state), " ", line.line.quantity,
                " released ", line.line.released_quantity, "\n");
  }
  for (const Movement& movement : facts.movements) text += Str(Text(movement), "\n");
  return text;
}

std::string Text(const Fact& fact) { return std::visit(FactText{}, fact); }

std::string Text(const std::vector<Fact>& facts) {
  std::string text;
  for (const Fact& fact : facts) text += Text(fact) + "\n";
  return text;
}

void PrintTo(Outcome outcome, std::ostream* out) { *out << Info(outcome).enumerator; }
void PrintTo(const LineReply& line, std::ostream* out) { *out << Text(line); }
void PrintTo(const Reply& reply, std::ostream* out) { *out << Text(reply); }
void PrintTo(const BookStock& stock, std::ostream* out) {
  *out << "book " << stock.book << (stock.known ? " " : " unknown ") << Text(stock.balance);
}
void PrintTo(const Movement& movement, std::ostream* out) { *out << Text(movement); }

}  // namespace inventory
