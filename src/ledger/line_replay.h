// A change that was in quarantine, made once more on the stock as it stands now.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "stock/facts.h"
#include "stock/rules.h"

namespace inventory {

// Only the change's own line and book: what its order's reservation has come to is in the ledger
// already, since a reservation is no book's. Nothing changes where the line shows that it was made.
// Empty: made, now or before. Else why it cannot be, and nothing was changed.
std::string Replay(const Fact& change, StockState& state);

}  // namespace inventory
