#include "redis/outbox_entry.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <limits>
#include <system_error>
#include <type_traits>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"

namespace inventory {
namespace {

// Whether a movement of the type is of an order, or a book's own.
bool IsOfOrder(ChangeType type) {
  return type != ChangeType::kRestock && type != ChangeType::kAdjust;
}

// ---- reading ------------------------------------------------------------------------------------

// Takes words off the front of a text. After the first that is not there it is of no use, so a
// chain of && is all that a caller needs. It takes only what Writer writes: a text has one reading,
// and a reading one text.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  bool empty() const { return rest_.empty(); }
  std::size_t left() const { return rest_.size(); }
  bool NextIs(char c) const { return !rest_.empty() && rest_.front() == c; }

  bool Take(char c) {
    if (!NextIs(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  // Without leading zeros, within the limits.
  template <typename Number>
  bool Take(Number& number, std::type_identity_t<Number> least,
            std::type_identity_t<Number> most = std::numeric_limits<Number>::max()) {
    const char* const begin = rest_.data();
    const auto [end, error] = std::from_chars(begin, begin + rest_.size(), number);
    if (error != std::errc() || number < least || number > most) return false;
    const std::size_t digits = static_cast<std::size_t>(end - begin) - (*begin == '-' ? 1 : 0);
    if (end[-static_cast<std::ptrdiff_t>(digits)] == '0' && (digits > 1 || *begin == '-')) {
      return false;
    }
    rest_.remove_prefix(static_cast<std::size_t>(end - begin));
    return true;
  }

  template <typename Number>
  bool TakeWord(Number& number, std::type_identity_t<Number> least,
                std::type_identity_t<Number> most = std::numeric_limits<Number>::max()) {
    return Take(' ') && Take(number, least, most);
  }

  bool TakeFlag(bool& flag) {
    int number = 0;
    if (!TakeWord(number, 0, 1)) return false;
    flag = number == 1;
    return true;
  }

  // "<bytes>:<text>"
  bool TakeSized(std::string& text) {
    std::size_t size = 0;
    if (!Take(size, 0) || !Take(':') || size > rest_.size()) return false;
    text.assign(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return true;
  }

 private:
  std::string_view rest_;
};

template <typename Enum>
bool TakeEnum(Reader& reader, Enum& value, Enum last) {
  int number = 0;
  if (!reader.Take(number, 1, static_cast<int>(last))) return false;
  value = static_cast<Enum>(number);
  return true;
}

bool ReadTexts(Reader& reader, Movement& movement) {
  if (!reader.Take(' ')) return true;
  if (!reader.TakeSized(movement.request_id) || !reader.TakeSized(movement.remark) ||
      !reader.TakeSized(movement.actor)) {
    return false;
  }
  return !movement.request_id.empty() || !movement.remark.empty() || !movement.actor.empty();
}

bool ReadMovement(Reader& reader, Movement& movement) {
  if (!TakeEnum(reader, movement.type, ChangeType::kAdjust)) return false;
  const bool read = reader.TakeWord(movement.book, 1) && reader.TakeWord(movement.sequence, 0) &&
                    reader.TakeWord(movement.quantity, 0) && reader.TakeWord(movement.before, 0) &&
                    reader.TakeWord(movement.after, 0) &&
                    reader.TakeWord(movement.locked_after, 0) && reader.TakeWord(movement.order, 0);
  return read && std::int64_t{movement.after} + movement.locked_after <= kMaxStock &&
         IsOfOrder(movement.type) == (movement.order != 0) && ReadTexts(reader, movement);
}

bool ReadTombstone(Reader& reader, LineFact& fact) {
  fact.line = {LineState::kTombstone, 0, 0};
  return reader.Take('t') && reader.TakeWord(fact.key.order, 1) &&
         reader.TakeWord(fact.key.book, 1);
}

bool ReadLines(Reader& reader, std::vector<ReservedLine>& lines) {
  char before = ' ';
  do {
    ReservedLine line;
    if (!reader.Take(before) || !reader.Take(line.book, 1) || !reader.Take(':') ||
        !reader.Take(line.quantity, 1)) {
      return false;
    }
    lines.push_back(line);
    before = ',';
  } while (reader.NextIs(','));
  return true;
}

bool ReadReservation(Reader& reader, ReservationFact& fact) {
  Reservation& reservation = fact.reservation;
  if (!reader.Take('r') || !reader.TakeWord(fact.order, 1) || !reader.Take(' ') ||
      !TakeEnum(reader, reservation.state, ReservationState::kExpired) ||
      !reader.TakeWord(reservation.deadline, 0) || !reader.TakeFlag(reservation.remembered)) {
    return false;
  }
  if (reservation.remembered) return reservation.state == ReservationState::kCancelled;
  return reservation.state != ReservationState::kReserved || ReadLines(reader, reservation.lines);
}

bool ReadRequest(Reader& reader, RequestFact& fact) {
  constexpr Quantity kLeast = std::numeric_limits<Quantity>::min();
  RequestContent& content = fact.content;
  if (!reader.Take('q') || !reader.TakeWord(fact.book, 1) || !reader.Take(' ') ||
      !TakeEnum(reader, content.type, ChangeType::kAdjust) || IsOfOrder(content.type) ||
      !reader.TakeFlag(content.set_to) || !reader.TakeWord(content.quantity, kLeast) ||
      !reader.Take(' ')) {
    return false;
  }
  content.has_expected = !reader.Take('-');
  if (content.has_expected && !reader.Take(content.expected, 0)) return false;
  return reader.Take(' ') && reader.TakeSized(fact.request_id) && !fact.request_id.empty();
}

template <typename Kind>
bool ReadAs(bool (*read)(Reader&, Kind&), Reader& reader, Fact& fact) {
  return read(reader, fact.emplace<Kind>());
}

bool ReadRecord(Reader& reader, Fact& fact) {
  if (reader.NextIs('t')) return ReadAs(&ReadTombstone, reader, fact);
  if (reader.NextIs('r')) return ReadAs(&ReadReservation, reader, fact);
  if (reader.NextIs('q')) return ReadAs(&ReadRequest, reader, fact);
  return ReadAs(&ReadMovement, reader, fact);
}

// ---- writing ------------------------------------------------------------------------------------

struct Writer {
  std::string& out;

  void Text(const std::string& text) const { absl::StrAppend(&out, text.size(), ":", text); }

  void operator()(const Movement& movement) const {
    absl::StrAppend(&out, static_cast<int>(movement.type), " ", movement.book, " ");
    absl::StrAppend(&out, movement.sequence, " ", movement.quantity, " ", movement.before, " ");
    absl::StrAppend(&out, movement.after, " ", movement.locked_after, " ", movement.order);
    if (!movement.request_id.empty() || !movement.remark.empty() || !movement.actor.empty()) {
      out += ' ';
      Text(movement.request_id);
      Text(movement.remark);
      Text(movement.actor);
    }
    out += '\n';
  }

  void operator()(const BalanceFact& /*fact*/) const {}

  void operator()(const LineFact& fact) const {
    if (fact.line.state != LineState::kTombstone) return;
    absl::StrAppend(&out, "t ", fact.key.order, " ", fact.key.book, "\n");
  }

  void operator()(const ReservationFact& fact) const {
    const Reservation& reservation = fact.reservation;
    absl::StrAppend(&out, "r ", fact.order, " ", static_cast<int>(reservation.state), " ",
                    reservation.deadline, reservation.remembered ? " 1" : " 0");
    if (reservation.state == ReservationState::kReserved) {
      char before = ' ';
      for (const ReservedLine& line : reservation.lines) {
        out += before;
        absl::StrAppend(&out, line.book, ":", line.quantity);
        before = ',';
      }
    }
    out += '\n';
  }

  void operator()(const RequestFact& fact) const {
    const RequestContent& content = fact.content;
    absl::StrAppend(&out, "q ", fact.book, " ", static_cast<int>(content.type),
                    content.set_to ? " 1 " : " 0 ", content.quantity, " ");
    if (content.has_expected) {
      absl::StrAppend(&out, content.expected, " ");
    } else {
      out += "- ";
    }
    Text(fact.request_id);
    out += '\n';
  }
};

}  // namespace

std::optional<OutboxId> ParseOutboxId(std::string_view text) {
  Reader reader(text);
  OutboxId id;
  if (!reader.Take(id.epoch, 0) || !reader.Take('-') || !reader.Take(id.number, 0) ||
      !reader.empty()) {
    return std::nullopt;
  }
  return id;
}

std::string FormatOutboxId(const OutboxId& id) { return absl::StrCat(id.epoch, "-", id.number); }

absl::StatusOr<std::vector<Fact>> DecodeChanges(std::string_view changes, TimeMs time) {
  std::vector<Fact> facts;
  facts.reserve(static_cast<std::size_t>(std::count(changes.begin(), changes.end(), '\n')));
  Reader reader(changes);
  while (!reader.empty()) {
    const std::size_t begin = changes.size() - reader.left();
    Fact fact;
    if (!ReadRecord(reader, fact) || !reader.Take('\n')) {
      return absl::DataLossError(
          absl::StrCat("an outbox entry cannot be read: its record at byte ", begin,
                       " is wrong near byte ", changes.size() - reader.left(),
                       "; was it written by another version of the service, or changed by hand?"));
    }
    if (auto* const movement = std::get_if<Movement>(&fact)) movement->time = time;
    facts.push_back(std::move(fact));
  }
  return facts;
}

std::string EncodeChanges(const std::vector<Fact>& facts) {
  std::string changes;
  for (const Fact& fact : facts) std::visit(Writer{changes}, fact);
  return changes;
}

std::optional<OrderLine> LineAfter(const Movement& movement) {
  if (movement.order == 0) return std::nullopt;
  const Quantity quantity = movement.quantity;
  switch (movement.type) {
    case ChangeType::kDeduct: return OrderLine{LineState::kSoldByDeduct, quantity, 0};
    case ChangeType::kReserve: return OrderLine{LineState::kReserved, quantity, 0};
    case ChangeType::kConfirm: return OrderLine{LineState::kSoldByConfirm, quantity, 0};
    case ChangeType::kRelease:
    case ChangeType::kCancel: return OrderLine{LineState::kReturned, quantity, quantity};
    case ChangeType::kExpire: return OrderLine{LineState::kExpired, quantity, quantity};
    case ChangeType::kRestock:
    case ChangeType::kAdjust: break;
  }
  return std::nullopt;
}

}  // namespace inventory
