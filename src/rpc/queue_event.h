// What a completion queue's tags point to.
#pragma once

#include <grpcpp/completion_queue.h>

namespace inventory {

class QueueEvent {
 public:
  virtual void OnEvent(bool ok) = 0;

 protected:
  ~QueueEvent() = default;
};

// Hands out events until the queue is shut down and empty.
void Poll(grpc::CompletionQueue& queue);

// Whether this thread is in Poll of this queue.
bool IsPolling(const grpc::CompletionQueue& queue);

}  // namespace inventory
