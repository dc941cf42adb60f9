#include "store/redis/known_facts.h"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"

namespace inventory {
namespace {

constexpr char kNone[] = "-";

std::string BookText(const BookStock& stock) {
  if (!stock.known) return kNone;
  return absl::StrCat(stock.balance.available, " ", stock.balance.locked, " ",
                      stock.balance.sequence);
}

std::string LineText(const OrderLine& line) {
  switch (line.state) {
    case LineState::kReserved: break;
    case LineState::kSoldByDeduct: return absl::StrCat("sold ", line.quantity);
    case LineState::kSoldByConfirm: return absl::StrCat("confirmed ", line.quantity);
    case LineState::kReturned: return absl::StrCat("returned ", line.quantity);
    case LineState::kExpired: return absl::StrCat("expired ", line.quantity);
    case LineState::kTombstone: return "tombstone 0";
  }
  return "";
}

std::string ReservationText(const Reservation& reservation) {
  if (reservation.remembered) return "remembered 0";
  return absl::StrCat(std::string(Name(reservation.state)), " ", reservation.deadline, " ",
                      LinesText(reservation.lines));
}

}  // namespace

std::vector<ReservedLine> ParseLines(std::string_view text) {
  std::vector<ReservedLine> lines;
  const std::string owned(text);
  for (const absl::string_view part : absl::StrSplit(owned, ',', absl::SkipEmpty())) {
    const std::size_t colon = part.find(':');
    ReservedLine line;
    if (colon == part.npos || !absl::SimpleAtoi(part.substr(0, colon), &line.book) ||
        !absl::SimpleAtoi(part.substr(colon + 1), &line.quantity)) {
      return {};
    }
    lines.push_back(line);
  }
  return lines;
}

std::string RequestText(const RequestContent& content) {
  return absl::StrCat(static_cast<int>(content.type), content.set_to ? " 1 " : " 0 ",
                      content.quantity, " ",
                      content.has_expected ? absl::StrCat(content.expected) : kNone);
}

bool KnownFacts::Knows(const LedgerQuestion& question) const {
  const auto any = [](const auto& facts, const auto& keys) {
    return std::any_of(keys.begin(), keys.end(),
                       [&facts](const auto& key) { return facts.contains(key); });
  };
  return any(books, question.books) || any(lines, question.lines) ||
         any(reservations, question.reservations) || any(requests, question.requests);
}

void KnownFacts::Add(const LedgerQuestion& question, const LedgerAnswer& answer) {
  for (const BookStock& stock : answer.books) books[stock.book] = BookText(stock);
  for (std::size_t i = 0; i < question.lines.size(); ++i) {
    const auto& line = answer.lines[i];
    lines[question.lines[i]] = line ? LineText(*line) : kNone;
  }
  for (std::size_t i = 0; i < question.reservations.size(); ++i) {
    const auto& reservation = answer.reservations[i];
    reservations[question.reservations[i]] = reservation ? ReservationText(*reservation) : kNone;
  }
  for (std::size_t i = 0; i < question.requests.size(); ++i) {
    const auto& content = answer.requests[i];
    requests[question.requests[i]] = content ? RequestText(*content) : kNone;
  }
}

}  // namespace inventory
