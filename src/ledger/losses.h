// The table ledger_losses.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "stock/ledger.h"

namespace inventory {

// INSERTs of what was lost in the epoch, none too large for the server. What an order is already on
// record for is not counted twice.
std::vector<std::string> LossStatements(std::uint64_t epoch, const std::vector<LostChange>& lost);

}  // namespace inventory
