// One thread with a bounded queue of tasks.
#pragma once

#include <cstddef>
#include <string>
#include <thread>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "base/mutex.h"

namespace inventory {

// Safe for concurrent use. The thread is joined by Stop or the destructor.
class Worker {
 public:
  // Runs on the worker with OK; or at once, on the caller's thread, with why it will not:
  // RESOURCE_EXHAUSTED when the queue is full, UNAVAILABLE after Stop. So whoever waits for the
  // task is always answered.
  using Task = absl::AnyInvocable<void(const absl::Status&)>;

  // `name` shows in debuggers, at most 15 bytes, and in error texts.
  Worker(std::string name, std::size_t queue_limit);
  ~Worker() { Stop(); }

  void Post(Task task) ABSL_LOCKS_EXCLUDED(mutex_);

  // Refuses new tasks, finishes those queued, ends the thread. Idempotent; not from a task.
  void Stop() ABSL_LOCKS_EXCLUDED(mutex_);

  std::size_t queued() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  absl::Status Enqueue(Task& task) ABSL_LOCKS_EXCLUDED(mutex_);
  void Run();

  const std::string name_;
  const std::size_t queue_limit_;
  mutable Mutex mutex_;
  CondVar changed_;
  std::vector<Task> queue_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace inventory
