// The proof that a book was sold right: its whole log, its stock and what the buyers were told must
// tell one story.
#pragma once

#include <string>
#include <vector>

#include "tools/inventory-bench/sale_history.h"

namespace inventory::bench {

struct ProofLine {
  bool holds = false;
  std::string text;
};

// One line a claim. Knows every type of movement, so it also proves a book with reservations.
std::vector<ProofLine> ProveSale(const SaleHistory& history);

bool AllHold(const std::vector<ProofLine>& proof);
// "PASS  …" and "FAIL  …", a line each.
std::string ToText(const std::vector<ProofLine>& proof);

}  // namespace inventory::bench
