#include "rpc/call_tracker.h"

namespace inventory {

bool CallTracker::BeginOffer() {
  MutexLock lock(mutex_);
  if (!offering_) return false;
  ++offers_;
  return true;
}

bool CallTracker::TakeOffer() {
  MutexLock lock(mutex_);
  if (--offers_ == 0) changed_.NotifyAll();
  ++calls_;
  return !draining_;
}

void CallTracker::WithdrawOffer() {
  MutexLock lock(mutex_);
  if (--offers_ == 0) changed_.NotifyAll();
}

void CallTracker::EndCall() {
  MutexLock lock(mutex_);
  if (--calls_ == 0) changed_.NotifyAll();
}

bool CallTracker::BeginOperation() {
  MutexLock lock(mutex_);
  if (closed_) return false;
  ++operations_;
  return true;
}

void CallTracker::EndOperation() {
  MutexLock lock(mutex_);
  if (--operations_ == 0) changed_.NotifyAll();
}

bool CallTracker::AddStream(OpenStream* stream) {
  MutexLock lock(streams_mutex_);
  if (ending_streams_) return false;
  streams_.insert(stream);
  return true;
}

void CallTracker::RemoveStream(OpenStream* stream) {
  MutexLock lock(streams_mutex_);
  streams_.erase(stream);
}

void CallTracker::Drain(std::chrono::milliseconds limit) {
  const auto until = std::chrono::steady_clock::now() + limit;
  {
    MutexLock lock(streams_mutex_);
    ending_streams_ = true;
    for (OpenStream* stream : streams_) stream->End();
  }
  MutexLock lock(mutex_);
  draining_ = true;
  while (calls_ != 0) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    if (left.count() <= 0) break;
    changed_.WaitFor(mutex_, left);
  }
}

void CallTracker::StopOffering() {
  MutexLock lock(mutex_);
  offering_ = false;
}

void CallTracker::Close() {
  MutexLock lock(mutex_);
  while (offers_ != 0) changed_.Wait(mutex_);
  closed_ = true;
  while (operations_ != 0) changed_.Wait(mutex_);
}

}  // namespace inventory
