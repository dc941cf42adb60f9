// Whether the store is open: what every call passes on its way to Redis.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "redis/redis_connection.h"
#include "stock/ledger.h"

namespace inventory {

// What is open, as this instance knows it.
struct OpenedEpoch {
  std::uint64_t epoch = 0;
  RedisConnection::Generation generation = 0;  // the connection whose server was looked at
  std::uint64_t entries = 0;                   // there have been, so far as this instance was told
  LedgerProgress progress;
};

// Safe for concurrent use.
class Gate {
 public:
  // What is open, or why nothing is. Each that is OK is followed by one Leave, when its answers are
  // remembered.
  absl::StatusOr<OpenedEpoch> Enter() ABSL_LOCKS_EXCLUDED(mutex_);
  void Leave() ABSL_LOCKS_EXCLUDED(mutex_);

  // The same without entering, for who only looks.
  absl::StatusOr<OpenedEpoch> Look() const ABSL_LOCKS_EXCLUDED(mutex_);
  absl::Status health() const ABSL_LOCKS_EXCLUDED(mutex_);
  // Entries there have been in the epoch, as far as this instance was told; 0 in another.
  std::uint64_t NewestEntries(std::uint64_t epoch) const ABSL_LOCKS_EXCLUDED(mutex_) {
    MutexLock lock(mutex_);
    return opened_.epoch == epoch ? opened_.entries : 0;
  }

  void Open(const OpenedEpoch& opened) ABSL_LOCKS_EXCLUDED(mutex_);
  // Who has entered goes on.
  void Close(const absl::Status& why) ABSL_LOCKS_EXCLUDED(mutex_);
  // The same, unless something else is open by now. Whether it closed.
  bool CloseIfStill(std::uint64_t epoch, RedisConnection::Generation generation,
                    const absl::Status& why) ABSL_LOCKS_EXCLUDED(mutex_);
  // Waits until all who entered have left. False: not within the time.
  bool WaitUntilEmpty(std::chrono::milliseconds limit) ABSL_LOCKS_EXCLUDED(mutex_);

  // Entries and progress only rise within an epoch.
  void TellEntries(std::uint64_t epoch, std::uint64_t entries) ABSL_LOCKS_EXCLUDED(mutex_);
  void TellProgress(const LedgerProgress& progress) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  absl::Status Why() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return absl::Status(code_, message_);
  }

  mutable Mutex mutex_;
  CondVar left_;
  bool open_ ABSL_GUARDED_BY(mutex_) = false;
  // Why it is closed, as parts: one status is not shared between threads.
  absl::StatusCode code_ ABSL_GUARDED_BY(mutex_) = absl::StatusCode::kUnavailable;
  std::string message_ ABSL_GUARDED_BY(mutex_) = "the store is not open yet";
  OpenedEpoch opened_ ABSL_GUARDED_BY(mutex_);
  int inside_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace inventory
