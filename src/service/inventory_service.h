// The service: checks requests, bounds the queue, makes batches, expires reservations, warns of low
// stock and feeds watchers. It knows domain values only: no proto, no transport, no store type.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "service/service_figures.h"
#include "service/settings.h"
#include "service/stock_watch.h"
#include "stock/command.h"
#include "stock/stock_store.h"

namespace inventory {

class CommandQueue;
class Expiry;
class LowStockCount;
class StockCache;
class WatchHub;

// What the service knows of a call besides its content.
struct CallContext {
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
  std::shared_ptr<const std::string> actor;  // null where access is not controlled
};

// Safe for concurrent use. `done` is called exactly once, on any thread, perhaps before the call
// returns; it must not block.
class InventoryService {
 public:
  // The store outlives the service and has no other.
  static std::unique_ptr<InventoryService> Make(StockStore& store, const ServiceSettings& settings);
  // Stops at once, and waits for the store's answers to what it was handed.
  ~InventoryService();

  // Changes. Each command is checked by itself: a bad one gets its 40001 or 40002 reply, which
  // carries no figures because nothing is looked up for it, and the others go on; they are decided
  // in order, but other callers' commands may come between.
  // RESOURCE_EXHAUSTED at once when the queue has no room for them; DEADLINE_EXCEEDED when the
  // deadline passed before they were handed to the store (nothing was done); UNAVAILABLE while
  // stopping, or when the store is in doubt. A Reserve with ttl 0 gets the default.
  void Submit(std::vector<Command> commands, const CallContext& context,
              Done<std::vector<Reply>> done);

  // Reads: arguments are checked by the caller (api/), answers are durable states. ReadStock's may
  // be as old as settings.cache_ttl.
  void ReadStock(std::vector<BookId> books, Done<std::vector<BookStock>> done);
  void ListStock(StockListQuery query, Done<StockPage> done);
  void ReadOrder(OrderId order, bool want_movements, Done<OrderFacts> done);
  void ReadMovements(const MovementQuery& query, Done<MovementPage> done);

  // RESOURCE_EXHAUSTED: too many watchers. UNAVAILABLE: stopping.
  absl::StatusOr<std::unique_ptr<StockWatch>> Watch(WatchQuery query);

  bool IsLow(Quantity available) const { return available < settings_.warning_threshold; }
  Quantity warning_threshold() const { return settings_.warning_threshold; }
  ServiceFigures Figures() const;
  // How large batches are, and how long the store and the callers take with them.
  std::vector<Distribution> Distributions() const;
  StockStore& store() { return store_; }

  // Refuses new work, ends the watches, finishes what was accepted; waits at most `limit`, then
  // answers what is still queued with UNAVAILABLE (nothing was done). Idempotent.
  void Stop(std::chrono::milliseconds limit);

 private:
  InventoryService(StockStore& store, const ServiceSettings& settings);

  StockStore& store_;
  const ServiceSettings settings_;
  class Observers;

  const std::shared_ptr<WatchHub> hub_;
  const SteadyClock clock_;            // the cache's
  std::unique_ptr<StockCache> cache_;  // null: none
  std::unique_ptr<Observers> observers_;
  std::unique_ptr<CommandQueue> queue_;
  std::unique_ptr<Expiry> expiry_;
  const std::shared_ptr<LowStockCount> low_stock_;
  Mutex stop_mutex_;  // one Stop at a time
};

}  // namespace inventory
