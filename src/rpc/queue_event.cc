#include "rpc/queue_event.h"

namespace inventory {
namespace {

thread_local const grpc::CompletionQueue* polled = nullptr;

}  // namespace

void Poll(grpc::CompletionQueue& queue) {
  polled = &queue;
  void* tag;
  bool ok;
  while (queue.Next(&tag, &ok)) static_cast<QueueEvent*>(tag)->OnEvent(ok);
  polled = nullptr;
}

bool IsPolling(const grpc::CompletionQueue& queue) { return polled == &queue; }

}  // namespace inventory
