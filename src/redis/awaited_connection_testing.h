// A connection for tests, which wait for what it tells.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "redis/event_loop.h"
#include "redis/redis_connection.h"

namespace inventory {

// With a loop of its own. Safe for concurrent use.
class AwaitedConnection {
 public:
  using Generation = RedisConnection::Generation;

  explicit AwaitedConnection(const RedisEndpoint& endpoint)
      : connection_(std::make_unique<RedisConnection>(
            loop_, endpoint,
            RedisConnection::Events{[this](Generation generation) {
                                      MutexLock lock(mutex_);
                                      connected_ = generation;
                                      changed_.NotifyAll();
                                    },
                                    [this](const absl::Status& why) {
                                      MutexLock lock(mutex_);
                                      broken_.push_back(why);
                                      changed_.NotifyAll();
                                    }})) {}

  RedisConnection& get() { return *connection_; }
  EventLoop& loop() { return loop_; }
  // As the destructor does.
  void Destroy() { connection_.reset(); }

  // Waits until the nth connection can be used, or could.
  Generation AwaitConnected(Generation nth = 1) ABSL_LOCKS_EXCLUDED(mutex_) {
    MutexLock lock(mutex_);
    while (connected_ < nth) changed_.Wait(mutex_);
    return connected_;
  }
  // Waits for the next that has not been asked for.
  absl::Status AwaitBroken() ABSL_LOCKS_EXCLUDED(mutex_) {
    MutexLock lock(mutex_);
    while (asked_ == broken_.size()) changed_.Wait(mutex_);
    return broken_[asked_++];
  }
  // Waits until all that was sent before has been handed to the system.
  void AwaitSent() {
    Mutex mutex;
    CondVar changed;
    bool sent = false;
    loop_.Post([&] {
      MutexLock lock(mutex);
      sent = true;
      changed.NotifyAll();
    });
    MutexLock lock(mutex);
    while (!sent) changed.Wait(mutex);
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  Generation connected_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<absl::Status> broken_ ABSL_GUARDED_BY(mutex_);
  std::size_t asked_ ABSL_GUARDED_BY(mutex_) = 0;
  EventLoop loop_;
  std::unique_ptr<RedisConnection> connection_;
};

}  // namespace inventory
