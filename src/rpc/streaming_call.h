// What the streaming calls have in common: being offered, taken, ended and deleted.
#pragma once

#include <grpcpp/support/async_stream.h>

#include <memory>
#include <optional>

#include "base/mutex.h"
#include "rpc/call.h"

namespace inventory {

// One call. Queue events come on the queue's thread; answers of what serves the call and End() come
// on others. Whoever sees the last event pending go deletes it.
class StreamingCall : public OpenStream {
 public:
  explicit StreamingCall(const OfferedMethod& method)
      : method_(method), tracker_(method.tracker), stream_(&context_) {}
  virtual ~StreamingCall() = default;
  StreamingCall(const StreamingCall&) = delete;
  StreamingCall& operator=(const StreamingCall&) = delete;

  void Offer();
  void End() override ABSL_LOCKS_EXCLUDED(mutex_);

 protected:
  class Event final : public QueueEvent {
   public:
    Event(StreamingCall& call, void (StreamingCall::*handler)(bool))
        : call_(call), handler_(handler) {}
    void OnEvent(bool ok) override { (call_.*handler_)(ok); }

   private:
    StreamingCall& call_;
    void (StreamingCall::*const handler_)(bool);
  };

  // On the queue's thread.
  virtual void OfferAnother() = 0;
  // A message is in request_, or, not ok, there is none any more. Ends with OnePendingLess().
  virtual void OnRead(bool ok) = 0;
  // Ends with OnePendingLess().
  virtual void OnWritten(bool ok) = 0;
  // Nobody waits any more: lets go of what serves the call.
  virtual void Drop() = 0;

  // How the call ends: at once, or when the write that is under way has ended.
  void EndWith(const grpc::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Finish() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // Starts an operation on the stream; its event is then pending.
  template <typename Operation>
  void Start(Operation operation) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (!tracker_->BeginOperation()) return;
    operation();
    tracker_->EndOperation();
    ++pending_;
  }
  void StartRead() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    Start([this] { stream_.Read(&request_, &read_event_); });
  }
  void StartWrite(const grpc::ByteBuffer& message) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    writing_ = true;
    Start([&] { stream_.Write(message, &written_event_); });
  }

  void OnePendingLess() ABSL_LOCKS_EXCLUDED(mutex_);

  const OfferedMethod& method_;  // not after the server has stopped
  const std::shared_ptr<CallTracker> tracker_;
  Event taken_event_{*this, &StreamingCall::OnTaken};
  Event read_event_{*this, &StreamingCall::OnRead};
  Event written_event_{*this, &StreamingCall::OnWritten};
  Event finished_event_{*this, &StreamingCall::OnFinished};
  Event over_event_{*this, &StreamingCall::OnOver};
  grpc::ServerContext context_;
  std::uint64_t edition_ = 0;  // of the access list, when the call was let in
  grpc::ByteBuffer request_;
  grpc::ServerAsyncReaderWriter<grpc::ByteBuffer, grpc::ByteBuffer> stream_;

  Mutex mutex_;
  int pending_ ABSL_GUARDED_BY(mutex_) = 0;       // events still to come, answers included
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;  // a write is under way
  std::optional<grpc::Status> end_ ABSL_GUARDED_BY(mutex_);  // how it ends, once it must
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;            // nothing more may be started

 private:
  void OnTaken(bool ok);
  void OnFinished(bool) { OnePendingLess(); }
  void OnOver(bool);
  void EndStopping() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
};

}  // namespace inventory
