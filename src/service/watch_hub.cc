#include "service/watch_hub.h"

#include <algorithm>
#include <cassert>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace inventory {

using std::chrono::steady_clock;

namespace {

absl::Status Stopping() {
  return absl::UnavailableError(
      "the service is stopping; watch another instance, or this one after the restart");
}

absl::Status TooSlow(std::size_t limit) {
  return absl::ResourceExhaustedError(
      absl::StrCat("this watch was cut off: more than ", limit,
                   " books changed since it was last read; watch again, and read faster, watch "
                   "fewer books or ask for a shorter minimum interval"));
}

}  // namespace

// One open watch. Its own lock, so that a Next waits for nobody else's share.
struct WatchHub::Watcher {
  explicit Watcher(WatchQuery the_query)
      : query(std::move(the_query)), books(query.books.begin(), query.books.end()) {}

  void AddNews(const Inbox& inbox, const LowStockAlarm& alarm) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  void AddNews(BookId book, const News& news, const LowStockAlarm& alarm)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  // What is pending, and before it the page where there is one.
  absl::StatusOr<Update> TakeUpdate(Time now, const LowStockAlarm& alarm)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  void TakePage(const StockPage& from, const LowStockAlarm& alarm, Update& update)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  bool has_changes() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    return snapshot_done && !pending.empty();
  }
  bool is_over() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) { return !end.ok(); }
  // For ComeAgain; false: it is there already.
  bool TakePlace() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    if (later) return false;
    later = not_before;
    return true;
  }

  const WatchQuery query;
  const absl::flat_hash_set<BookId> books;  // empty: all

  Mutex mutex;
  Done<Update> next ABSL_GUARDED_BY(mutex);  // null: nobody waits
  absl::flat_hash_map<BookId, StockWatch::Change> pending ABSL_GUARDED_BY(mutex);
  absl::Status end ABSL_GUARDED_BY(mutex);  // not OK: the watch is over
  Time not_before ABSL_GUARDED_BY(mutex);   // for the next update, once the snapshot is done
  std::optional<Time> later ABSL_GUARDED_BY(mutex);  // its place in later_
  bool snapshot_done ABSL_GUARDED_BY(mutex) = false;
  BookId after ABSL_GUARDED_BY(mutex) = 0;                               // where it goes on
  std::optional<absl::StatusOr<StockPage>> page ABSL_GUARDED_BY(mutex);  // read and not yet sent
};

void WatchHub::Watcher::AddNews(const Inbox& inbox, const LowStockAlarm& alarm) {
  if (books.empty() || books.size() > inbox.news.size()) {
    for (const auto& [book, news] : inbox.news) {
      if (books.empty() || books.contains(book)) AddNews(book, news, alarm);
    }
  } else {
    for (const BookId book : books) {
      const auto news = inbox.news.find(book);
      if (news != inbox.news.end()) AddNews(book, news->second, alarm);
    }
  }
}

void WatchHub::Watcher::AddNews(BookId book, const News& news, const LowStockAlarm& alarm) {
  const bool low = alarm.IsLow(news.balance.available);
  // That a book is no longer low is told where the watcher may have it as low.
  if (query.low_stock_only && !low && !news.was_low) return;
  pending[book] = {{book, true, news.balance}, low};
}

absl::StatusOr<StockWatch::Update> WatchHub::Watcher::TakeUpdate(Time now,
                                                                 const LowStockAlarm& alarm) {
  Update update;
  if (page) {
    const absl::StatusOr<StockPage> from = *std::exchange(page, std::nullopt);
    end = from.status();
    if (!end.ok()) return end;
    TakePage(*from, alarm, update);
  }
  auto change = pending.begin();
  while (change != pending.end() && update.changes.size() < kMaxUpdateChanges) {
    update.changes.push_back(change->second);
    pending.erase(change++);
  }
  not_before = now + query.min_interval;
  return update;
}

// Of a book that is in the page and pending, the newer state.
void WatchHub::Watcher::TakePage(const StockPage& from, const LowStockAlarm& alarm,
                                 Update& update) {
  for (const BookStock& stock : from.books) {
    if (!stock.known) continue;
    const auto change = pending.find(stock.book);
    if (change != pending.end()) {
      if (change->second.stock.balance.sequence > stock.balance.sequence) continue;
      pending.erase(change);
    }
    const bool low = alarm.IsLow(stock.balance.available);
    if (!query.low_stock_only || low) update.changes.push_back({stock, low});
  }
  after = from.next_after;
  snapshot_done = after == 0;
  update.snapshot_done = snapshot_done;
}

// What the caller of Watch holds.
class WatchHub::Handle : public StockWatch {
 public:
  Handle(std::shared_ptr<WatchHub> hub, std::shared_ptr<Watcher> watcher)
      : hub_(std::move(hub)), watcher_(std::move(watcher)) {}
  ~Handle() override { hub_->Drop(watcher_); }
  void Next(Done<Update> done) override { hub_->Next(watcher_, std::move(done)); }

 private:
  const std::shared_ptr<WatchHub> hub_;
  const std::shared_ptr<Watcher> watcher_;
};

std::shared_ptr<WatchHub> WatchHub::Start(StockStore& store, const ServiceSettings& settings) {
  std::shared_ptr<WatchHub> hub(new WatchHub(store, settings));
  hub->thread_ = std::thread([hub = hub.get()] { hub->Run(); });
  return hub;
}

WatchHub::WatchHub(StockStore& store, const ServiceSettings& settings)
    : store_(store),
      watcher_limit_(settings.watcher_limit),
      buffer_limit_(settings.watcher_buffer_limit),
      alarm_(settings.warning_threshold) {}

// ---- what watchers call
// --------------------------------------------------------------------------

absl::StatusOr<std::unique_ptr<StockWatch>> WatchHub::Watch(WatchQuery query) {
  auto watcher = std::make_shared<Watcher>(std::move(query));
  MutexLock lock(mutex_);
  if (ended_) return Stopping();
  if (watchers_.size() >= watcher_limit_) {
    return absl::ResourceExhaustedError(absl::StrCat("too many watches are open (the limit is ",
                                                     watcher_limit_,
                                                     "); close some or retry later"));
  }
  watchers_.insert(watcher);
  if (watcher->books.empty()) of_all_books_.insert(watcher);
  for (const BookId book : watcher->books) of_book_[book].insert(watcher);
  watching_ = watchers_.size();
  return std::make_unique<Handle>(shared_from_this(), std::move(watcher));
}

void WatchHub::Next(const std::shared_ptr<Watcher>& watcher, Done<Update> done) {
  const Time now = steady_clock::now();
  absl::StatusOr<Update> update;
  bool read = false;
  BookId after = 0;
  {
    MutexLock lock(watcher->mutex);
    assert(!watcher->next);
    if (!watcher->end.ok()) {
      update = watcher->end;
    } else if (watcher->has_changes() && watcher->not_before <= now) {
      update = watcher->TakeUpdate(now, alarm_);
    } else {
      watcher->next = std::exchange(done, nullptr);
      read = !watcher->snapshot_done;
      after = watcher->after;
      if (watcher->has_changes() && watcher->TakePlace()) {
        ComeAgain(watcher, watcher->not_before);
      }
    }
  }
  if (done) return done(std::move(update));
  if (read) ReadPage(watcher, after);
}

void WatchHub::Drop(const std::shared_ptr<Watcher>& watcher) {
  {
    MutexLock lock(mutex_);
    watchers_.erase(watcher);
    of_all_books_.erase(watcher);
    for (const BookId book : watcher->books) {
      const auto watching = of_book_.find(book);
      watching->second.erase(watcher);
      if (watching->second.empty()) of_book_.erase(watching);
    }
    watching_ = watchers_.size();
  }
  Done<Update> next;
  {
    MutexLock lock(watcher->mutex);
    watcher->end.Update(absl::CancelledError("the watch was dropped"));
    next = std::exchange(watcher->next, nullptr);
    if (watcher->later) {
      MutexLock inbox_lock(inbox_mutex_);
      later_.erase({*watcher->later, watcher});
    }
  }
  if (next) next(absl::CancelledError("the watch was dropped"));
}

void WatchHub::ReadPage(const std::shared_ptr<Watcher>& watcher, BookId after) {
  if (watcher->books.empty()) {
    StockListQuery query;
    query.after = after;
    query.limit = kPage;
    if (watcher->query.low_stock_only) query.below = alarm_.threshold();
    return store_.ListStock(query,
                            [hub = shared_from_this(), watcher](absl::StatusOr<StockPage> page) {
                              hub->OnPage(watcher, std::move(page));
                            });
  }
  store_.ReadStock(
      {watcher->books.begin(), watcher->books.end()},
      [hub = shared_from_this(), watcher](absl::StatusOr<std::vector<BookStock>> books) {
        if (!books.ok()) return hub->OnPage(watcher, books.status());
        StockPage page;
        page.books = *std::move(books);
        hub->OnPage(watcher, std::move(page));
      });
}

// Left for the thread, also so that a store which answers within the call makes no page nest in
// the page before.
void WatchHub::OnPage(const std::shared_ptr<Watcher>& watcher, absl::StatusOr<StockPage> page) {
  MutexLock lock(inbox_mutex_);
  inbox_.pages.push_back({watcher, std::move(page)});
  woken_ = true;
  work_.NotifyOne();
}

// ---- what the store calls
// ------------------------------------------------------------------------

void WatchHub::OnChanges(const std::vector<StockChanged>& changes) {
  bool wake = alarm_.Check(changes);
  if (watching_.load() > 0) {
    MutexLock lock(inbox_mutex_);
    wake = wake || inbox_.news.empty();
    for (const StockChanged& change : changes) {
      const auto [news, fresh] = inbox_.news.try_emplace(change.book);
      if (fresh) news->second.was_low = alarm_.IsLow(change.available_before);
      news->second.balance = change.balance;
    }
  }
  if (wake) Wake();
}

// ---- the thread
// ----------------------------------------------------------------------------------

void WatchHub::Wake() {
  MutexLock lock(inbox_mutex_);
  woken_ = true;
  work_.NotifyOne();
}

// False: the end.
bool WatchHub::AwaitWork(Time until) {
  MutexLock lock(inbox_mutex_);
  while (!woken_ && !stopping_) {
    if (until == Time::max()) {
      work_.Wait(inbox_mutex_);
      continue;
    }
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - steady_clock::now());
    if (left.count() <= 0) break;
    work_.WaitFor(inbox_mutex_, left);
  }
  woken_ = false;
  return !stopping_;
}

void WatchHub::Run() {
  Time until = Time::max();
  while (AwaitWork(until)) {
    const Time now = steady_clock::now();
    until = alarm_.Write(now);
    Serve(TakeInbox(now, until), now);
  }
  // The rest, whatever the pause. Write adds to the time it is given, so not the very last one.
  alarm_.Write(Time::max() - LowStockAlarm::kPeriod);
}

// Who is due, and the rest of the inbox where it is not too early; `again` says when to come again.
WatchHub::Inbox WatchHub::TakeInbox(Time now, Time& again) {
  MutexLock lock(inbox_mutex_);
  Inbox inbox;
  const bool has_news = !inbox_.pages.empty() || !inbox_.news.empty();
  if (has_news && inbox_.pages.empty() && now < next_distribution_) {
    again = std::min(again, next_distribution_);
  } else if (has_news) {
    next_distribution_ = now + kPace;
    inbox = std::exchange(inbox_, {});
  }
  while (!later_.empty() && later_.begin()->first <= now) {
    inbox.due.push_back(later_.begin()->second);
    later_.erase(later_.begin());
  }
  if (!later_.empty()) again = std::min(again, later_.begin()->first);
  return inbox;
}

WatchHub::WatcherSet WatchHub::Concerned(const Inbox& inbox) const {
  WatcherSet concerned(inbox.due.begin(), inbox.due.end());
  for (const PageRead& read : inbox.pages) concerned.insert(read.watcher);
  if (inbox.news.empty()) return concerned;
  MutexLock lock(mutex_);
  concerned.insert(of_all_books_.begin(), of_all_books_.end());
  if (of_book_.empty()) return concerned;
  for (const auto& [book, news] : inbox.news) {
    const auto watching = of_book_.find(book);
    if (watching == of_book_.end()) continue;
    concerned.insert(watching->second.begin(), watching->second.end());
  }
  return concerned;
}

// Gives each watcher its share and answers whom it can.
void WatchHub::Serve(Inbox inbox, Time now) {
  for (const std::shared_ptr<Watcher>& watcher : inbox.due) {
    MutexLock lock(watcher->mutex);
    watcher->later.reset();
  }
  for (PageRead& read : inbox.pages) {
    MutexLock lock(read.watcher->mutex);
    read.watcher->page = std::move(read.page);
  }
  for (const auto& watcher : Concerned(inbox)) ServeOne(watcher, inbox, now);
}

void WatchHub::ServeOne(const std::shared_ptr<Watcher>& watcher, const Inbox& inbox, Time now) {
  Done<Update> done;
  absl::StatusOr<Update> update;
  {
    MutexLock lock(watcher->mutex);
    if (watcher->is_over()) return;
    watcher->AddNews(inbox, alarm_);
    if (watcher->next && (watcher->page || watcher->has_changes())) {
      if (watcher->page || watcher->not_before <= now) {
        update = watcher->TakeUpdate(now, alarm_);
        done = std::exchange(watcher->next, nullptr);
      } else if (watcher->TakePlace()) {
        ComeAgain(watcher, watcher->not_before);
      }
    }
    if (watcher->pending.size() > buffer_limit_) {
      watcher->pending = {};
      watcher->end = TooSlow(buffer_limit_);
      cut_off_.fetch_add(1);
      if (watcher->next) {
        update = watcher->end;
        done = std::exchange(watcher->next, nullptr);
      }
    }
  }
  if (done) done(std::move(update));
}

// With the watcher's lock held, so that a Drop finds it here.
void WatchHub::ComeAgain(const std::shared_ptr<Watcher>& watcher, Time at) {
  MutexLock lock(inbox_mutex_);
  later_.emplace(at, watcher);
  woken_ = true;
  work_.NotifyOne();
}

// ---- the end
// -------------------------------------------------------------------------------------

void WatchHub::EndWatches() {
  WatcherSet watchers;
  {
    MutexLock lock(mutex_);
    ended_ = true;
    watchers = watchers_;
  }
  for (const auto& watcher : watchers) {
    Done<Update> next;
    {
      MutexLock lock(watcher->mutex);
      watcher->end.Update(Stopping());
      watcher->pending = {};
      next = std::exchange(watcher->next, nullptr);
    }
    if (next) next(Stopping());
  }
}

void WatchHub::Stop() {
  EndWatches();
  {
    MutexLock lock(inbox_mutex_);
    stopping_ = true;
    work_.NotifyOne();
  }
  if (thread_.joinable()) thread_.join();
}

WatchHub::Figures WatchHub::figures() const {
  Figures figures;
  figures.cut_off = cut_off_.load();
  figures.low_stock_warnings = alarm_.warnings();
  MutexLock lock(mutex_);
  figures.watchers = watchers_.size();
  return figures;
}

}  // namespace inventory
