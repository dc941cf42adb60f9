// The part of the event loop that is for what lives on its thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "base/mutex.h"
#include "redis/event_loop.h"

namespace inventory {

// Post is for any thread, all else for the loop's.
class EventLoop::Impl {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Task = absl::AnyInvocable<void()>;
  using WatchId = std::uint64_t;                   // 0 is none
  using TimerId = std::pair<Time, std::uint64_t>;  // never used twice

  Impl();
  ~Impl();
  Impl(const Impl&) = delete;

  void Post(Task task) ABSL_LOCKS_EXCLUDED(mutex_);
  bool IsThisThread() const { return std::this_thread::get_id() == thread_.get_id(); }

  // Calls `ready` with epoll's events whenever there are some of those wanted, or an error. The
  // descriptor stays the caller's, and open until Unwatch. `ready` may unwatch itself.
  WatchId Watch(int descriptor, std::uint32_t events, std::function<void(std::uint32_t)> ready);
  void Change(WatchId watch, std::uint32_t events);
  void Unwatch(WatchId watch);

  // Once, not before the time.
  TimerId StartTimer(Time at, Task task);
  // Of one that has run already it does nothing.
  void StopTimer(const TimerId& timer) { timers_.erase(timer); }

 private:
  struct Watched {
    int descriptor;
    std::function<void(std::uint32_t)> ready;
  };

  void Run();
  // False: there is nothing to do any more.
  bool RunPosted() ABSL_LOCKS_EXCLUDED(mutex_);
  void RunTimers();
  void Wait();
  // What epoll_wait wants: milliseconds, -1 for ever.
  int PrepareToSleep() ABSL_LOCKS_EXCLUDED(mutex_);
  void Control(int operation, int descriptor, WatchId watch, std::uint32_t events);

  const int epoll_;
  const int wake_;  // an eventfd, watched as kWake
  Mutex mutex_;
  std::vector<Task> posted_ ABSL_GUARDED_BY(mutex_);
  bool sleeping_ ABSL_GUARDED_BY(mutex_) = false;  // and nobody has woken it yet
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;

  std::map<WatchId, std::shared_ptr<Watched>> watched_;
  std::map<TimerId, Task> timers_;
  std::uint64_t last_id_;
  std::thread thread_;
};

}  // namespace inventory
