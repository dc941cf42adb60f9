#include "rpc/call_tracker.h"

namespace inventory {

bool CallTracker::BeginOffer() {
  MutexLock lock(mutex_);
  if (!offering_) return false;
  ++offers_;
  return true;
}

void CallTracker::EndOffer() {
  MutexLock lock(mutex_);
  if (--offers_ == 0) changed_.NotifyAll();
}

bool CallTracker::BeginOperation() {
  MutexLock lock(mutex_);
  if (closed_) return false;
  ++operations_;
  return true;
}

void CallTracker::EndOperation() {
  MutexLock lock(mutex_);
  if (--operations_ == 0 && closed_) changed_.NotifyAll();
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

void CallTracker::StopOffering(const grpc::Status& status) {
  {
    MutexLock lock(mutex_);
    offering_ = false;
  }
  MutexLock lock(streams_mutex_);
  ending_streams_ = true;
  for (OpenStream* stream : streams_) stream->End(status);
}

void CallTracker::Close() {
  MutexLock lock(mutex_);
  while (offers_ != 0) changed_.Wait(mutex_);
  closed_ = true;
  while (operations_ != 0) changed_.Wait(mutex_);
}

}  // namespace inventory
