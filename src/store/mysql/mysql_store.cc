#include "store/mysql/mysql_store.h"

#include <algorithm>
#include <random>
#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "base/worker.h"
#include "mysql/fact_export.h"
#include "mysql/reads.h"
#include "mysql/store_owner.h"
#include "mysql/store_time.h"
#include "stock/change_feed.h"
#include "stock/store_health.h"
#include "store/mysql/adoption.h"
#include "store/mysql/batch_queue.h"
#include "store/mysql/batch_writer.h"
#include "store/mysql/database_monitor.h"
#include "store/mysql/fact_import.h"
#include "store/mysql/handover.h"
#include "store/mysql/reader_pool.h"

namespace inventory {
namespace {

// Batches waiting for a transaction. The service bounds what they hold.
constexpr std::size_t kQueuedBatches = 10'000;
constexpr std::size_t kTransferQueue = 16;
constexpr int kMostWriters = 4;
constexpr int kMostReaders = 4;
constexpr std::uint64_t kWriterNames = 256;  // of one instance

// A random beginning for this instance's writers' names.
std::uint64_t FirstWriter() {
  std::random_device device;
  std::uniform_int_distribution<std::uint64_t> names(1, (std::uint64_t{1} << 55) - 1);
  return names(device) * kWriterNames;
}

// Threads: writers, each a transaction at a time; readers; one monitor.
class MysqlStore : public StockStore {
 public:
  explicit MysqlStore(const MysqlSettings& settings)
      : dsn_(settings.dsn),
        time_(settings.clock),
        readers_(dsn_, std::clamp(settings.max_connections / 2, 1, kMostReaders)),
        writer_count_(std::clamp(settings.max_connections / 2 - 1, 1, kMostWriters)) {}
  ~MysqlStore() override { Close().IgnoreError(); }

  absl::Status Start();

  void Apply(std::vector<Command> batch, Done<std::vector<Reply>> done) override {
    if (absl::Status refusal = Refusal(); !refusal.ok()) return done(refusal);
    queue_.Push({std::move(batch), std::move(done), {}});
  }

  void ReadStock(std::vector<BookId> books, Done<std::vector<BookStock>> done) override {
    Read<std::vector<BookStock>>(
        [books = std::move(books)](Connection& connection) {
          return inventory::ReadStock(connection, books);
        },
        std::move(done));
  }

  void ListStock(const StockListQuery& query, Done<StockPage> done) override {
    Read<StockPage>(
        [query](Connection& connection) { return inventory::ListStock(connection, query); },
        std::move(done));
  }

  void ReadOrder(OrderId order, bool want_movements, Done<OrderFacts> done) override {
    Read<OrderFacts>(
        [this, order, want_movements](Connection& connection) {
          return inventory::ReadOrder(connection, time_, order, want_movements);
        },
        std::move(done));
  }

  void ReadMovements(const MovementQuery& query, Done<MovementPage> done) override {
    Read<MovementPage>(
        [query](Connection& connection) { return inventory::ReadMovements(connection, query); },
        std::move(done));
  }

  void ReadDue(int limit, Done<std::vector<OrderId>> done) override {
    Read<std::vector<OrderId>>(
        [this, limit](Connection& connection) {
          return inventory::ReadDue(connection, time_, limit);
        },
        std::move(done));
  }

  void Observe(StockObserver* observer) override { feed_.Observe(observer); }

  StoreStatus Status() override;

  void Backup(const std::string&, Done<BackupResult> done) override {
    done(absl::UnimplementedError(
        "the mysql store's stock is backed up where it is kept: use the database's own tools, as "
        "mariadb-dump --single-transaction"));
  }

  // Before the store has opened, which is why nothing of it is used.
  void Adopt(bool dry_run, Done<AdoptedStock> done) override {
    transfers_.Post([this, dry_run, done = std::move(done)](const absl::Status& posted) mutable {
      if (!posted.ok()) return done(posted);
      done(AdoptOriginStock(dsn_, time_, dry_run));
    });
  }

  void Export(Done<std::unique_ptr<FactReader>> done) override {
    if (absl::Status refusal = Refusal(); !refusal.ok()) return done(refusal);
    transfers_.Post([this, done = std::move(done)](const absl::Status& posted) mutable {
      if (!posted.ok()) return done(posted);
      done(OpenExport(dsn_, transfers_));
    });
  }

  // Behind the end of the import before it, which is done on the same thread.
  void Import(Done<std::unique_ptr<FactWriter>> done) override {
    if (!monitor_.open()) return done(Refusal());
    transfers_.Post([this, done = std::move(done)](const absl::Status& posted) mutable {
      if (!posted.ok()) return done(posted);
      done(OpenImport({dsn_, transfers_, feed_, time_, health_, importing_}));
    });
  }

  void HandOver(const std::string& to, Done<std::string> done) override;

  absl::Status Close() override;

 private:
  absl::Status Refusal() const {
    if (!monitor_.open()) return NothingDone(health_.Get());
    if (importing_) return absl::UnavailableError("an import is under way; nothing was done");
    const absl::Status ours = owner_.Check();
    return ours.ok() ? ours : NothingDone(ours);
  }

  template <typename T, typename ReadFunction>
  void Read(ReadFunction read, Done<T> done) {
    if (absl::Status refusal = Refusal(); !refusal.ok()) return done(refusal);
    readers_.Read<T>(std::move(read), std::move(done));
  }

  const Dsn dsn_;
  const std::uint64_t first_writer_ = FirstWriter();
  StoreTime time_;
  StoreHealth health_{absl::UnavailableError("the database is not open yet")};
  SeenOwner owner_;
  ChangeFeed feed_;
  BatchQueue queue_{kQueuedBatches};
  WriterFigures figures_;
  StopFlag stop_;
  ReaderPool readers_;
  DatabaseMonitor monitor_{
      {dsn_, feed_, time_, health_, owner_, first_writer_, first_writer_ + kWriterNames - 1}};
  std::atomic<bool> importing_{false};
  const int writer_count_;
  std::vector<std::unique_ptr<BatchWriter>> writers_;
  Worker transfers_{"mysql-transfer", kTransferQueue};
  Mutex close_mutex_;
};

absl::Status MysqlStore::Start() {
  const absl::Status opened = monitor_.Open();
  if (!opened.ok() && !absl::IsUnavailable(opened)) return opened;
  monitor_.Start();
  for (int i = 0; i < writer_count_; ++i) {
    writers_.push_back(std::make_unique<BatchWriter>(
        BatchWriter::Shared{dsn_, queue_, feed_, time_, health_, stop_, figures_},
        first_writer_ + static_cast<std::uint64_t>(i)));
  }
  return absl::OkStatus();
}

StoreStatus MysqlStore::Status() {
  const auto figure = [](const std::atomic<std::uint64_t>& value) {
    return static_cast<std::int64_t>(value.load());
  };
  constexpr auto kSinceStart = Figure::Kind::kSinceStart;
  StoreStatus status;
  status.name = "mysql";
  status.durability = "committed in the database before every answer";
  status.location = dsn_.Location();
  const absl::Status ours = owner_.Check();
  status.health = importing_ ? Refusal() : ours.ok() ? health_.Get() : ours;
  status.now = time_.newest();
  status.figures = {
      {"transactions", figure(figures_.transactions), "", "committed since the start", kSinceStart},
      {"transaction_commands", figure(figures_.commands), "commands", "decided in transactions",
       kSinceStart},
      {"conflicts", figure(figures_.conflicts), "",
       "transactions begun again after a deadlock, a lock wait or a duplicate key", kSinceStart},
      {"commits_in_doubt", figure(figures_.in_doubt), "", "whose answer was lost, looked up after",
       kSinceStart},
      {"tombstones", figure(figures_.tombstones), "",
       "releases since the start that came before their deduct, which is refused for ever",
       kSinceStart},
      {"connections", Connection::OpenNow(), "", "to the database, open now"}};
  if (const std::int64_t open = monitor_.open_reservations(); open >= 0) {
    status.figures.push_back(
        {"open_reservations", open, "", "waiting to be confirmed, of all instances"});
  }
  status.distributions = {
      figures_.decide_time.Snapshot("decide_seconds",
                                    "locking, reading and deciding a transaction's batches"),
      figures_.commit_time.Snapshot("commit_seconds",
                                    "writing and committing what a transaction came to"),
      figures_.size.Snapshot("transaction_size", "commands of a transaction")};
  return status;
}

void MysqlStore::HandOver(const std::string& to, Done<std::string> done) {
  if (absl::Status refusal = Refusal(); !refusal.ok()) {
    const absl::Status ours = owner_.Check();
    return done(ours.ok() ? refusal : ours);
  }
  if (to != kRedisOwner) {
    return done(absl::FailedPreconditionError(
        "nothing was done: the database's stock is the mysql store's already; from here it can be "
        "handed over to redis"));
  }
  transfers_.Post([this, done = std::move(done)](const absl::Status& posted) mutable {
    if (!posted.ok()) return done(posted);
    const absl::StatusOr<std::uint64_t> generation = HandOverToRedis(dsn_);
    if (!generation.ok()) return done(generation.status());
    owner_.Saw(*generation, kRedisOwner);
    done(
        "write store: redis and redis.addr in the configuration of every instance and restart "
        "them; the first one fills Redis from the database, then they serve");
  });
}

absl::Status MysqlStore::Close() {
  MutexLock lock(close_mutex_);
  queue_.Stop();
  writers_.clear();
  readers_.Stop();
  transfers_.Stop();
  monitor_.Stop();
  health_.Set(absl::UnavailableError("the store is closed"));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<StockStore>> OpenMysqlStore(const MysqlSettings& settings) {
  auto store = std::make_unique<MysqlStore>(settings);
  RETURN_IF_ERROR(store->Start());
  return std::unique_ptr<StockStore>(std::move(store));
}

}  // namespace inventory
