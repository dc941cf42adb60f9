#include <grpcpp/support/async_stream.h>

#include "rpc/call.h"
#include "rpc/message.h"

namespace inventory {
namespace {

// Any kind of streaming call can be ended before anything was read or written, so one kind does.
class RefusedCall final : public QueueEvent {
 public:
  explicit RefusedCall(const OfferedMethod& method) : method_(method), stream_(&context_) {}

  void Offer() {
    method_.service.RequestAsyncBidiStreaming(method_.number, &context_, &stream_, &method_.queue,
                                              &method_.queue, static_cast<QueueEvent*>(this));
  }

  void OnEvent(bool ok) override {
    if (taken_) {
      delete this;
      return;
    }
    taken_ = true;
    if (ok) OfferRefusedCall(method_);
    method_.tracker->EndOffer();
    if (ok && method_.tracker->BeginOperation()) {
      stream_.Finish(ToGrpc(method_.served.refuse(method_.name)), static_cast<QueueEvent*>(this));
      method_.tracker->EndOperation();
    } else {
      delete this;
    }
  }

 private:
  const OfferedMethod& method_;
  bool taken_ = false;
  grpc::ServerContext context_;
  grpc::ServerAsyncReaderWriter<grpc::ByteBuffer, grpc::ByteBuffer> stream_;
};

}  // namespace

void OfferRefusedCall(const OfferedMethod& method) {
  if (method.tracker->BeginOffer()) (new RefusedCall(method))->Offer();
}

}  // namespace inventory
