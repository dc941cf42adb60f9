#include "redis/event_loop.h"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <limits>

#include "absl/status/status.h"
#include "redis/event_loop_impl.h"
#include "telemetry/log.h"

namespace inventory {
namespace {

using std::chrono::steady_clock;

constexpr EventLoop::Impl::WatchId kWake = 1;
constexpr int kEventsAtOnce = 64;

// A loop that cannot wait can do nothing, and nobody who posts to it could be told.
int OrEnd(int result, std::string_view doing) {
  if (result >= 0) return result;
  LogError("an event loop cannot go on",
           {{"doing", doing}, {"error", absl::ErrnoToStatus(errno, "").ToString()}});
  std::abort();
}

}  // namespace

EventLoop::Impl::Impl()
    : epoll_(OrEnd(epoll_create1(EPOLL_CLOEXEC), "epoll_create1")),
      wake_(OrEnd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")),
      last_id_(kWake) {
  Control(EPOLL_CTL_ADD, wake_, kWake, EPOLLIN);
  thread_ = std::thread([this] { Run(); });
  pthread_setname_np(thread_.native_handle(), "redis-loop");
}

EventLoop::Impl::~Impl() {
  Post([this] {
    MutexLock lock(mutex_);
    stopping_ = true;
  });
  thread_.join();
  close(wake_);
  close(epoll_);
}

void EventLoop::Impl::Control(int operation, int descriptor, WatchId watch, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = watch;
  OrEnd(epoll_ctl(epoll_, operation, descriptor, &event), "epoll_ctl");
}

void EventLoop::Impl::Post(Task task) {
  {
    MutexLock lock(mutex_);
    posted_.push_back(std::move(task));
    if (!sleeping_) return;  // it looks at what was posted before it sleeps
    sleeping_ = false;
  }
  const std::uint64_t one = 1;
  OrEnd(static_cast<int>(write(wake_, &one, sizeof(one))), "waking it");
}

void EventLoop::Impl::Run() {
  // hiredis writes to sockets with write(), which would end the process where the peer has gone.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  while (RunPosted()) Wait();
}

bool EventLoop::Impl::RunPosted() {
  std::vector<Task> tasks;
  {
    MutexLock lock(mutex_);
    if (stopping_ && posted_.empty()) return false;
    tasks.swap(posted_);
  }
  for (Task& task : tasks) task();
  return true;
}

// What has come is looked at before the timers, so that a process that stood still does not take
// an answer that waits in the socket for none.
void EventLoop::Impl::Wait() {
  epoll_event events[kEventsAtOnce];
  const int count = epoll_wait(epoll_, events, kEventsAtOnce, PrepareToSleep());
  if (count < 0 && errno != EINTR) OrEnd(count, "epoll_wait");
  {
    MutexLock lock(mutex_);
    sleeping_ = false;
  }
  for (int i = 0; i < count; ++i) {
    const WatchId id = events[i].data.u64;  // copied, for the struct is packed
    if (id == kWake) {
      std::uint64_t ignored = 0;
      if (read(wake_, &ignored, sizeof(ignored)) < 0 && errno != EAGAIN) OrEnd(-1, "read");
      continue;
    }
    // By id, not by descriptor: one before it may have closed this one and opened another.
    const auto found = watched_.find(id);
    if (found == watched_.end()) continue;
    const std::shared_ptr<Watched> watched = found->second;
    watched->ready(events[i].events);
  }
  RunTimers();
}

void EventLoop::Impl::RunTimers() {
  const Time now = steady_clock::now();
  while (!timers_.empty() && timers_.begin()->first.first <= now) {
    Task task = std::move(timers_.begin()->second);
    timers_.erase(timers_.begin());
    task();
  }
}

int EventLoop::Impl::PrepareToSleep() {
  MutexLock lock(mutex_);
  if (!posted_.empty() || stopping_) return 0;
  sleeping_ = true;
  if (timers_.empty()) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(timers_.begin()->first.first -
                                                                 steady_clock::now());
  if (left.count() <= 0) return 0;
  return static_cast<int>(std::min<std::int64_t>(left.count(), std::numeric_limits<int>::max()));
}

EventLoop::Impl::WatchId EventLoop::Impl::Watch(int descriptor, std::uint32_t events,
                                                std::function<void(std::uint32_t)> ready) {
  const WatchId id = ++last_id_;
  watched_[id] = std::make_shared<Watched>(Watched{descriptor, std::move(ready)});
  Control(EPOLL_CTL_ADD, descriptor, id, events);
  return id;
}

void EventLoop::Impl::Change(WatchId watch, std::uint32_t events) {
  Control(EPOLL_CTL_MOD, watched_.at(watch)->descriptor, watch, events);
}

void EventLoop::Impl::Unwatch(WatchId watch) {
  const auto found = watched_.find(watch);
  if (found == watched_.end()) return;
  Control(EPOLL_CTL_DEL, found->second->descriptor, watch, 0);
  watched_.erase(found);
}

EventLoop::Impl::TimerId EventLoop::Impl::StartTimer(Time at, Task task) {
  const TimerId id{at, ++last_id_};
  timers_.emplace(id, std::move(task));
  return id;
}

EventLoop::EventLoop() : impl_(std::make_unique<Impl>()) {}
EventLoop::~EventLoop() = default;
void EventLoop::Post(absl::AnyInvocable<void()> task) { impl_->Post(std::move(task)); }

}  // namespace inventory
