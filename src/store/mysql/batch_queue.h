// Batches on their way to a transaction.
//
// Batches that share a book or an order are decided one after the other, in the order they came;
// others may be in flight at the same time. What waits for the same books goes together into the
// next transaction: the fuller it is, the less each order costs.
#pragma once

#include <cstddef>
#include <deque>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "base/mutex.h"
#include "stock/command.h"
#include "stock/stock_store.h"

namespace inventory {

// What a batch touches: what its commands name. The books of a reservation that a command only
// names by its order are not known here; the database's locks keep those apart.
struct BatchKeys {
  absl::flat_hash_set<BookId> books;
  absl::flat_hash_set<OrderId> orders;

  void Add(const Command& command);
  void Add(const BatchKeys& other);
  void Remove(const BatchKeys& other);
  bool Meets(const BatchKeys& other) const;
  bool empty() const { return books.empty() && orders.empty(); }
};

struct PendingBatch {
  std::vector<Command> commands;
  Done<std::vector<Reply>> done;
  BatchKeys keys;
};

// Batches that make one transaction.
struct BatchGroup {
  std::vector<PendingBatch> batches;
  BatchKeys keys;
  std::size_t commands = 0;
};

// Safe for concurrent use.
class BatchQueue {
 public:
  // A group's commands, at most, unless its first batch alone has more.
  static constexpr std::size_t kGroupCommands = 8'192;

  explicit BatchQueue(std::size_t limit) : limit_(limit) {}

  // Answers at once, and takes nothing: RESOURCE_EXHAUSTED when full, UNAVAILABLE after Stop.
  void Push(PendingBatch batch) ABSL_LOCKS_EXCLUDED(mutex_);

  // Waits for batches that share nothing with those taken and not yet finished. Empty: stopped, and
  // nothing is left.
  BatchGroup Take() ABSL_LOCKS_EXCLUDED(mutex_);
  // Batches that share these keys of a group may be taken.
  void Finish(const BatchKeys& keys) ABSL_LOCKS_EXCLUDED(mutex_);

  // Refuses new batches; those queued are still given out.
  void Stop() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  absl::Status Enqueue(PendingBatch& batch) ABSL_LOCKS_EXCLUDED(mutex_);
  BatchGroup Gather() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::size_t limit_;
  Mutex mutex_;
  CondVar changed_;
  std::deque<PendingBatch> waiting_ ABSL_GUARDED_BY(mutex_);
  BatchKeys taken_ ABSL_GUARDED_BY(mutex_);  // groups in flight share nothing, so a set is enough
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace inventory
