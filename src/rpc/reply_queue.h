// Where replies wait for the thread that sends them.
#pragma once

#include <grpcpp/alarm.h>
#include <grpcpp/completion_queue.h>

#include <vector>

#include "base/mutex.h"
#include "rpc/queue_event.h"

namespace inventory {

// Replies to the calls of one completion queue, sent by the thread that polls it. A store answers a
// whole batch at once, from a thread of its own: were it to send the replies too, the next batch
// would wait for them, and two threads at one connection make gRPC hand its work to a third. One
// alarm wakes the poller for all that has gathered.
//
// Safe for concurrent use.
class ReplyQueue final : public QueueEvent {
 public:
  explicit ReplyQueue(grpc::CompletionQueue& queue) : queue_(queue) {}

  // `reply` gets its event on the thread that polls. Between CallTracker's BeginOperation and
  // EndOperation: the queue must not be shut down yet.
  void Push(QueueEvent* reply) ABSL_LOCKS_EXCLUDED(mutex_);

  void OnEvent(bool ok) override ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  grpc::CompletionQueue& queue_;
  grpc::Alarm alarm_;  // set while waiting_ is not empty
  Mutex mutex_;
  std::vector<QueueEvent*> waiting_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace inventory
