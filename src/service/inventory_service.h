// The service: checks requests, bounds the queue, makes batches, expires reservations, warns of low
// stock and feeds watchers. It knows domain values only: no proto, no transport, no store type.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "stock/command.h"
#include "stock/stock_store.h"

namespace inventory {

struct ServiceSettings {
  std::size_t queue_limit = 100'000;  // commands accepted and not yet handed to the store
  std::size_t batch_limit = 8'192;    // commands a batch, at most
  int batches_in_flight = 2;          // handed to the store and not yet answered
  TimeMs reservation_ttl = 900'000;   // where a request names none
  Quantity warning_threshold = 10;    // available below it is low; 0: never
  std::size_t watcher_limit = 10'000;         // open watches
  std::size_t watcher_buffer_limit = 10'000;  // books waiting for one slow watcher
};

// What the service knows of a call besides its content.
struct CallContext {
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
  std::shared_ptr<const std::string> actor;  // null where access is not controlled
};

// One watcher's view of changing stock. Calls may come from any thread, one at a time.
class StockWatch {
 public:
  struct Change {
    BookStock stock;
    bool low = false;
  };
  struct Update {
    std::vector<Change> changes;  // the latest state of each book, conflated
    bool snapshot_done = false;
  };

  // Dropping the watch ends it; a pending `done` is then called with CANCELLED.
  virtual ~StockWatch() = default;

  // Calls `done` once with the next update, as soon as there is one and the minimum interval has
  // passed; one call at a time. RESOURCE_EXHAUSTED: this watcher was too slow and has been cut off;
  // UNAVAILABLE: the service is stopping. After an error the watch is over.
  virtual void Next(Done<Update> done) = 0;
};

struct WatchQuery {
  std::vector<BookId> books;  // empty: all
  bool low_stock_only = false;
  std::chrono::milliseconds min_interval{0};
};

// Figures for status pages and metrics.
struct ServiceFigures {
  std::size_t queued = 0;            // commands waiting for a batch
  std::uint64_t commands = 0;        // accepted since the start
  std::uint64_t batches = 0;         // handed to the store since the start
  std::uint64_t refused_full = 0;    // commands refused because the queue was full
  std::uint64_t expired = 0;         // reservations this service asked to expire
  std::uint64_t low_stock_warnings = 0;
  std::size_t watchers = 0;
  std::uint64_t watchers_cut_off = 0;
};

// Safe for concurrent use. `done` is called exactly once, on any thread, perhaps before the call
// returns; it must not block.
class InventoryService {
 public:
  // The store outlives the service.
  static std::unique_ptr<InventoryService> Make(StockStore& store, const ServiceSettings& settings);
  virtual ~InventoryService() = default;

  // Changes. Each command is checked by itself: a bad one gets its 40001 or 40002 reply and the
  // others go on; they are decided in order, but other callers' commands may come between.
  // RESOURCE_EXHAUSTED at once when the queue has no room for them; DEADLINE_EXCEEDED when the
  // deadline passed before they were handed to the store (nothing was done); UNAVAILABLE while
  // stopping, or when the store is in doubt. A Reserve with ttl 0 gets the default.
  virtual void Submit(std::vector<Command> commands, const CallContext& context,
                      Done<std::vector<Reply>> done) = 0;

  // Reads: arguments are checked by the caller (api/), answers are durable states.
  virtual void ReadStock(std::vector<BookId> books, Done<std::vector<BookStock>> done) = 0;
  virtual void ListStock(StockListQuery query, Done<StockPage> done) = 0;
  virtual void ReadOrder(OrderId order, bool want_movements, Done<OrderFacts> done) = 0;
  virtual void ReadMovements(const MovementQuery& query, Done<MovementPage> done) = 0;

  // RESOURCE_EXHAUSTED: too many watchers.
  virtual absl::StatusOr<std::unique_ptr<StockWatch>> Watch(WatchQuery query) = 0;

  virtual bool IsLow(Quantity available) const = 0;
  virtual Quantity warning_threshold() const = 0;
  virtual ServiceFigures Figures() const = 0;
  virtual StockStore& store() = 0;

  // Refuses new work, ends the watches, finishes what was accepted; waits at most `limit`, then
  // answers what is still queued with UNAVAILABLE (nothing was done). Idempotent.
  virtual void Stop(std::chrono::milliseconds limit) = 0;
};

}  // namespace inventory
