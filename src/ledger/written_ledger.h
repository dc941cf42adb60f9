// The ledger as a running service has it: in MySQL, with the writer that fills it.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "mysql/dsn.h"
#include "redis/redis_connection.h"
#include "stock/ledger.h"

namespace inventory {

struct LedgerSettings {
  Dsn dsn;
  int max_connections = 4;             // beside the writer's own
  RedisEndpoint redis;                 // whose outbox is copied
  TimeMs idempotency_ttl = 3'600'000;  // ms, of markers
  TimeMs outbox_keep = 60'000;         // ms that an entry stays after it was applied
};

// Fails at once where waiting would not help: wrong password, no right to make tables, another
// store's tables, a newer schema. Where the database is away every call says so until it is back.
absl::StatusOr<std::unique_ptr<Ledger>> OpenLedger(const LedgerSettings& settings);

}  // namespace inventory
