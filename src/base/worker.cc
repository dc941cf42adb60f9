#include "base/worker.h"

#include <pthread.h>

#include <utility>

namespace inventory {

Worker::Worker(std::string name, std::size_t queue_limit)
    : name_(std::move(name)), queue_limit_(queue_limit), thread_([this] { Run(); }) {
  pthread_setname_np(thread_.native_handle(), name_.substr(0, 15).c_str());
}

void Worker::Post(Task task) {
  if (absl::Status refused = Enqueue(task); !refused.ok()) task(refused);
}

// Takes the task if there is room for it, else leaves it and says why.
absl::Status Worker::Enqueue(Task& task) {
  MutexLock lock(mutex_);
  if (stopping_) return absl::UnavailableError(name_ + " has stopped; nothing was done");
  if (queue_.size() >= queue_limit_) {
    return absl::ResourceExhaustedError(name_ + " has too much to do; try again later");
  }
  queue_.push_back(std::move(task));
  if (queue_.size() == 1) changed_.NotifyOne();
  return absl::OkStatus();
}

void Worker::Run() {
  std::vector<Task> tasks;
  while (true) {
    {
      MutexLock lock(mutex_);
      while (queue_.empty() && !stopping_) changed_.Wait(mutex_);
      if (queue_.empty()) return;
      tasks.swap(queue_);
    }
    for (Task& task : tasks) task(absl::OkStatus());
    tasks.clear();
  }
}

void Worker::Stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    changed_.NotifyOne();
  }
  if (thread_.joinable()) thread_.join();
}

std::size_t Worker::queued() const {
  MutexLock lock(mutex_);
  return queue_.size();
}

}  // namespace inventory
