// What this instance was answered for and the ledger has not stored yet: if Redis forgets it, this
// memory is where it still is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "stock/ledger.h"

namespace inventory {

// Safe for concurrent use. It holds as much as the outbox may hold, which is bounded.
class AnsweredFor {
 public:
  // `until`: the ledger has it once it has applied so many entries of the entry's epoch.
  void Add(RememberedEntry entry, std::uint64_t until) ABSL_LOCKS_EXCLUDED(mutex_) {
    MutexLock lock(mutex_);
    entries_.push_back({std::move(entry), until});
  }

  void Forget(const LedgerProgress& progress) ABSL_LOCKS_EXCLUDED(mutex_) {
    MutexLock lock(mutex_);
    while (!entries_.empty() && entries_.front().entry.epoch == progress.epoch &&
           entries_.front().until <= progress.applied) {
      entries_.pop_front();
    }
  }

  std::vector<RememberedEntry> All() const ABSL_LOCKS_EXCLUDED(mutex_) {
    MutexLock lock(mutex_);
    std::vector<RememberedEntry> all;
    all.reserve(entries_.size());
    for (const Remembered& remembered : entries_) all.push_back(remembered.entry);
    return all;
  }

  // What belongs to earlier epochs.
  void ForgetBefore(std::uint64_t epoch) ABSL_LOCKS_EXCLUDED(mutex_) {
    MutexLock lock(mutex_);
    while (!entries_.empty() && entries_.front().entry.epoch < epoch) entries_.pop_front();
  }

  std::size_t size() const ABSL_LOCKS_EXCLUDED(mutex_) {
    MutexLock lock(mutex_);
    return entries_.size();
  }

 private:
  struct Remembered {
    RememberedEntry entry;
    std::uint64_t until;
  };

  mutable Mutex mutex_;
  std::deque<Remembered> entries_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace inventory
