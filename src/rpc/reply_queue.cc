#include "rpc/reply_queue.h"

#include <grpc/support/time.h>

namespace inventory {

void ReplyQueue::Push(QueueEvent* reply) {
  MutexLock lock(mutex_);
  waiting_.push_back(reply);
  if (waiting_.size() > 1) return;
  alarm_.Set(&queue_, gpr_inf_past(GPR_CLOCK_MONOTONIC), static_cast<QueueEvent*>(this));
}

void ReplyQueue::OnEvent(bool ok) {
  std::vector<QueueEvent*> replies;
  {
    MutexLock lock(mutex_);
    replies.swap(waiting_);
  }
  for (QueueEvent* reply : replies) reply->OnEvent(ok);
}

}  // namespace inventory
