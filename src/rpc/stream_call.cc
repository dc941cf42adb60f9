#include <grpcpp/support/async_stream.h>

#include <optional>
#include <utility>

#include "rpc/call.h"

namespace inventory {
namespace {

// One server-streaming call: read the request, then write each message when the one before has
// left.
//
// Queue events come on the queue's thread, which alone touches `messages_`; messages and End() come
// on others. Whoever sees the last event pending go deletes the call.
class StreamCall final : public OpenStream {
 public:
  explicit StreamCall(const OfferedMethod& method)
      : method_(method), tracker_(method.tracker), stream_(&context_) {}

  void Offer() {
    context_.AsyncNotifyWhenDone(&over_event_);
    method_.service.RequestAsyncBidiStreaming(method_.number, &context_, &stream_, &method_.queue,
                                              &method_.queue, &taken_event_);
  }

  void End() override {
    MutexLock lock(mutex_);
    EndStopping();
  }

 private:
  class Event final : public QueueEvent {
   public:
    Event(StreamCall& call, void (StreamCall::*handler)(bool)) : call_(call), handler_(handler) {}
    void OnEvent(bool ok) override { (call_.*handler_)(ok); }

   private:
    StreamCall& call_;
    void (StreamCall::*const handler_)(bool);
  };

  void OnTaken(bool ok) {
    if (!ok) {  // then there will be no over_event_ either
      tracker_->WithdrawOffer();
      delete this;
      return;
    }
    OfferStreamCall(method_);
    tracker_->TakeOffer();
    const bool added = tracker_->AddStream(this);
    MutexLock lock(mutex_);
    pending_ = 1;  // over_event_
    if (!added) return EndStopping();
    Start([this] { stream_.Read(&request_, &read_event_); });
  }

  void OnRead(bool ok) {
    OpenedStream opened;
    if (ok) {
      opened = (*method_.stream)(request_);
      messages_ = std::move(opened.stream);
    } else {
      opened.status = {grpc::StatusCode::INVALID_ARGUMENT, "the call ended before its request"};
    }
    if (!opened.status.ok()) {
      MutexLock lock(mutex_);
      EndWith(opened.status);
    }
    OnStepDone(ok);
  }

  void OnWritten(bool ok) { OnStepDone(ok); }

  // A read or a write has ended: what is next?
  void OnStepDone(bool ok) {
    bool ask = false;
    {
      MutexLock lock(mutex_);
      stepping_ = false;
      if (end_) {
        Finish();
      } else if (ok && messages_) {
        ask = true;
        ++pending_;  // the message
      }
    }
    if (ask) {
      messages_->Next([this](const grpc::Status& status, const grpc::ByteBuffer& message) {
        OnMessage(status, message);
      });
    }
    OnePendingLess();
  }

  void OnMessage(const grpc::Status& status, const grpc::ByteBuffer& message) {
    {
      MutexLock lock(mutex_);
      if (!status.ok()) {
        EndWith(status);
      } else if (!end_) {
        Start([&] { stream_.Write(message, &written_event_); });
      }
    }
    OnePendingLess();
  }

  // The client has gone, or the call has ended on both sides.
  void OnOver(bool) {
    {
      MutexLock lock(mutex_);
      if (!end_) end_ = grpc::Status::CANCELLED;
      finished_ = true;
    }
    messages_.reset();  // a waiting message comes now, as cancelled
    OnePendingLess();
  }

  void OnFinished(bool) { OnePendingLess(); }

  void EndStopping() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    EndWith({grpc::StatusCode::UNAVAILABLE,
             "the service is stopping; call again on another instance, or here after the restart"});
  }

  void EndWith(const grpc::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (end_) return;
    end_ = status;
    if (!stepping_) Finish();
  }

  void Finish() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (finished_) return;
    finished_ = true;
    const grpc::Status status = *end_;
    Start([&] { stream_.Finish(status, &finished_event_); });
    stepping_ = false;
  }

  template <typename Operation>
  void Start(Operation operation) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (!tracker_->BeginOperation()) return;
    operation();
    tracker_->EndOperation();
    stepping_ = true;
    ++pending_;
  }

  void OnePendingLess() {
    {
      MutexLock lock(mutex_);
      if (--pending_ > 0) return;
    }
    const std::shared_ptr<CallTracker> tracker = tracker_;
    tracker->RemoveStream(this);
    delete this;
    tracker->EndCall();
  }

  const OfferedMethod& method_;  // not after the server has stopped
  const std::shared_ptr<CallTracker> tracker_;
  Event taken_event_{*this, &StreamCall::OnTaken};
  Event read_event_{*this, &StreamCall::OnRead};
  Event written_event_{*this, &StreamCall::OnWritten};
  Event finished_event_{*this, &StreamCall::OnFinished};
  Event over_event_{*this, &StreamCall::OnOver};
  grpc::ServerContext context_;
  grpc::ByteBuffer request_;
  grpc::ServerAsyncReaderWriter<grpc::ByteBuffer, grpc::ByteBuffer> stream_;
  std::unique_ptr<ServedStream> messages_;

  Mutex mutex_;
  int pending_ ABSL_GUARDED_BY(mutex_) = 0;        // events still to come, message included
  bool stepping_ ABSL_GUARDED_BY(mutex_) = false;  // a read or write is under way
  std::optional<grpc::Status> end_ ABSL_GUARDED_BY(mutex_);  // how it ends, once it must
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;            // nothing more may be started
};

}  // namespace

void OfferStreamCall(const OfferedMethod& method) {
  if (method.tracker->BeginOffer()) (new StreamCall(method))->Offer();
}

}  // namespace inventory
