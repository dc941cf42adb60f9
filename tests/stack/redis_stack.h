// A redis store with its ledger, as a running service has them.
#pragma once

#include <chrono>
#include <memory>
#include <thread>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "ledger/written_ledger.h"
#include "mysql/connection.h"
#include "store/redis/redis_store.h"

namespace inventory {

// What the tests of tests/support's servers give it.
struct RedisStackSettings {
  Dsn dsn;
  RedisStoreSettings store;
};

// Waits, for a minute, until the store serves.
inline absl::Status AwaitServing(StockStore& store) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (!store.Status().health.ok()) {
    if (std::chrono::steady_clock::now() > end) return store.Status().health;
    std::this_thread::yield();
  }
  return absl::OkStatus();
}

// Does not wait for it.
inline absl::StatusOr<std::unique_ptr<StockStore>> StartRedisStack(
    const RedisStackSettings& settings) {
  LedgerSettings ledger;
  ledger.dsn = settings.dsn;
  ledger.redis = settings.store.endpoint;
  ledger.idempotency_ttl = settings.store.idempotency_ttl;
  ASSIGN_OR_RETURN(std::unique_ptr<Ledger> opened, OpenLedger(ledger));
  return OpenRedisStore(settings.store, std::move(opened));
}

inline absl::StatusOr<std::unique_ptr<StockStore>> OpenRedisStack(
    const RedisStackSettings& settings) {
  ASSIGN_OR_RETURN(std::unique_ptr<StockStore> store, StartRedisStack(settings));
  RETURN_IF_ERROR(AwaitServing(*store));
  return store;
}

// As if no store had ever been in the database; its tables stay.
inline absl::Status EmptyDatabase(const Dsn& dsn) {
  ASSIGN_OR_RETURN(const auto connection, Connection::Open(dsn));
  return connection
      ->Run(
          "DELETE FROM inventory;DELETE FROM inventory_logs;DELETE FROM order_lines;"
          "DELETE FROM reservations;DELETE FROM request_ids;DELETE FROM redis_epochs;"
          "DELETE FROM ledger_cursor;DELETE FROM ledger_quarantine;DELETE FROM ledger_instances;"
          "DELETE FROM ledger_hand_ins;DELETE FROM ledger_losses;DELETE FROM repairs")
      .status();
}

}  // namespace inventory
