// Brings changes of stock from the store to watchers and, where stock is low, to the log.
//
//   store ─ OnChanges ─► inbox: the newest state of each book ─ hub's thread ─► each watcher's
//                                                                               pending map ─► Next
//
// The store's thread only merges into the inbox, so sales wait for no watcher. The hub's own thread
// gives the watchers their share; it empties the inbox every kPace at most, which bounds what many
// small batches cost. It looks at nobody whom the news do not concern: thousands of watchers of
// other books cost a hot book's sales nothing.
//
// A snapshot is read from the store while changes go on. A page shows at least what the hub was
// told before it was read, and at most one batch more (StockObserver). Pages come through the inbox
// too, so whatever the hub was told before is in the pending map when a page is merged with it, by
// sequence. That is why of one book an older state never follows a newer one.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "base/mutex.h"
#include "service/low_stock_alarm.h"
#include "service/settings.h"
#include "service/stock_watch.h"
#include "stock/stock_store.h"

namespace inventory {

// Safe for concurrent use. Shared by the service and the open watches, which may outlive it.
class WatchHub : public StockObserver, public std::enable_shared_from_this<WatchHub> {
 public:
  static constexpr std::chrono::milliseconds kPace{10};
  static constexpr int kPage = 1'000;                       // books a page of a snapshot
  static constexpr std::size_t kMaxUpdateChanges = 10'000;  // keeps a message below 1 MB

  struct Figures {
    std::size_t watchers = 0;
    std::uint64_t cut_off = 0;
    std::uint64_t low_stock_warnings = 0;
  };

  // The store is used until EndWatches.
  static std::shared_ptr<WatchHub> Start(StockStore& store, const ServiceSettings& settings);

  absl::StatusOr<std::unique_ptr<StockWatch>> Watch(WatchQuery query);

  void OnChanges(const std::vector<StockChanged>& changes) override;

  // Ends every watch and refuses new ones; warnings go on.
  void EndWatches();
  // EndWatches, and waits for the thread. Must be called before the hub is dropped, not from a
  // `done`, and from one thread at a time.
  void Stop();

  Figures figures() const;

 private:
  using Time = std::chrono::steady_clock::time_point;
  using Update = StockWatch::Update;
  class Handle;
  struct Watcher;
  using WatcherSet = absl::flat_hash_set<std::shared_ptr<Watcher>>;
  // What happened to a book since the watchers were last told.
  struct News {
    bool was_low = false;
    Balance balance;
  };
  struct PageRead {
    std::shared_ptr<Watcher> watcher;
    absl::StatusOr<StockPage> page;
  };
  struct Inbox {
    absl::flat_hash_map<BookId, News> news;
    std::vector<PageRead> pages;
    std::vector<std::shared_ptr<Watcher>> due;  // whose interval is over
  };

  WatchHub(StockStore& store, const ServiceSettings& settings);

  void Next(const std::shared_ptr<Watcher>& watcher, Done<Update> done);
  void Drop(const std::shared_ptr<Watcher>& watcher);
  void ReadPage(const std::shared_ptr<Watcher>& watcher, BookId after);
  void OnPage(const std::shared_ptr<Watcher>& watcher, absl::StatusOr<StockPage> page);

  void Run();
  void Wake();
  bool AwaitWork(Time until);
  Inbox TakeInbox(Time now, Time& again);
  WatcherSet Concerned(const Inbox& inbox) const;
  void Serve(Inbox inbox, Time now);
  void ServeOne(const std::shared_ptr<Watcher>& watcher, const Inbox& inbox, Time now);
  void ComeAgain(const std::shared_ptr<Watcher>& watcher, Time at);

  StockStore& store_;
  const std::size_t watcher_limit_;
  const std::size_t buffer_limit_;
  LowStockAlarm alarm_;
  Time next_distribution_ = Time::min();  // the thread's own
  std::thread thread_;

  // Taken by the store's thread, so held for moments only.
  Mutex inbox_mutex_;
  CondVar work_;
  Inbox inbox_ ABSL_GUARDED_BY(inbox_mutex_);
  // Who has changes and waits for its interval to end: each at most once.
  std::set<std::pair<Time, std::shared_ptr<Watcher>>> later_ ABSL_GUARDED_BY(inbox_mutex_);
  bool woken_ ABSL_GUARDED_BY(inbox_mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(inbox_mutex_) = false;

  mutable Mutex mutex_;
  WatcherSet watchers_ ABSL_GUARDED_BY(mutex_);
  WatcherSet of_all_books_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<BookId, WatcherSet> of_book_ ABSL_GUARDED_BY(mutex_);
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  std::atomic<std::size_t> watching_ = 0;  // watchers_.size(), for the store's thread
  std::atomic<std::uint64_t> cut_off_ = 0;
};

}  // namespace inventory
