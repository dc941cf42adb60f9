#include <grpcpp/support/async_unary_call.h>

#include <chrono>
#include <utility>

#include "rpc/admission.h"
#include "rpc/call.h"
#include "rpc/message.h"

namespace inventory {
namespace {

std::chrono::steady_clock::time_point Deadline(const grpc::ServerContext& context) {
  const gpr_timespec deadline = context.raw_deadline();
  if (gpr_time_cmp(deadline, gpr_inf_future(deadline.clock_type)) == 0) {
    return std::chrono::steady_clock::time_point::max();
  }
  const gpr_timespec left = gpr_time_sub(deadline, gpr_now(deadline.clock_type));
  return std::chrono::steady_clock::now() + std::chrono::seconds(left.tv_sec) +
         std::chrono::nanoseconds(left.tv_nsec);
}

class UnaryCall final : public QueueEvent, public UnaryReply {
 public:
  explicit UnaryCall(const OfferedMethod& method)
      : method_(method), tracker_(method.tracker), writer_(&context_) {}

  void Offer() {
    method_.service.RequestAsyncUnary(method_.number, &context_, &request_, &writer_,
                                      &method_.queue, &method_.queue,
                                      static_cast<QueueEvent*>(this));
  }

  void OnEvent(bool ok) override {
    if (sent_) return End();  // the reply has left, or there is nobody to read it
    if (taken_) return SendNow();
    if (!ok) {
      tracker_->WithdrawOffer();
      delete this;
      return;
    }
    OfferUnaryCall(method_);
    taken_ = true;
    if (!tracker_->TakeOffer()) {
      return Send({grpc::StatusCode::UNAVAILABLE,
                   "the service is stopping and nothing was done; retry on another instance, or "
                   "here after the restart"},
                  {});
    }
    absl::StatusOr<Access::Actor> actor = Admit(method_, context_);
    if (!actor.ok()) return Send(ToGrpc(actor.status()), {});
    // The request's bytes end with this scope, not with the call. `this` may end with the handler.
    grpc::ByteBuffer request;
    request.Swap(&request_);
    CallContext context;
    context.deadline = Deadline(context_);
    context.actor = *std::move(actor);
    (*method_.unary)(request, context, *this);
  }

  // On any thread, once.
  void Send(const grpc::Status& status, const grpc::ByteBuffer& response) override {
    status_ = status;
    response_ = response;
    const std::shared_ptr<CallTracker> tracker = tracker_;
    if (!tracker->BeginOperation()) return End();
    if (IsPolling(method_.queue)) {
      SendNow();
    } else {
      method_.replies.Push(this);
    }
    tracker->EndOperation();
  }

 private:
  // On the thread that polls.
  void SendNow() {
    const std::shared_ptr<CallTracker> tracker = tracker_;
    if (!tracker->BeginOperation()) return End();
    sent_ = true;
    if (status_.ok()) {
      writer_.Finish(response_, status_, static_cast<QueueEvent*>(this));
    } else {
      writer_.FinishWithError(status_, static_cast<QueueEvent*>(this));
    }
    tracker->EndOperation();
  }

  void End() {
    const std::shared_ptr<CallTracker> tracker = tracker_;
    delete this;
    tracker->EndCall();
  }

  const OfferedMethod& method_;  // not after the server has stopped
  const std::shared_ptr<CallTracker> tracker_;
  bool taken_ = false;
  bool sent_ = false;
  grpc::Status status_;
  grpc::ByteBuffer response_;
  grpc::ServerContext context_;
  grpc::ByteBuffer request_;
  grpc::ServerAsyncResponseWriter<grpc::ByteBuffer> writer_;
};

}  // namespace

void OfferUnaryCall(const OfferedMethod& method) {
  if (method.tracker->BeginOffer()) (new UnaryCall(method))->Offer();
}

}  // namespace inventory
