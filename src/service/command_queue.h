// Commands on their way to the store: bounded, in batches, a few batches at a time.
//
//   Submit ──► calls_ ──► Pump: a batch of everything queued ──► store.Apply ──► OnAnswer ──► done
//                           ▲                                                       │
//                           └───────────────── room for another ◄───────────────────┘
//
// There is no thread here: whoever finds room for a batch, a Submit or the store's answer to an
// earlier batch, forms it. What arrives while the allowed batches are in flight waits and becomes
// the next one, so batches grow with the load and a lone command waits for nobody.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "base/mutex.h"
#include "service/settings.h"
#include "stock/stock_store.h"
#include "telemetry/bucket_histogram.h"

namespace inventory {

// Safe for concurrent use. `done` is called exactly once, on any thread, perhaps before the call
// returns, and never under a lock. Submit never blocks.
class CommandQueue {
 public:
  using Deadline = std::chrono::steady_clock::time_point;
  using Replies = std::vector<Reply>;

  struct Figures {
    std::size_t queued = 0;
    std::uint64_t commands = 0;
    std::uint64_t batches = 0;
    std::uint64_t refused_full = 0;
  };

  // The store outlives the queue.
  CommandQueue(StockStore& store, const ServiceSettings& settings);
  // Stops, then waits until the store has answered what it was handed, as it must.
  ~CommandQueue();

  // A call's commands are decided in order and stand in one batch where they fit, else in several.
  // The deadline is looked at until the first of them is handed to the store.
  void Submit(std::vector<Command> commands, Deadline deadline, Done<Replies> done);

  // For expiry, which a full queue must not shut out: it passes the limit, and in exchange hands in
  // a bounded number of commands and waits for their answers.
  void SubmitPastLimit(std::vector<Command> commands, Done<Replies> done);

  // Refuses new commands and waits for those accepted, at most for `limit`; then answers what is
  // still queued with UNAVAILABLE.
  void Stop(std::chrono::milliseconds limit);

  Figures figures() const;
  std::vector<Distribution> distributions() const;

 private:
  struct Call;
  struct Piece;
  struct HandedOver;
  using Batch = std::vector<Piece>;

  void Enqueue(std::shared_ptr<Call> call, std::size_t limit);
  bool ClaimPump() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Pump();
  Batch TakeBatch(std::vector<std::shared_ptr<Call>>& late) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void HandOver(Batch batch);
  void OnAnswer(HandedOver& handed_over, absl::StatusOr<Replies> replies);
  void Deliver(Batch& batch, absl::StatusOr<Replies> replies);
  void DeliverPart(Call& call, std::size_t count, const absl::Status& status);
  bool idle() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return calls_.empty() && !pumping_ && undelivered_ == 0;
  }

  StockStore& store_;
  const std::size_t queue_limit_;
  const std::size_t batch_limit_;
  const int batches_in_flight_;

  BucketHistogram batch_size_{BucketHistogram::Kind::kSize};
  BucketHistogram apply_{BucketHistogram::Kind::kDuration};
  BucketHistogram reply_{BucketHistogram::Kind::kDuration};

  mutable Mutex mutex_;
  CondVar became_idle_;
  std::deque<std::shared_ptr<Call>> calls_ ABSL_GUARDED_BY(mutex_);
  Figures figures_ ABSL_GUARDED_BY(mutex_);
  int in_flight_ ABSL_GUARDED_BY(mutex_) = 0;    // batches handed over and not answered
  int undelivered_ ABSL_GUARDED_BY(mutex_) = 0;  // batches whose callers are not all answered
  // Someone forms batches: one at a time, so that they reach the store in the order of the queue,
  // and a store that answers within Apply makes a loop and not a recursion.
  bool pumping_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace inventory
