#include "tests/support/invariants.h"

#include <regex>
#include <set>
#include <utility>

#include "tests/support/print.h"

namespace inventory {
namespace {

// What is known of one order line, and of one order's reservation.
struct LineHistory {
  std::string verbs;  // a letter each, oldest first
};
struct ReservationHistory {
  std::set<BookId> reserved;
  // How the lines left the reserved state, and when: one element if they did so together.
  std::map<std::pair<ChangeType, TimeMs>, std::set<BookId>> ends;
};

char Letter(ChangeType type) {
  switch (type) {
    case ChangeType::kDeduct: return 'd';
    case ChangeType::kRelease: return 'l';
    case ChangeType::kReserve: return 'r';
    case ChangeType::kConfirm: return 'c';
    case ChangeType::kCancel: return 'x';
    case ChangeType::kExpire: return 'e';
    case ChangeType::kRestock:
    case ChangeType::kAdjust: return '+';
  }
  return '?';
}

// Available and locked, by the type and quantity alone.
std::pair<std::int64_t, std::int64_t> Effect(const Movement& m, bool was_reserved) {
  const std::int64_t q = m.quantity;
  switch (m.type) {
    case ChangeType::kDeduct: return {-q, 0};
    case ChangeType::kRelease: return {q, was_reserved ? -q : 0};
    case ChangeType::kRestock: return {q, 0};
    case ChangeType::kReserve: return {-q, q};
    case ChangeType::kConfirm: return {0, -q};
    case ChangeType::kCancel:
    case ChangeType::kExpire: return {q, -q};
    case ChangeType::kAdjust: return {m.after >= m.before ? q : -q, 0};
  }
  return {0, 0};
}

class Judge {
 public:
  void Read(BookId book, const BookHistory& history) {
    std::int64_t available = 0;
    std::int64_t locked = 0;
    std::uint64_t sequence = 0;
    for (const Movement& m : history.log) {
      std::string& verbs = lines_[{m.order, book}].verbs;
      const auto [d_available, d_locked] = Effect(m, verbs == "r");
      if (m.order != 0) Follow(m, verbs);
      if (m.sequence != ++sequence) Breach("I8", m, "its number leaves a gap");
      if (m.before != available) Breach("I8", m, "it does not start where the one before ended");
      available += d_available;
      locked += d_locked;
      if (m.after != available || m.locked_after != locked) {
        Breach("I3", m, "its figures are not what its type and quantity make");
        available = m.after;
        locked = m.locked_after;
      }
      if (m.after < 0 || m.locked_after < 0 || m.quantity < 0) Breach("I1", m, "below 0");
      if (std::int64_t{m.after} + m.locked_after > kMaxStock) Breach("I2", m, "past the limit");
    }
    if (history.now !=
        Balance{static_cast<Quantity>(available), static_cast<Quantity>(locked), sequence}) {
      Breach("I3", history.log.empty() ? Movement{} : history.log.back(),
             "the book reads otherwise: " + Text(history.now));
    }
  }

  std::vector<std::string> Finish() {
    static const std::regex possible("(d(l)?|r(x|e|l|c(l)?)?)?");
    for (const auto& [key, line] : lines_) {
      if (key.order != 0 && !std::regex_match(line.verbs, possible)) {
        breaches_.push_back("I4: order " + std::to_string(key.order) + " book " +
                            std::to_string(key.book) + " went through " + line.verbs);
      }
    }
    for (const auto& [order, reservation] : reservations_) {
      if (reservation.ends.empty()) continue;
      if (reservation.ends.size() > 1 || reservation.ends.begin()->second != reservation.reserved) {
        breaches_.push_back("I7: the reservation of order " + std::to_string(order) +
                            " did not end as a whole");
      }
    }
    return std::move(breaches_);
  }

 private:
  void Follow(const Movement& m, std::string& verbs) {
    ReservationHistory& reservation = reservations_[m.order];
    if (m.type == ChangeType::kReserve) {
      reservation.reserved.insert(m.book);
    } else if (verbs == "r") {
      reservation.ends[{m.type, m.time}].insert(m.book);
    }
    verbs += Letter(m.type);
  }

  void Breach(const char* invariant, const Movement& movement, const std::string& what) {
    breaches_.push_back(std::string(invariant) + ": " + what + ": " + Text(movement));
  }

  std::map<LineKey, LineHistory> lines_;
  std::map<OrderId, ReservationHistory> reservations_;
  std::vector<std::string> breaches_;
};

}  // namespace

std::vector<std::string> BreachesOfInvariants(const std::map<BookId, BookHistory>& books) {
  Judge judge;
  for (const auto& [book, history] : books) judge.Read(book, history);
  return judge.Finish();
}

}  // namespace inventory
