// One batch, one transaction.
//
//   START TRANSACTION
//   writers                    this connection's row: batch = n; first, so that who asks later
//                              whether it took effect waits for the transaction to end
//   store_owner                shared: the stock is still ours
//   reservations               FOR UPDATE, ascending; then their lines, to know their books
//   inventory                  FOR UPDATE, ascending
//   order_lines, request_ids   read once the books are locked
//   … decided by stock/rules …
//   INSERT and UPDATE of what came of it
//   COMMIT
//
// All locks are taken before the first write and in one order, so two instances meet in a queue and
// not in a deadlock. A line is guarded by its book's lock (a reserved one by its reservation's
// too); where there is no row to lock, the primary key refuses the second INSERT.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/clock.h"
#include "mysql/batch_facts.h"
#include "mysql/connection.h"
#include "mysql/fact_loader.h"
#include "mysql/store_time.h"
#include "stock/command.h"
#include "stock/stock_store.h"

namespace inventory {

// A writer's name in the table `writers`, and the number of its newest transaction.
struct WriterMark {
  std::uint64_t writer = 0;
  std::uint64_t batch = 0;
};

// What a batch came to, known before it is durable.
struct DecidedTransaction {
  std::vector<Reply> replies;
  std::vector<StockChanged> changes;
  std::uint64_t tombstones = 0;
  std::vector<std::string> packets;  // what is left to run; the last ends with COMMIT
};

// Used once, by one thread. Whoever gets a fault rolls back.
class BatchTransaction {
 public:
  // All outlive the transaction. `needed` grows by what the batch turns out to need, for the next
  // attempt.
  BatchTransaction(Connection& connection, const WriterMark& mark, StoreTime& time,
                   NeededFacts& needed)
      : connection_(connection), mark_(mark), time_(time), needed_(needed) {}

  // Locks, reads and decides; nothing is written but the writer's row. ABORTED: begin again.
  // NotFound: the writer has no row. FailedPrecondition: the stock here is another store's.
  absl::StatusOr<DecidedTransaction> Decide(const std::vector<Command>& commands);

 private:
  absl::Status Begin();

  Connection& connection_;
  const WriterMark mark_;
  StoreTime& time_;
  NeededFacts& needed_;
  BatchFacts facts_;
  TimeMs now_ = 0;
};

}  // namespace inventory
