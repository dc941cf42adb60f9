// The facts of an export as messages of the wire contract, both ways.
#pragma once

#include "absl/status/statusor.h"
#include "inventory/v1/inventory.pb.h"
#include "stock/facts.h"

namespace inventory {

void SetFact(const Fact& fact, v1::StockFacts& message);

// INVALID_ARGUMENT: a name or state that is none, a total that is no sum, a header, a trailer or
// nothing. Whether a stock could have come to the fact is for the store to say.
absl::StatusOr<Fact> ToFact(const v1::StockFacts& message);

}  // namespace inventory
