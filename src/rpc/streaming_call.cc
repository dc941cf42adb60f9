#include "rpc/streaming_call.h"

#include "rpc/admission.h"
#include "rpc/message.h"

namespace inventory {

void StreamingCall::Offer() {
  context_.AsyncNotifyWhenDone(&over_event_);
  method_.service.RequestAsyncBidiStreaming(method_.number, &context_, &stream_, &method_.queue,
                                            &method_.queue, &taken_event_);
}

void StreamingCall::End() {
  MutexLock lock(mutex_);
  EndStopping();
}

void StreamingCall::OnTaken(bool ok) {
  if (!ok) {  // then there will be no over_event_ either
    tracker_->WithdrawOffer();
    delete this;
    return;
  }
  OfferAnother();
  tracker_->TakeOffer();
  const bool added = tracker_->AddStream(this);
  edition_ = method_.access.edition();
  const absl::Status admitted = Admit(method_, context_).status();
  MutexLock lock(mutex_);
  pending_ = 1;  // over_event_
  if (!added) return EndStopping();
  if (!admitted.ok()) return EndWith(ToGrpc(admitted));
  StartRead();
}

// The client has gone, or the call has ended on both sides.
void StreamingCall::OnOver(bool) {
  {
    MutexLock lock(mutex_);
    if (!end_) end_ = grpc::Status::CANCELLED;
    finished_ = true;
  }
  Drop();
  OnePendingLess();
}

void StreamingCall::EndStopping() {
  EndWith({grpc::StatusCode::UNAVAILABLE,
           "the service is stopping; call again on another instance, or here after the restart"});
}

void StreamingCall::EndWith(const grpc::Status& status) {
  if (end_) return;
  end_ = status;
  if (!writing_) Finish();
}

void StreamingCall::Finish() {
  if (finished_) return;
  finished_ = true;
  const grpc::Status status = *end_;
  Start([&] { stream_.Finish(status, &finished_event_); });
}

void StreamingCall::OnePendingLess() {
  {
    MutexLock lock(mutex_);
    if (--pending_ > 0) return;
  }
  const std::shared_ptr<CallTracker> tracker = tracker_;
  tracker->RemoveStream(this);
  delete this;
  tracker->EndCall();
}

}  // namespace inventory
