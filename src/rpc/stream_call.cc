#include <utility>

#include "rpc/message.h"
#include "rpc/streaming_call.h"

namespace inventory {
namespace {

// One server-streaming call: read the request, then write each message when the one before has
// left. `messages_` is touched by the queue's thread alone.
class StreamCall final : public StreamingCall {
 public:
  explicit StreamCall(const OfferedMethod& method) : StreamingCall(method) {}

 private:
  void OfferAnother() override { OfferStreamCall(method_); }

  void OnRead(bool ok) override {
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

  void OnWritten(bool ok) override { OnStepDone(ok); }

  // A read or a write has ended: what is next?
  void OnStepDone(bool ok) {
    bool ask = false;
    {
      MutexLock lock(mutex_);
      writing_ = false;
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
      if (!status.ok() || !message.Valid()) {
        EndWith(status);
      } else if (!end_) {
        if (method_.access.edition() == edition_) {
          StartWrite(message);
        } else {
          EndWith(ToGrpc(Access::TokensHaveChanged()));
        }
      }
    }
    OnePendingLess();
  }

  // A waiting message comes now, as cancelled.
  void Drop() override { messages_.reset(); }

  std::unique_ptr<ServedStream> messages_;
};

}  // namespace

void OfferStreamCall(const OfferedMethod& method) {
  if (method.tracker->BeginOffer()) (new StreamCall(method))->Offer();
}

}  // namespace inventory
