#include "store/redis/redis_store.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/mutex.h"
#include "base/status_macros.h"
#include "base/worker.h"
#include "redis/event_loop.h"
#include "redis/keys.h"
#include "stock/store_health.h"
#include "store/redis/batch_run.h"
#include "store/redis/keeper.h"
#include "store/redis/origin_keys.h"
#include "store/redis/rebuild.h"
#include "store/redis/reconciliation.h"
#include "store/redis/scripts.h"
#include "store/redis/store_parts.h"
#include "telemetry/log.h"

namespace inventory {
namespace {

using Kind = RedisReply::Kind;

constexpr std::size_t kQueuedLookUps = 10'000;
constexpr std::size_t kQueuedChores = 16;

// Never 0.
std::uint64_t NewInstance() {
  std::random_device device;
  return std::uniform_int_distribution<std::uint64_t>(1, ~std::uint64_t{0})(device);
}

absl::Status Unexpected(const RedisReply& reply) {
  return absl::UnavailableError(absl::StrCat("Redis answered ", reply.text));
}

// Threads: the loop of the connection, the keeper, one that asks the ledger.
class RedisStore : public StockStore {
 public:
  RedisStore(const RedisStoreSettings& settings, std::unique_ptr<Ledger> ledger)
      : settings_(settings),
        own_ledger_(std::move(ledger)),
        connection_(std::make_unique<RedisConnection>(loop_, settings.endpoint, MakeEvents())) {}
  ~RedisStore() override { Close().IgnoreError(); }

  void Start() {
    keeper_.Start();
    started_ = true;
    keeper_.LookAgain();
  }

  void Apply(std::vector<Command> batch, Done<std::vector<Reply>> done) override {
    if (!Begin()) return done(Closed());
    BatchRun::Start(
        parts_, sender_, std::move(batch),
        [this, done = std::move(done)](absl::StatusOr<std::vector<Reply>> replies) mutable {
          done(std::move(replies));
          End();
        });
  }

  void ReadStock(std::vector<BookId> books, Done<std::vector<BookStock>> done) override;

  void ListStock(const StockListQuery& query, Done<StockPage> done) override {
    AskLedger<StockPage>([this, query] { return ledger_.ListStock(query); }, std::move(done));
  }
  void ReadOrder(OrderId order, bool want_movements, Done<OrderFacts> done) override {
    AskLedger<OrderFacts>(
        [this, order, want_movements] { return ledger_.ReadOrder(order, want_movements, Now()); },
        std::move(done));
  }
  void ReadMovements(const MovementQuery& query, Done<MovementPage> done) override {
    AskLedger<MovementPage>([this, query] { return ledger_.ReadMovements(query); },
                            std::move(done));
  }
  void ReadDue(int limit, Done<std::vector<OrderId>> done) override;

  void Observe(StockObserver* observer) override { feed_.Observe(observer); }

  StoreStatus Status() override;

  void Backup(const std::string&, Done<BackupResult> done) override {
    done(absl::UnimplementedError(
        "the redis store is backed up where it is kept: its ledger with the database's own tools, "
        "as mariadb-dump --single-transaction, from which Redis is made again"));
  }

  void Adopt(bool dry_run, Done<AdoptedStock> done) override {
    Slowly<AdoptedStock>([this, dry_run] { return AdoptOriginKeys(parts_, dry_run); },
                         std::move(done));
  }

  void Export(Done<std::unique_ptr<FactReader>> done) override {
    AskLedger<std::unique_ptr<FactReader>>(
        [this]() -> absl::StatusOr<std::unique_ptr<FactReader>> {
          ASSIGN_OR_RETURN(std::unique_ptr<FactReader> facts, ledger_.Export());
          return std::make_unique<Exported>(*this, std::move(facts));
        },
        std::move(done));
  }

  void Import(Done<std::unique_ptr<FactWriter>> done) override {
    done(absl::UnimplementedError(
        "import into the database with store: mysql, then hand it over to the redis store"));
  }

  void Reconcile(const ReconcileQuery& query, Done<ReconcilePage> done) override {
    Slowly<ReconcilePage>([this, query] { return ReconcileBooks(parts_, query); }, std::move(done));
  }
  void ListQuarantine(BookId after, int limit, Done<std::vector<QuarantinedBook>> done) override {
    Slowly<std::vector<QuarantinedBook>>(
        [this, after, limit] { return ledger_.ListQuarantine(after, limit); }, std::move(done));
  }
  void RetryQuarantine(BookId book, Done<QuarantineResult> done) override {
    Slowly<QuarantineResult>([this, book] { return ledger_.RetryQuarantine(book); },
                             std::move(done));
  }
  void SkipQuarantine(BookId book, Done<QuarantineResult> done) override {
    Slowly<QuarantineResult>([this, book] { return ledger_.SkipQuarantine(book); },
                             std::move(done));
  }

  void HandOver(const std::string& to, Done<std::string> done) override {
    if (to != "mysql") {
      return done(absl::FailedPreconditionError(
          "nothing was done: the database's stock is the redis store's already; from here it can "
          "be handed over to mysql"));
    }
    Slowly<std::string>(
        [this]() -> absl::StatusOr<std::string> {
          RETURN_IF_ERROR(HandOverToMysql(parts_).status());
          return "write store: mysql in the configuration of every instance and restart them; what "
                 "Redis still holds is of no use to anybody and may be deleted";
        },
        std::move(done));
  }

  absl::Status Close() override;

 private:
  // The ledger's facts, as long as the store is open.
  class Exported : public FactReader {
   public:
    Exported(RedisStore& store, std::unique_ptr<FactReader> facts)
        : store_(store), facts_(std::move(facts)) {}
    void Next(int limit, Done<std::vector<Fact>> done) override {
      if (!store_.Begin()) return done(Closed());
      facts_->Next(limit, store_.Ending<std::vector<Fact>>(std::move(done)));
    }

   private:
    RedisStore& store_;
    const std::unique_ptr<FactReader> facts_;
  };

  RedisConnection::Events MakeEvents() {
    return {[this](RedisConnection::Generation) {
              if (started_) keeper_.LookAgain();
            },
            [this](const absl::Status& why) {
              gate_.Close(why);
              if (started_) keeper_.LookAgain();
            }};
  }

  static absl::Status Closed() {
    return absl::UnavailableError("the store is closed; nothing was done");
  }
  // Something that must end before the store does. False: the store is closing.
  bool Begin() ABSL_LOCKS_EXCLUDED(mutex_) {
    MutexLock lock(mutex_);
    if (!closed_) ++under_way_;
    return !closed_;
  }
  void End() ABSL_LOCKS_EXCLUDED(mutex_) {
    MutexLock lock(mutex_);
    if (--under_way_ == 0) ended_.NotifyAll();
  }
  // `done`, and the end of what was begun.
  template <typename T>
  Done<T> Ending(Done<T> done) {
    return [this, done = std::move(done)](absl::StatusOr<T> result) mutable {
      if (!result.ok()) {
        done(NothingDone(result.status()));
      } else {
        done(std::move(result));
      }
      End();
    };
  }

  TimeMs Now() const {
    if (settings_.clock) return settings_.clock->Now();
    return std::max(figures_.now.load(), SteadyNow());
  }
  TimeMs SteadyNow() const { return clock_.Now(); }

  // Calls `work`, which may take long, on a thread for such work.
  template <typename T, typename Work>
  void Slowly(Work work, Done<T> done) {
    if (!Begin()) return done(Closed());
    chores_.Post(
        [this, work = std::move(work), done = std::move(done)](const absl::Status& posted) mutable {
          if (posted.ok()) {
            done(work());
          } else {
            done(posted);
          }
          End();
        });
  }

  // The books above `after`, compared by the way, page after page; what differs is logged.
  void ReconcileFrom(BookId after) {
    ReconcileQuery query;
    query.after = after;
    Reconcile(query, [this](absl::StatusOr<ReconcilePage> page) {
      if (page.ok()) {
        if (!page->drifts.empty()) figures_.drifted += page->drifts.size();
        if (page->next_after != 0) return ReconcileFrom(page->next_after);
      } else if (gate_.health().ok() && Begin()) {  // not because the store is closed
        End();
        LogWarn("stock could not be compared with the ledger; the next round will",
                {{"reason", std::string(page.status().message())}});
      }
      figures_.drift = figures_.drifted.exchange(0);
      reconciling_ = false;
    });
  }

  // Calls `ask` on the look-ups' thread once the ledger has all that the outbox holds now.
  template <typename T, typename Ask>
  void AskLedger(Ask ask, Done<T> done);
  void ReadMissing(std::vector<BookStock> stocks, const OpenedEpoch& opened, std::uint64_t entries,
                   Done<std::vector<BookStock>> done);
  void OnStock(const std::vector<BookId>& books, const OpenedEpoch& opened,
               absl::StatusOr<RedisReply> reply, Done<std::vector<BookStock>> done);

  const RedisStoreSettings settings_;
  const std::unique_ptr<Ledger> own_ledger_;
  Ledger& ledger_ = *own_ledger_;
  const SteadyClock clock_;
  const std::uint64_t instance_ = NewInstance();
  Gate gate_;
  AnsweredFor answered_;
  LedgerWaiters waiters_;
  ChangeFeed feed_;
  RedisFigures figures_;
  std::atomic<std::uint64_t> batches_{0};
  std::atomic<bool> reconciling_{false};
  std::atomic<bool> started_{false};  // the connection speaks before there is a keeper
  Worker lookups_{"redis-lookups", kQueuedLookUps};
  Worker chores_{"redis-chores", kQueuedChores};
  EventLoop loop_;
  std::unique_ptr<RedisConnection> connection_;
  StoreParts parts_{settings_,
                    instance_,
                    *connection_,
                    ledger_,
                    gate_,
                    answered_,
                    waiters_,
                    feed_,
                    lookups_,
                    figures_,
                    batches_,
                    [this] { keeper_.LookAgain(); },
                    [this] {
                      if (!reconciling_.exchange(true)) ReconcileFrom(0);
                    }};
  BatchSender sender_{parts_};
  Keeper keeper_{parts_};

  Mutex mutex_;
  CondVar ended_;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  int under_way_ ABSL_GUARDED_BY(mutex_) = 0;
};

template <typename T, typename Ask>
void RedisStore::AskLedger(Ask ask, Done<T> done) {
  if (!Begin()) return done(Closed());
  done = Ending<T>(std::move(done));
  const absl::StatusOr<OpenedEpoch> opened = gate_.Look();
  if (!opened.ok()) return done(opened.status());
  connection_->Send(
      {"HGET", EpochKey(kOnlyBucket), "entries"},
      [this, epoch = opened->epoch, ask = std::move(ask),
       done = std::move(done)](absl::StatusOr<RedisReply> reply) mutable {
        std::uint64_t entries = 0;
        if (!reply.ok()) return done(reply.status());
        if (!absl::SimpleAtoi(reply->text, &entries)) return done(Unexpected(*reply));
        waiters_.Wait(epoch, entries,
                      [this, ask = std::move(ask),
                       done = std::move(done)](const absl::Status& applied) mutable {
                        if (!applied.ok()) return done(applied);
                        lookups_.Post([ask = std::move(ask),
                                       done = std::move(done)](const absl::Status& posted) mutable {
                          if (!posted.ok()) return done(posted);
                          done(ask());
                        });
                      });
      },
      opened->generation);
}

void RedisStore::ReadStock(std::vector<BookId> books, Done<std::vector<BookStock>> done) {
  if (!Begin()) return done(Closed());
  done = Ending<std::vector<BookStock>>(std::move(done));
  const absl::StatusOr<OpenedEpoch> opened = gate_.Look();
  if (!opened.ok()) return done(opened.status());
  RedisConnection::Command command{"EVALSHA", Sha1(StoreScript::kGetStock),
                                   absl::StrCat(1 + 2 * books.size()), EpochKey(kOnlyBucket)};
  for (const BookId book : books) {
    command.push_back(BookKey(kOnlyBucket, book));
    command.push_back(StockKey(kOnlyBucket, book));
  }
  command.push_back(absl::StrCat(opened->epoch));
  connection_->Send(
      std::move(command),
      [this, books = std::move(books), opened = *opened,
       done = std::move(done)](absl::StatusOr<RedisReply> reply) mutable {
        OnStock(books, opened, std::move(reply), std::move(done));
      },
      opened->generation);
}

void RedisStore::OnStock(const std::vector<BookId>& books, const OpenedEpoch& opened,
                         absl::StatusOr<RedisReply> reply, Done<std::vector<BookStock>> done) {
  if (!reply.ok()) return done(reply.status());
  if (reply->IsError("NOSCRIPT")) {
    LoadScripts(
        *connection_, Scripts(),
        [this, books, done = std::move(done)](const absl::Status& loaded) mutable {
          if (!loaded.ok()) return done(loaded);
          ReadStock(books, std::move(done));
        },
        opened.generation);
    return;
  }
  const std::vector<RedisReply>& parts = reply->elements;
  if (parts.size() == 3 && parts[0].integer == 1) {
    keeper_.LookAgain();
    return done(absl::UnavailableError("Redis does not hold the stock as this instance knows it"));
  }
  if (parts.size() != 3 + 3 * books.size()) return done(Unexpected(*reply));
  std::vector<BookStock> stocks;
  bool complete = true;
  for (std::size_t i = 0; i < books.size(); ++i) {
    const RedisReply* part = &parts[3 + 3 * i];
    BookStock stock{books[i]};
    stock.known = part[0].integer >= 0;
    if (stock.known) {
      stock.balance = {static_cast<Quantity>(part[0].integer),
                       static_cast<Quantity>(part[1].integer),
                       static_cast<std::uint64_t>(part[2].integer)};
    }
    complete = complete && stock.known;
    stocks.push_back(stock);
  }
  if (complete) return done(std::move(stocks));
  ReadMissing(std::move(stocks), opened, static_cast<std::uint64_t>(parts[2].integer),
              std::move(done));
}

// The ledger's figures for books that Redis does not have. While one is missing there nothing can
// change it, so what the ledger says once it has caught up is of the same moment.
void RedisStore::ReadMissing(std::vector<BookStock> stocks, const OpenedEpoch& opened,
                             std::uint64_t entries, Done<std::vector<BookStock>> done) {
  waiters_.Wait(opened.epoch, entries,
                [this, stocks = std::move(stocks),
                 done = std::move(done)](const absl::Status& applied) mutable {
                  if (!applied.ok()) return done(applied);
                  lookups_.Post([this, stocks = std::move(stocks),
                                 done = std::move(done)](const absl::Status& posted) mutable {
                    if (!posted.ok()) return done(posted);
                    LedgerQuestion question;
                    for (const BookStock& stock : stocks) {
                      if (!stock.known) question.books.push_back(stock.book);
                    }
                    absl::StatusOr<LedgerAnswer> answer = ledger_.LookUp(question);
                    if (!answer.ok()) return done(answer.status());
                    auto next = answer->books.begin();
                    for (BookStock& stock : stocks) {
                      if (!stock.known) stock = *next++;
                    }
                    done(std::move(stocks));
                  });
                });
}

void RedisStore::ReadDue(int limit, Done<std::vector<OrderId>> done) {
  if (!Begin()) return done(Closed());
  done = Ending<std::vector<OrderId>>(std::move(done));
  const absl::StatusOr<OpenedEpoch> opened = gate_.Look();
  if (!opened.ok()) return done(opened.status());
  connection_->Send(
      {"ZRANGEBYSCORE", DueKey(kOnlyBucket), "-inf", absl::StrCat(Now()), "WITHSCORES", "LIMIT",
       "0", absl::StrCat(limit)},
      [done = std::move(done)](absl::StatusOr<RedisReply> reply) mutable {
        if (!reply.ok()) return done(reply.status());
        if (!reply->is(Kind::kArray)) return done(Unexpected(*reply));
        // Of the same deadline by number; Redis has them by their text.
        std::vector<std::pair<TimeMs, OrderId>> due;
        for (std::size_t i = 0; i + 1 < reply->elements.size(); i += 2) {
          std::pair<TimeMs, OrderId> each;
          if (!absl::SimpleAtoi(reply->elements[i].text, &each.second) ||
              !absl::SimpleAtoi(reply->elements[i + 1].text, &each.first)) {
            continue;
          }
          due.push_back(each);
        }
        std::sort(due.begin(), due.end());
        std::vector<OrderId> orders;
        orders.reserve(due.size());
        for (const auto& each : due) orders.push_back(each.second);
        done(std::move(orders));
      },
      opened->generation);
}

StoreStatus RedisStore::Status() {
  const auto figure = [](const std::atomic<std::uint64_t>& value) {
    return static_cast<std::int64_t>(value.load());
  };
  constexpr auto kSinceStart = Figure::Kind::kSinceStart;
  StoreStatus status;
  status.name = "redis";
  status.durability =
      "what Redis' own settings keep, and what the instances remember until the ledger has it";
  status.location = settings_.endpoint.Location();
  status.health = gate_.health();
  status.now = Now();
  status.figures = {
      {"script_calls", figure(figures_.calls), "", "calls of scripts that decide", kSinceStart},
      {"script_commands", figure(figures_.commands), "commands", "that scripts were given",
       kSinceStart},
      {"looked_up", figure(figures_.looked_up), "commands", "for which the ledger was asked",
       kSinceStart},
      {"refused_outbox_full", figure(figures_.refused_full), "commands",
       "refused because the ledger was too far behind", kSinceStart},
      {"rebuilds", figure(figures_.rebuilds), "", "of Redis from the ledger, by this instance",
       kSinceStart},
      {"lost", figure(figures_.lost), "changes", "that were answered and are nowhere any more",
       kSinceStart},
      {"repaired", figure(figures_.repaired), "", "times that books were made again", kSinceStart},
      {"drift", figure(figures_.drift), "books", "that differed when last compared"},
      {"scripts_loaded", figure(figures_.scripts_loaded_us), "us", "how long it took"},
      {"remembered", static_cast<std::int64_t>(answered_.size()), "entries",
       "that the ledger does not have yet"}};
  status.distributions = {figures_.script_time.Snapshot(
      "commit_seconds", "from sending a batch's scripts to Redis to their answers")};
  ledger_.Describe(status);
  const absl::StatusOr<OpenedEpoch> opened = gate_.Look();
  if (!opened.ok()) return status;
  const LedgerProgress& progress = opened->progress;
  const auto waits = [](std::uint64_t all, std::uint64_t applied) {
    return static_cast<std::int64_t>(all - std::min(all, applied));
  };
  status.figures.push_back(
      {"epoch", static_cast<std::int64_t>(opened->epoch), "", "of the stock in Redis"});
  status.figures.push_back({"open_reservations", figure(figures_.open_reservations), "",
                            "waiting to be confirmed, of all instances"});
  status.figures.push_back({"outbox_entries", waits(opened->entries, progress.applied), "entries",
                            "that the ledger does not have yet"});
  status.figures.push_back({"ledger_lag_movements", waits(figures_.movements, progress.movements),
                            "movements", "that the ledger does not have yet"});
  status.figures.push_back({"ledger_lag", std::max<TimeMs>(0, Now() - progress.as_of), "ms",
                            "how old the newest is that the ledger surely has"});
  return status;
}

absl::Status RedisStore::Close() {
  {
    MutexLock lock(mutex_);
    if (closed_) return absl::OkStatus();
    closed_ = true;
  }
  waiters_.Stop();
  {
    MutexLock lock(mutex_);
    while (under_way_ > 0) ended_.Wait(mutex_);
  }
  keeper_.Stop();
  lookups_.Stop();
  chores_.Stop();
  connection_.reset();
  return absl::OkStatus();
}

}  // namespace

std::unique_ptr<StockStore> OpenRedisStore(const RedisStoreSettings& settings,
                                           std::unique_ptr<Ledger> ledger) {
  auto store = std::make_unique<RedisStore>(settings, std::move(ledger));
  store->Start();
  return store;
}

}  // namespace inventory
