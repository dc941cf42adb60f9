// The way into the gateway's loop from other threads, which outlives the loop.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <utility>

#include "base/mutex.h"

namespace inventory {

// An answer may come when the server is gone, as the store answers when it can: it is dropped here.
// Safe for concurrent use. At most one task waits for each connection.
class LoopGate {
 public:
  explicit LoopGate(boost::asio::io_context& loop) : loop_(&loop) {}

  template <typename Task>
  void Post(Task task) {
    MutexLock lock(mutex_);
    if (loop_) boost::asio::post(*loop_, std::move(task));
  }
  void Close() {
    MutexLock lock(mutex_);
    loop_ = nullptr;
  }

 private:
  Mutex mutex_;
  boost::asio::io_context* loop_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace inventory
