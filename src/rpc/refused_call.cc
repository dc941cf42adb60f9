#include <grpcpp/support/async_stream.h>

#include "rpc/call.h"

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
    if (taken_) return End();
    if (!ok) {
      method_.tracker->WithdrawOffer();
      delete this;
      return;
    }
    OfferRefusedCall(method_);
    taken_ = true;
    method_.tracker->TakeOffer();
    if (!method_.tracker->BeginOperation()) return End();
    stream_.Finish(method_.served.refuse(method_.name), static_cast<QueueEvent*>(this));
    method_.tracker->EndOperation();
  }

 private:
  void End() {
    const std::shared_ptr<CallTracker> tracker = method_.tracker;
    delete this;
    tracker->EndCall();
  }

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
