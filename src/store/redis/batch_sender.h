// Sends what batches have pending: all that waits goes together.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <vector>

#include "base/mutex.h"
#include "store/redis/store_parts.h"

namespace inventory {

class BatchRun;

// One attempt is under way at a time; what comes meanwhile makes the next one, so a call of a
// script carries more the more there is to do. A second one goes beside it only where it fills a
// call too, so that Redis has work while answers are read: for less it would make calls smaller,
// and nothing faster. A batch that waits for the ledger is not under way: it holds up nobody. Safe
// for concurrent use; no thread of its own.
class BatchSender {
 public:
  explicit BatchSender(StoreParts& parts) : parts_(parts) {}

  // Calls the run's OnAttemptEnd once. `first`: before those that wait, because it has been sent
  // before.
  void Send(std::shared_ptr<BatchRun> run, bool first) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  void Pump() ABSL_LOCKS_EXCLUDED(mutex_);
  std::vector<std::shared_ptr<BatchRun>> Take() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  StoreParts& parts_;
  Mutex mutex_;
  std::deque<std::shared_ptr<BatchRun>> waiting_ ABSL_GUARDED_BY(mutex_);
  std::size_t commands_ ABSL_GUARDED_BY(mutex_) = 0;  // of those that wait
  int under_way_ ABSL_GUARDED_BY(mutex_) = 0;         // attempts
  bool pumping_ ABSL_GUARDED_BY(mutex_) = false;      // someone sends: one at a time, in order
};

}  // namespace inventory
