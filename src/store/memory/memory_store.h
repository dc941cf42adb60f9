// The rules over maps: the reference the other stores are judged by. Nothing survives the process.
#pragma once

#include <memory>

#include "base/clock.h"
#include "stock/stock_store.h"

namespace inventory {

// Every call answers before it returns. `clock` outlives the store.
std::unique_ptr<StockStore> MakeMemoryStore(const Clock& clock);

}  // namespace inventory
