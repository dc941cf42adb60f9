// Who waits for the ledger to have applied what the outbox held.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "base/mutex.h"
#include "stock/ledger.h"

namespace inventory {

// Safe for concurrent use. No thread of its own: who learns of progress tells it.
class LedgerWaiters {
 public:
  static constexpr std::chrono::seconds kLimit{5};
  using Wake = absl::AnyInvocable<void(const absl::Status&)>;

  // Calls `wake` once, on any thread, perhaps before this returns: with OK when so many entries of
  // the epoch have been applied; UNAVAILABLE when the epoch has ended, or after kLimit.
  void Wait(std::uint64_t epoch, std::uint64_t applied, Wake wake) ABSL_LOCKS_EXCLUDED(mutex_);

  void Tell(const LedgerProgress& progress) ABSL_LOCKS_EXCLUDED(mutex_);
  // Wakes who has waited too long.
  void LookAtTime() ABSL_LOCKS_EXCLUDED(mutex_);
  // Wakes all, now and until the next Tell: the ledger's database is away.
  void GiveUp(const absl::Status& why) ABSL_LOCKS_EXCLUDED(mutex_);
  // Wakes all, now and from now on.
  void Stop() ABSL_LOCKS_EXCLUDED(mutex_);

  bool empty() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct Waiter {
    std::uint64_t epoch;
    std::uint64_t applied;
    std::chrono::steady_clock::time_point deadline;
    Wake wake;
  };
  bool Ready(const Waiter& waiter) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return progress_.epoch == waiter.epoch && progress_.applied >= waiter.applied;
  }

  mutable Mutex mutex_;
  LedgerProgress progress_ ABSL_GUARDED_BY(mutex_);
  std::vector<Waiter> waiters_ ABSL_GUARDED_BY(mutex_);
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::string away_ ABSL_GUARDED_BY(mutex_);  // why nothing comes; empty: it does
};

}  // namespace inventory
