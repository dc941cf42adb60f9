// The commit path: makes decided batches durable, in order, and only then lets their callers know.
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "base/mutex.h"
#include "stock/stock_store.h"
#include "store/embedded/database.h"
#include "store/embedded/durable_books.h"
#include "store/embedded/engine_state.h"
#include "store/embedded/health.h"
#include "telemetry/bucket_histogram.h"

namespace inventory {

// One thread. While it syncs, decided batches gather; the next write takes all of them: one fsync.
// It writes the journal and nothing else.
class JournalWriter {
 public:
  struct Commit {
    DecidedBatch batch;
    // Called on the writer's thread once this batch and all before it are durable and visible, or
    // with why that is not sure.
    absl::AnyInvocable<void(const absl::Status&)> finish;
  };

  // All outlive the writer.
  JournalWriter(Database& database, DurableBooks& books, Health& health);
  ~JournalWriter() { Stop(); }

  // From one thread. A commit without records waits for those before it all the same.
  void Push(Commit commit) ABSL_LOCKS_EXCLUDED(mutex_);

  void Observe(StockObserver* observer) { observer_ = observer; }

  // Finishes what was pushed and ends the thread. Idempotent.
  void Stop() ABSL_LOCKS_EXCLUDED(mutex_);

  std::uint64_t journal_bytes() const { return journal_bytes_; }
  std::uint64_t syncs() const { return syncs_; }
  const BucketHistogram& commit_time() const { return commit_time_; }

 private:
  void Run();
  void Finish(Commit& commit, const absl::Status& status);
  absl::Status Write(const std::vector<Commit>& commits);

  Database& database_;
  DurableBooks& books_;
  Health& health_;
  std::atomic<StockObserver*> observer_{nullptr};
  std::atomic<std::uint64_t> journal_bytes_{0};
  std::atomic<std::uint64_t> syncs_{0};
  BucketHistogram commit_time_;

  Mutex mutex_;
  CondVar changed_;
  std::vector<Commit> pending_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace inventory
