// What a command or a read came to. Refusals are outcomes (values); faults are absl::Status.
#pragma once

#include <cstdint>
#include <string_view>

namespace inventory {

// In the order of checks (outcome_table.inc): of several that apply, the smallest is the answer.
enum class Outcome : std::uint8_t {
#define OUTCOME(enumerator, name, code, http, message) enumerator,
#include "stock/outcome_table.inc"
#undef OUTCOME
};

struct OutcomeInfo {
  std::string_view enumerator;  // "kInsufficientStock"
  std::string_view name;        // "insufficient_stock", for metrics and docs
  std::uint32_t code;           // the wire's `code`; 0 is success
  int http_status;
  std::string_view message;  // UTF-8, fixed by the earlier contract where it had one
};

// The table's row. Safe for concurrent use; the texts live for ever.
const OutcomeInfo& Info(Outcome outcome);

// How many rows the table has; outcomes are numbered from 0.
extern const int kOutcomeCount;

// The HTTP status of an answer with this code on the wire: rows that share a code share it too. 500
// for a code that no row has.
int HttpStatusOf(std::uint32_t code);

// Done now, or done before: the wire's `code` is 0.
bool IsSuccess(Outcome outcome);

}  // namespace inventory
