// A memory store that does as a test says: holds answers back, fails, counts. For tests only.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "base/mutex.h"
#include "stock/stock_store.h"
#include "store/memory/memory_store.h"

namespace inventory {

// Safe for concurrent use.
class ScriptedStore : public StockStore {
 public:
  explicit ScriptedStore(const Clock& clock) : memory_(MakeMemoryStore(clock)) {}

  // From now on batches are kept, undecided, until they are released.
  void Hold() {
    MutexLock lock(mutex_);
    holding_ = true;
  }
  // Decides and answers the oldest kept batch, on this thread.
  void ReleaseOne() {
    KeptBatch kept = TakeKept();
    memory_->Apply(std::move(kept.batch), std::move(kept.done));
  }
  // Answers the oldest kept batch with a fault; nothing of it is done.
  void FailOne(absl::Status status) { TakeKept().done(std::move(status)); }
  // Releases what is kept and holds no longer.
  void ReleaseAll() {
    for (;;) {
      {
        MutexLock lock(mutex_);
        if (kept_.empty()) {
          holding_ = false;
          return;
        }
      }
      ReleaseOne();
    }
  }

  // From now on the answers of ReadStock and ListStock are read at once and kept.
  void HoldReads() {
    MutexLock lock(mutex_);
    holding_reads_ = true;
  }
  // Answers what is kept, and from now on at once.
  void ReleaseReads() {
    std::vector<absl::AnyInvocable<void()>> kept;
    {
      MutexLock lock(mutex_);
      holding_reads_ = false;
      std::swap(kept, kept_reads_);
    }
    for (auto& answer : kept) answer();
  }
  // From now on ReadStock and ListStock fail.
  void FailReads(absl::Status status) {
    MutexLock lock(mutex_);
    read_status_ = std::move(status);
  }

  // From now on ReadDue fails, until OK is set.
  void FailReadDue(absl::Status status) {
    MutexLock lock(mutex_);
    read_due_status_ = std::move(status);
    changed_.NotifyAll();
  }

  // The sizes of the batches handed in so far.
  std::vector<std::size_t> batches() const {
    MutexLock lock(mutex_);
    return batches_;
  }
  int list_stock_calls() const {
    MutexLock lock(mutex_);
    return list_stock_calls_;
  }
  int read_due_calls() const {
    MutexLock lock(mutex_);
    return read_due_calls_;
  }
  // Waits until ReadDue was called `more` times after this call began.
  void AwaitReadDue(int more) {
    MutexLock lock(mutex_);
    const int target = read_due_calls_ + more;
    while (read_due_calls_ < target) changed_.Wait(mutex_);
  }
  void AwaitKept(std::size_t count) {
    MutexLock lock(mutex_);
    while (kept_.size() < count) changed_.Wait(mutex_);
  }

  void Apply(std::vector<Command> batch, Done<std::vector<Reply>> done) override {
    {
      MutexLock lock(mutex_);
      batches_.push_back(batch.size());
      if (holding_) {
        kept_.push_back({std::move(batch), std::move(done)});
        changed_.NotifyAll();
        return;
      }
    }
    memory_->Apply(std::move(batch), std::move(done));
  }
  void ReadStock(std::vector<BookId> books, Done<std::vector<BookStock>> done) override {
    memory_->ReadStock(std::move(books), Kept(std::move(done)));
  }
  void ListStock(const StockListQuery& query, Done<StockPage> done) override {
    {
      MutexLock lock(mutex_);
      ++list_stock_calls_;
    }
    memory_->ListStock(query, Kept(std::move(done)));
  }
  void ReadOrder(OrderId order, bool want_movements, Done<OrderFacts> done) override {
    memory_->ReadOrder(order, want_movements, std::move(done));
  }
  void ReadMovements(const MovementQuery& query, Done<MovementPage> done) override {
    memory_->ReadMovements(query, std::move(done));
  }
  void ReadDue(int limit, Done<std::vector<OrderId>> done) override {
    absl::Status status;
    {
      MutexLock lock(mutex_);
      ++read_due_calls_;
      changed_.NotifyAll();
      status = read_due_status_;
    }
    if (!status.ok()) return done(std::move(status));
    memory_->ReadDue(limit, std::move(done));
  }
  void Observe(StockObserver* observer) override { memory_->Observe(observer); }
  StoreStatus Status() override { return memory_->Status(); }
  void Backup(const std::string& name, Done<BackupResult> done) override {
    memory_->Backup(name, std::move(done));
  }
  void Adopt(bool dry_run, Done<AdoptedStock> done) override {
    memory_->Adopt(dry_run, std::move(done));
  }
  void Export(Done<std::unique_ptr<FactReader>> done) override { memory_->Export(std::move(done)); }
  void Import(Done<std::unique_ptr<FactWriter>> done) override { memory_->Import(std::move(done)); }
  absl::Status Close() override { return memory_->Close(); }

 private:
  struct KeptBatch {
    std::vector<Command> batch;
    Done<std::vector<Reply>> done;
  };
  KeptBatch TakeKept() {
    MutexLock lock(mutex_);
    KeptBatch kept = std::move(kept_.front());
    kept_.pop_front();
    return kept;
  }
  // Passes an answer on as the script says.
  template <typename T>
  Done<T> Kept(Done<T> done) {
    return [this, done = std::move(done)](absl::StatusOr<T> answer) mutable {
      {
        MutexLock lock(mutex_);
        if (!read_status_.ok()) answer = read_status_;
        if (holding_reads_) {
          kept_reads_.push_back([done = std::move(done), answer = std::move(answer)]() mutable {
            done(std::move(answer));
          });
          return;
        }
      }
      done(std::move(answer));
    };
  }

  const std::unique_ptr<StockStore> memory_;
  mutable Mutex mutex_;
  CondVar changed_;
  bool holding_ ABSL_GUARDED_BY(mutex_) = false;
  std::deque<KeptBatch> kept_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::size_t> batches_ ABSL_GUARDED_BY(mutex_);
  bool holding_reads_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<absl::AnyInvocable<void()>> kept_reads_ ABSL_GUARDED_BY(mutex_);
  absl::Status read_status_ ABSL_GUARDED_BY(mutex_);
  absl::Status read_due_status_ ABSL_GUARDED_BY(mutex_);
  int list_stock_calls_ ABSL_GUARDED_BY(mutex_) = 0;
  int read_due_calls_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace inventory
