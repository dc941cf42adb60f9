// One thread that waits for sockets and timers.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>

#include "absl/functional/any_invocable.h"

namespace inventory {

// Safe for concurrent use, except where it says: on the loop's thread.
class EventLoop {
 public:
  EventLoop();
  ~EventLoop();  // runs what was posted, then ends the thread
  EventLoop(const EventLoop&) = delete;

  // Runs the task on the loop's thread, in the order of the calls.
  void Post(absl::AnyInvocable<void()> task);

  class Impl;
  Impl& impl() { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace inventory
