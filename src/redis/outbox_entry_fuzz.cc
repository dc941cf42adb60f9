// Any text as an outbox entry's changes, and as its id: refused, or read, and then written again it
// is the same text.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "redis/outbox_entry.h"

namespace inventory {
namespace {

void Check(bool holds) {
  if (!holds) std::abort();
}

void CheckFact(const Fact& fact, TimeMs time) {
  const auto* const movement = std::get_if<Movement>(&fact);
  if (movement == nullptr) return;
  Check(movement->time == time && movement->id == 0 && movement->book != 0);
  Check(movement->after >= 0 && movement->locked_after >= 0);
  Check(LineAfter(*movement).has_value() == (movement->order != 0));
}

}  // namespace
}  // namespace inventory

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace inventory;  // NOLINT(google-build-using-namespace)
  constexpr TimeMs kTime = 1'700'000'000'000;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto facts = DecodeChanges(text, kTime); facts.ok()) {
    for (const Fact& fact : *facts) CheckFact(fact, kTime);
    Check(EncodeChanges(*facts) == text);
  } else {
    Check(absl::IsDataLoss(facts.status()));
  }
  if (const auto id = ParseOutboxId(text)) Check(FormatOutboxId(*id) == text);
  return 0;
}
