// Compares Redis, the ledger's rows and the log, book by book.
#pragma once

#include "absl/status/statusor.h"
#include "stock/stock_store.h"
#include "store/redis/store_parts.h"

namespace inventory {

// Blocking. Each book is read in Redis in one step; once the ledger has applied what the outbox
// held by then, its row and the movement of that sequence must say the same. What differs is set to
// what the log says, where `query.repair` asks for it and nothing has moved meanwhile, and the
// repair is recorded.
absl::StatusOr<ReconcilePage> ReconcileBooks(StoreParts& parts, const ReconcileQuery& query);

}  // namespace inventory
