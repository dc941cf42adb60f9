// What a server has to know of its calls so that it can stop.
//
// gRPC asks that a completion queue is shut down only when nothing more is started on it. So: no
// call is offered to clients any more, the last offered one has come back, and no reply is on its
// way into gRPC. A reply that comes later still (the store answered after the limit) is dropped.
#pragma once

#include <chrono>
#include <set>

#include "base/mutex.h"

namespace inventory {

// A stream that has no end of its own.
class OpenStream {
 public:
  // Ends it because the server is stopping; from any thread.
  virtual void End() = 0;

 protected:
  ~OpenStream() = default;
};

// Safe for concurrent use. Outlives the server: late replies hold it.
class CallTracker {
 public:
  // Before a call is offered to clients. False: don't.
  bool BeginOffer();
  // A client has taken the call: EndCall() follows. False: the server is stopping, turn it away.
  bool TakeOffer();
  // The server withdrew the call.
  void WithdrawOffer();
  // The answer has been written, or will never be.
  void EndCall();

  // Around each operation started on a call. False: don't.
  bool BeginOperation();
  void EndOperation();

  // Between a stream's begin and its end. False: the server is stopping.
  bool AddStream(OpenStream* stream);
  void RemoveStream(OpenStream* stream);

  // The three steps of stopping.
  // Calls that come from now on are turned away, open streams end; waits until the
  // calls that run have been answered, at most for `limit`.
  void Drain(std::chrono::milliseconds limit);
  // From now on no call is offered.
  void StopOffering();
  // From now on no operation starts. Waits for offers to come back, which they do once the server
  // is shut down, and for operations being started.
  void Close();

 private:
  Mutex mutex_;
  CondVar changed_;
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
  bool offering_ ABSL_GUARDED_BY(mutex_) = true;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  int offers_ ABSL_GUARDED_BY(mutex_) = 0;
  int calls_ ABSL_GUARDED_BY(mutex_) = 0;
  int operations_ ABSL_GUARDED_BY(mutex_) = 0;

  Mutex streams_mutex_;  // taken before a stream's own, which is taken before mutex_
  bool ending_streams_ ABSL_GUARDED_BY(streams_mutex_) = false;
  std::set<OpenStream*> streams_ ABSL_GUARDED_BY(streams_mutex_);
};

}  // namespace inventory
