#include <utility>

#include "rpc/streaming_call.h"

namespace inventory {
namespace {

// One client-streaming call: read a message, read the next when that one has been taken, and write
// the one answer at the end. So a client that sends faster than it is served waits. `upload_` is
// touched by the queue's thread alone.
class UploadCall final : public StreamingCall {
 public:
  explicit UploadCall(const OfferedMethod& method) : StreamingCall(method) {}

 private:
  void OfferAnother() override { OfferUploadCall(method_); }

  void OnRead(bool ok) override {
    bool serve = false;
    {
      MutexLock lock(mutex_);
      if (!end_) {
        serve = true;
        ++pending_;  // what it comes to
      }
    }
    if (serve) Serve(ok);
    OnePendingLess();
  }

  void Serve(bool is_message) {
    if (!upload_) upload_ = (*method_.upload)();
    if (!is_message) {
      return upload_->End([this](const grpc::Status& status, const grpc::ByteBuffer& answer) {
        OnAnswer(status, answer);
      });
    }
    upload_->Take(request_, [this](const grpc::Status& status) { OnServed(status); });
  }

  void OnServed(const grpc::Status& status) {
    {
      MutexLock lock(mutex_);
      if (!status.ok()) {
        EndWith(status);
      } else if (!end_) {
        StartRead();
      }
    }
    OnePendingLess();
  }

  void OnAnswer(const grpc::Status& status, const grpc::ByteBuffer& answer) {
    {
      MutexLock lock(mutex_);
      if (!status.ok()) {
        EndWith(status);
      } else if (!end_) {
        end_ = status;
        StartWrite(answer);
      }
    }
    OnePendingLess();
  }

  void OnWritten(bool) override {
    {
      MutexLock lock(mutex_);
      writing_ = false;
      Finish();
    }
    OnePendingLess();
  }

  void Drop() override { upload_.reset(); }

  std::unique_ptr<ServedUpload> upload_;
};

}  // namespace

void OfferUploadCall(const OfferedMethod& method) {
  if (method.tracker->BeginOffer()) (new UploadCall(method))->Offer();
}

}  // namespace inventory
