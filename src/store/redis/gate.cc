#include "store/redis/gate.h"

#include <algorithm>

namespace inventory {

absl::StatusOr<OpenedEpoch> Gate::Enter() {
  MutexLock lock(mutex_);
  if (!open_) return Why();
  ++inside_;
  return opened_;
}

void Gate::Leave() {
  MutexLock lock(mutex_);
  if (--inside_ == 0) left_.NotifyAll();
}

absl::StatusOr<OpenedEpoch> Gate::Look() const {
  MutexLock lock(mutex_);
  if (!open_) return Why();
  return opened_;
}

absl::Status Gate::health() const {
  MutexLock lock(mutex_);
  return open_ ? absl::OkStatus() : Why();
}

void Gate::Open(const OpenedEpoch& opened) {
  MutexLock lock(mutex_);
  opened_ = opened;
  open_ = true;
}

void Gate::Close(const absl::Status& why) {
  MutexLock lock(mutex_);
  open_ = false;
  code_ = why.code();
  message_ = std::string(why.message());
}

bool Gate::CloseIfStill(std::uint64_t epoch, RedisConnection::Generation generation,
                        const absl::Status& why) {
  MutexLock lock(mutex_);
  if (!open_ || opened_.epoch != epoch || opened_.generation != generation) return false;
  open_ = false;
  code_ = why.code();
  message_ = std::string(why.message());
  return true;
}

bool Gate::WaitUntilEmpty(std::chrono::milliseconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  MutexLock lock(mutex_);
  while (inside_ > 0) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    left_.WaitFor(mutex_, left);
  }
  return true;
}

void Gate::TellEntries(std::uint64_t epoch, std::uint64_t entries) {
  MutexLock lock(mutex_);
  if (opened_.epoch == epoch) opened_.entries = std::max(opened_.entries, entries);
}

void Gate::TellProgress(const LedgerProgress& progress) {
  MutexLock lock(mutex_);
  if (opened_.epoch == progress.epoch && opened_.progress.applied <= progress.applied) {
    opened_.progress = progress;
    opened_.entries = std::max(opened_.entries, progress.applied);
  }
}

}  // namespace inventory
