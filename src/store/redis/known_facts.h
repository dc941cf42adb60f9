// What the ledger has told of things that Redis does not have, as the scripts read it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "base/clock.h"
#include "stock/ledger.h"
#include "stock/types.h"

namespace inventory {

// "1:2,7:1": the lines of a reservation, in the order first named.
template <typename Lines>
std::string LinesText(const Lines& lines) {
  std::string text;
  for (const auto& line : lines) {
    absl::StrAppend(&text, text.empty() ? "" : ",", line.book, ":", line.quantity);
  }
  return text;
}
// The opposite, of a text that a script told.
std::vector<ReservedLine> ParseLines(std::string_view text);

// Facts age: a marker can be written and end after a script said that it was missing. So they count
// from the time that the script told, and a script that finds them too old says so again.
struct KnownFacts {
  TimeMs told_at = 0;  // Redis' clock; 0: nothing was asked
  std::uint64_t told_entries =
      0;  // of the outbox, by then: a book that moved later has other figures
  absl::flat_hash_map<BookId, std::string> books;
  absl::flat_hash_map<LineKey, std::string> lines;
  absl::flat_hash_map<OrderId, std::string> reservations;
  absl::flat_hash_map<std::pair<BookId, std::string>, std::string> requests;

  // An open reservation is not among the facts: Redis never forgets one by itself, so one that is
  // missing is put back (restore_reservation.lua).
  void Add(const LedgerQuestion& question, const LedgerAnswer& answer);
  // Whether something of it was asked before: what was answered then was of no use.
  bool Knows(const LedgerQuestion& question) const;
};

// "3 0 10 -": the content of a request id.
std::string RequestText(const RequestContent& content);

}  // namespace inventory
