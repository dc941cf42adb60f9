#include <grpcpp/support/async_stream.h>

#include <optional>
#include <utility>

#include "rpc/call.h"
#include "rpc/message.h"

namespace inventory {
namespace {

// One WatchStock call: read the request, then write each update when the one before has left.
//
// Queue events come on the queue's thread, which alone touches `updates_`; updates and End() come
// on others. Whoever sees the last event pending go deletes the call.
class WatchCall final : public OpenStream {
 public:
  explicit WatchCall(const OfferedMethod& method)
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
    Event(WatchCall& call, void (WatchCall::*handler)(bool)) : call_(call), handler_(handler) {}
    void OnEvent(bool ok) override { (call_.*handler_)(ok); }

   private:
    WatchCall& call_;
    void (WatchCall::*const handler_)(bool);
  };

  void OnTaken(bool ok) {
    if (!ok) {  // then there will be no over_event_ either
      tracker_->WithdrawOffer();
      delete this;
      return;
    }
    OfferWatchCall(method_);
    tracker_->TakeOffer();
    const bool added = tracker_->AddStream(this);
    MutexLock lock(mutex_);
    pending_ = 1;  // over_event_
    if (!added) return EndStopping();
    Start([this] { stream_.Read(&request_, &read_event_); });
  }

  void OnRead(bool ok) {
    v1::WatchStockRequest request;
    grpc::Status status(grpc::StatusCode::INVALID_ARGUMENT, "the call ended before its request");
    if (ok) status = Parse(request_, request);
    if (status.ok()) {
      absl::StatusOr<std::unique_ptr<StockStream>> updates = method_.served.watch(request);
      status = ToGrpc(updates.status());
      if (updates.ok()) updates_ = *std::move(updates);
    }
    if (!status.ok()) {
      MutexLock lock(mutex_);
      EndWith(status);
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
      } else if (ok && updates_) {
        ask = true;
        ++pending_;  // the update
      }
    }
    if (ask) {
      updates_->Next([this](const absl::Status& status, const v1::WatchStockResponse& response) {
        OnUpdate(status, response);
      });
    }
    OnePendingLess();
  }

  void OnUpdate(const absl::Status& status, const v1::WatchStockResponse& response) {
    {
      MutexLock lock(mutex_);
      if (!status.ok()) {
        EndWith(ToGrpc(status));
      } else if (!end_) {
        Start([&] { stream_.Write(Serialize(response), &written_event_); });
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
    updates_.reset();  // a pending update comes now, as cancelled
    OnePendingLess();
  }

  void OnFinished(bool) { OnePendingLess(); }

  void EndStopping() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    EndWith(
        {grpc::StatusCode::UNAVAILABLE,
         "the service is stopping; watch again on another instance, or here after the restart"});
  }

  void EndWith(const grpc::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (end_) return;
    end_ = status;
    if (!stepping_) Finish();
  }

  void Finish() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (finished_) return;
    finished_ = true;
    Start([this] { stream_.Finish(*end_, &finished_event_); });
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
  Event taken_event_{*this, &WatchCall::OnTaken};
  Event read_event_{*this, &WatchCall::OnRead};
  Event written_event_{*this, &WatchCall::OnWritten};
  Event finished_event_{*this, &WatchCall::OnFinished};
  Event over_event_{*this, &WatchCall::OnOver};
  grpc::ServerContext context_;
  grpc::ByteBuffer request_;
  grpc::ServerAsyncReaderWriter<grpc::ByteBuffer, grpc::ByteBuffer> stream_;
  std::unique_ptr<StockStream> updates_;

  Mutex mutex_;
  int pending_ ABSL_GUARDED_BY(mutex_) = 0;        // events still to come, update included
  bool stepping_ ABSL_GUARDED_BY(mutex_) = false;  // a read or write is under way
  std::optional<grpc::Status> end_ ABSL_GUARDED_BY(mutex_);  // how it ends, once it must
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;            // nothing more may be started
};

}  // namespace

void OfferWatchCall(const OfferedMethod& method) {
  if (method.tracker->BeginOffer()) (new WatchCall(method))->Offer();
}

}  // namespace inventory
