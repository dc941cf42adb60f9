#include "stock/outcome.h"

#include <cstddef>
#include <iterator>

namespace inventory {
namespace {

constexpr OutcomeInfo kTable[] = {
#define OUTCOME(enumerator, name, code, http, message) {#enumerator, name, code, http, message},
#include "stock/outcome_table.inc"
#undef OUTCOME
};

}  // namespace

const int kOutcomeCount = static_cast<int>(std::size(kTable));

const OutcomeInfo& Info(Outcome outcome) { return kTable[static_cast<std::size_t>(outcome)]; }

int HttpStatusOf(std::uint32_t code) {
  for (const OutcomeInfo& info : kTable) {
    if (info.code == code) return info.http_status;
  }
  return 500;
}

bool IsSuccess(Outcome outcome) { return Info(outcome).code == 0; }

}  // namespace inventory
