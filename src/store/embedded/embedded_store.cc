#include "store/embedded/embedded_store.h"

#include <rocksdb/env.h>
#include <rocksdb/utilities/checkpoint.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "base/worker.h"
#include "store/embedded/checkpoint.h"
#include "store/embedded/database.h"
#include "store/embedded/durable_books.h"
#include "store/embedded/engine_state.h"
#include "store/embedded/fault.h"
#include "store/embedded/health.h"
#include "store/embedded/journal_writer.h"
#include "store/embedded/log_reader.h"
#include "store/embedded/recovery.h"

namespace inventory {
namespace {

// Tasks waiting for a thread of the store. The service bounds its batches; these bound the reads.
constexpr std::size_t kEngineQueue = 10'000;
constexpr std::size_t kReaderQueue = 1'000;
constexpr std::size_t kCheckpointerQueue = 100;

// One checkpoint at a time: begun by the engine, saved by the checkpointer, ended by the engine.
class CheckpointProgress {
 public:
  enum class Step { kIdle, kSaving, kSaved };

  Step step() const {
    MutexLock lock(mutex_);
    return step_;
  }
  void Set(Step step) {
    MutexLock lock(mutex_);
    step_ = step;
    changed_.NotifyAll();
  }
  void WaitWhileSaving() {
    MutexLock lock(mutex_);
    while (step_ == Step::kSaving) changed_.Wait(mutex_);
  }

 private:
  mutable Mutex mutex_;
  CondVar changed_;
  Step step_ ABSL_GUARDED_BY(mutex_) = Step::kIdle;
};

// Four threads. The engine decides; the journal writer makes durable and answers; the checkpointer
// saves behind them; the reader reads the log, so that deep pages hold nobody up.
class EmbeddedStore : public StockStore {
 public:
  EmbeddedStore(const EmbeddedSettings& settings, std::unique_ptr<Database> database)
      : settings_(settings), database_(std::move(database)), state_(*database_) {}
  ~EmbeddedStore() override { Close().IgnoreError(); }

  absl::Status Start() {
    RETURN_IF_ERROR(Recover(*database_, state_, books_));
    clock_ = settings_.make_clock ? settings_.make_clock(state_.last_time())
                                  : std::make_unique<SteadyClock>(state_.last_time());
    checkpoint_record_ = state_.checkpoint_record();
    CopyFigures();
    return absl::OkStatus();
  }

  void Apply(std::vector<Command> batch, Done<std::vector<Reply>> done) override {
    engine_.Post([this, batch = std::move(batch),
                  done = std::move(done)](const absl::Status& posted) mutable {
      ApplyOnEngine(batch, std::move(done), posted);
    });
  }

  void ReadStock(std::vector<BookId> books, Done<std::vector<BookStock>> done) override {
    if (absl::Status refusal = health_.Refusal(); !refusal.ok()) return done(refusal);
    done(books_.Read(books));
  }

  void ListStock(const StockListQuery& query, Done<StockPage> done) override {
    reader_.Post([this, query, done = std::move(done)](const absl::Status& posted) mutable {
      if (!posted.ok()) return done(posted);
      done(books_.List(query));
    });
  }

  void ReadOrder(OrderId order, bool want_movements, Done<OrderFacts> done) override {
    engine_.Post(
        [this, order, want_movements, done = std::move(done)](const absl::Status& posted) mutable {
          ReadOrderOnEngine(order, want_movements, std::move(done), posted);
        });
  }

  void ReadMovements(const MovementQuery& query, Done<MovementPage> done) override {
    if (query.order != 0) return ReadLineMovements(query, std::move(done));
    reader_.Post([this, query, done = std::move(done)](const absl::Status& posted) mutable {
      if (!posted.ok()) return done(posted);
      done(log_.Page(query));
    });
  }

  void ReadDue(int limit, Done<std::vector<OrderId>> done) override {
    engine_.Post([this, limit, done = std::move(done)](const absl::Status& posted) mutable {
      if (!posted.ok()) return done(posted);
      done(state_.Due(clock_->Now(), limit));
    });
  }

  void Observe(StockObserver* observer) override { writer_.Observe(observer); }

  StoreStatus Status() override;
  void Backup(const std::string& name, Done<BackupResult> done) override;
  void Export(Done<std::unique_ptr<FactReader>> done) override {
    done(absl::UnimplementedError("ExportStock is not available on the embedded store"));
  }
  void Import(Done<std::unique_ptr<FactWriter>> done) override {
    done(absl::UnimplementedError("ImportStock is not available on the embedded store"));
  }
  absl::Status Close() override;

 private:
  void ApplyOnEngine(const std::vector<Command>& batch, Done<std::vector<Reply>> done,
                     const absl::Status& posted);
  void ReadOrderOnEngine(OrderId order, bool want_movements, Done<OrderFacts> done,
                         const absl::Status& posted);
  void ReadLineMovements(const MovementQuery& query, Done<MovementPage> done);
  absl::StatusOr<MovementPage> LinePage(const MovementQuery& query, RecordNumber last) const;
  void AddMovements(OrderId order, std::vector<FoundLine> lines, OrderFacts facts,
                    Done<OrderFacts> done);

  // Calls `then` on the writer's thread once all that was decided so far is durable.
  void WhenDurable(absl::AnyInvocable<void(const absl::Status&)> then) {
    writer_.Push({DecidedBatch{}, std::move(then)});
  }
  absl::Status ReadyForTask(const absl::Status& posted) const {
    return posted.ok() ? health_.Refusal() : posted;
  }

  void CopyFigures() {
    last_record_ = state_.last_record();
    lines_in_memory_ = state_.lines_in_memory();
    open_reservations_ = state_.open_reservations();
  }
  void KeepCheckpointing();
  void BeginCheckpoint();
  void EndCheckpoint();
  absl::StatusOr<BackupResult> BackupNow(const std::string& name);

  const EmbeddedSettings settings_;
  const std::unique_ptr<Database> database_;
  EngineState state_;  // the engine's alone, once started
  std::unique_ptr<Clock> clock_;
  DurableBooks books_;
  Health health_;
  LogReader log_{*database_, books_};
  CheckpointProgress checkpoint_;

  // Copies of the engine's figures for Status.
  std::atomic<std::uint64_t> last_record_{0};
  std::atomic<std::uint64_t> checkpoint_record_{0};
  std::atomic<std::size_t> lines_in_memory_{0};
  std::atomic<std::size_t> open_reservations_{0};

  Mutex close_mutex_;
  bool closed_ ABSL_GUARDED_BY(close_mutex_) = false;

  // Last, so that they end first; each may post to those before it.
  Worker reader_{"reader", kReaderQueue};
  Worker checkpointer_{"checkpointer", kCheckpointerQueue};
  JournalWriter writer_{*database_, books_, health_};
  Worker engine_{"engine", kEngineQueue};
};

// ---- commands -----------------------------------------------------------------------------------

void EmbeddedStore::ApplyOnEngine(const std::vector<Command>& batch, Done<std::vector<Reply>> done,
                                  const absl::Status& posted) {
  if (absl::Status status = ReadyForTask(posted); !status.ok()) return done(status);
  std::vector<Reply> replies;
  replies.reserve(batch.size());
  const TimeMs now = clock_->Now();
  state_.BeginBatch(now);
  for (const Command& command : batch) {
    replies.push_back(Decide(command, state_.now(), state_));
    state_.EndCommand();
  }
  DecidedBatch decided = state_.EndBatch();
  if (!state_.fault().ok()) {
    health_.Stop(state_.fault());
    return done(health_.Refusal());
  }
  if (kFault == Fault::kEarlyDuplicates && decided.records.empty()) return done(std::move(replies));
  writer_.Push({std::move(decided), [replies = std::move(replies),
                                     done = std::move(done)](const absl::Status& status) mutable {
                  if (!status.ok()) return done(status);
                  done(std::move(replies));
                }});
  KeepCheckpointing();
}

// ---- reads that need the engine -----------------------------------------------------------------

void EmbeddedStore::ReadOrderOnEngine(OrderId order, bool want_movements, Done<OrderFacts> done,
                                      const absl::Status& posted) {
  if (absl::Status status = ReadyForTask(posted); !status.ok()) return done(status);
  OrderFacts facts;
  if (const Reservation* reservation = state_.FindReservation(order)) {
    facts.reservation = *reservation;
    if (reservation->Passed(clock_->Now())) facts.reservation->state = ReservationState::kExpired;
  }
  const bool expired = facts.reservation && facts.reservation->state == ReservationState::kExpired;
  std::vector<FoundLine> lines = state_.LinesOf(order);
  lines.erase(std::remove_if(lines.begin(), lines.end(),
                             [](const FoundLine& line) {
                               return line.row.line().state == LineState::kTombstone;
                             }),
              lines.end());
  for (const FoundLine& found : lines) {
    OrderLine line = found.row.line();
    if (expired && line.state == LineState::kReserved) {
      line = {LineState::kExpired, line.quantity, line.quantity};
    }
    facts.lines.push_back({found.book, line});
  }
  if (!state_.fault().ok()) {
    health_.Stop(state_.fault());
    return done(health_.Refusal());
  }
  if (!want_movements) lines.clear();
  WhenDurable([this, order, lines = std::move(lines), facts = std::move(facts),
               done = std::move(done)](const absl::Status& status) mutable {
    if (!status.ok()) return done(status);
    if (lines.empty()) return done(std::move(facts));
    AddMovements(order, std::move(lines), std::move(facts), std::move(done));
  });
}

void EmbeddedStore::AddMovements(OrderId order, std::vector<FoundLine> lines, OrderFacts facts,
                                 Done<OrderFacts> done) {
  reader_.Post([this, order, lines = std::move(lines), facts = std::move(facts),
                done = std::move(done)](const absl::Status& posted) mutable {
    if (!posted.ok()) return done(posted);
    for (const FoundLine& line : lines) {
      if (facts.movements.size() >= kMaxOrderMovements) break;
      absl::StatusOr<std::vector<Movement>> movements =
          log_.LineMovements({order, line.book}, line.row.record);
      if (!movements.ok()) return done(movements.status());
      facts.movements.insert(facts.movements.end(), movements->begin(), movements->end());
    }
    SortOldestFirst(facts.reservation, facts.movements);
    if (facts.movements.size() > kMaxOrderMovements) facts.movements.resize(kMaxOrderMovements);
    done(std::move(facts));
  });
}

// A book's log filtered by order is that line's movements: its chain is followed, not the book's.
void EmbeddedStore::ReadLineMovements(const MovementQuery& query, Done<MovementPage> done) {
  engine_.Post([this, query, done = std::move(done)](const absl::Status& posted) mutable {
    if (absl::Status status = ReadyForTask(posted); !status.ok()) return done(status);
    RecordNumber last = 0;
    for (const FoundLine& line : state_.LinesOf(query.order)) {
      const bool tombstone = line.row.line().state == LineState::kTombstone;
      if (line.book == query.book && !tombstone) last = line.row.record;
    }
    WhenDurable([this, query, last, done = std::move(done)](const absl::Status& status) mutable {
      if (!status.ok()) return done(status);
      reader_.Post(
          [this, query, last, done = std::move(done)](const absl::Status& reader_posted) mutable {
            if (!reader_posted.ok()) return done(reader_posted);
            done(LinePage(query, last));
          });
    });
  });
}

absl::StatusOr<MovementPage> EmbeddedStore::LinePage(const MovementQuery& query,
                                                     RecordNumber last) const {
  MovementPage page;
  const std::optional<BookRow> book = books_.Find(query.book);
  if (!book) return page;
  page.book_known = true;
  page.last_sequence = book->balance.sequence;
  ASSIGN_OR_RETURN(const std::vector<Movement> movements,
                   log_.LineMovements({query.order, query.book}, last));
  for (const Movement& movement : movements) {
    if (query.below_sequence != 0 && movement.sequence >= query.below_sequence) continue;
    if (!MatchesFilter(movement, query)) continue;
    if (page.movements.size() == static_cast<std::size_t>(query.limit)) {
      page.next_below = movement.sequence + 1;
      break;
    }
    page.movements.push_back(movement);
  }
  return page;
}

// ---- checkpoints --------------------------------------------------------------------------------

void EmbeddedStore::KeepCheckpointing() {
  using Step = CheckpointProgress::Step;
  if (checkpoint_.step() == Step::kSaved) EndCheckpoint();
  if (checkpoint_.step() == Step::kIdle && state_.WantsCheckpoint(settings_.cached_lines)) {
    BeginCheckpoint();
  }
  if (state_.MustWaitForCheckpoint(settings_.cached_lines)) {
    checkpoint_.WaitWhileSaving();
    if (checkpoint_.step() == Step::kSaved) EndCheckpoint();
  }
  CopyFigures();
}

// Rows may be saved only once the records that made them are durable, so the content goes through
// the commit path before it goes to the checkpointer.
void EmbeddedStore::BeginCheckpoint() {
  checkpoint_.Set(CheckpointProgress::Step::kSaving);
  WhenDurable([this, content = state_.BeginCheckpoint()](const absl::Status& durable) mutable {
    if (!durable.ok()) return checkpoint_.Set(CheckpointProgress::Step::kIdle);
    checkpointer_.Post([this, content = std::move(content)](const absl::Status& posted) {
      absl::Status saved = posted;
      if (saved.ok()) saved = SaveCheckpoint(*database_, books_, content);
      health_.Stop(saved);
      if (saved.ok()) {
        checkpoint_record_ = content.record;
        books_.DropSparse(content.record);
      }
      checkpoint_.Set(saved.ok() ? CheckpointProgress::Step::kSaved
                                 : CheckpointProgress::Step::kIdle);
    });
  });
}

void EmbeddedStore::EndCheckpoint() {
  checkpointer_.Post([evicted = state_.EndCheckpoint(settings_.cached_lines)](
                         const absl::Status&) mutable { evicted.clear(); });
  checkpoint_.Set(CheckpointProgress::Step::kIdle);
}

// ---- operating ----------------------------------------------------------------------------------

StoreStatus EmbeddedStore::Status() {
  const auto figure = [](std::uint64_t value) { return static_cast<std::int64_t>(value); };
  StoreStatus status;
  status.name = "embedded";
  status.durability = "on disk (fsync) before every answer";
  status.location = settings_.path;
  status.health = health_.Get();
  status.now = clock_->Now();
  status.figures = {
      {"books", figure(books_.size()), "", "books with stock"},
      {"order_lines_in_memory", figure(lines_in_memory_), "", "the rest are found on disk"},
      {"open_reservations", figure(open_reservations_), "", "waiting to be confirmed"},
      {"journal_record", figure(last_record_), "", "last record decided"},
      {"checkpoint_record", figure(checkpoint_record_), "", "a restart replays from here"},
      {"journal_bytes", figure(writer_.journal_bytes()), "bytes", "written since the start"},
      {"journal_syncs", figure(writer_.syncs()), "", "fsyncs since the start"}};
  return status;
}

void EmbeddedStore::Backup(const std::string& name, Done<BackupResult> done) {
  checkpointer_.Post([this, name, done = std::move(done)](const absl::Status& posted) mutable {
    if (!posted.ok()) return done(posted);
    done(BackupNow(name));
  });
}

absl::StatusOr<BackupResult> EmbeddedStore::BackupNow(const std::string& name) {
  const std::filesystem::path folder = std::filesystem::path(settings_.path) / "backups" / name;
  std::error_code error;
  if (std::filesystem::exists(folder, error)) {
    return absl::AlreadyExistsError(
        absl::StrCat("there is a backup in ", folder.string(), " already: choose another name"));
  }
  std::filesystem::create_directories(folder, error);
  if (error) {
    return absl::UnavailableError(
        absl::StrCat("cannot make ", folder.string(), ": ", error.message()));
  }
  rocksdb::Checkpoint* made = nullptr;
  RETURN_IF_ERROR(ToStatus(rocksdb::Checkpoint::Create(&database_->db(), &made), "backing up"));
  const std::unique_ptr<rocksdb::Checkpoint> checkpoint(made);
  const std::filesystem::path copy = folder / "db";
  RETURN_IF_ERROR(ToStatus(checkpoint->CreateCheckpoint(copy.string()), "backing up"));
  BackupResult result{folder.string(), 0};
  for (const auto& file : std::filesystem::directory_iterator(copy, error)) {
    result.bytes += file.file_size(error);
  }
  return result;
}

absl::Status EmbeddedStore::Close() {
  MutexLock lock(close_mutex_);
  if (closed_) return absl::OkStatus();
  closed_ = true;
  engine_.Stop();
  writer_.Stop();
  checkpointer_.Stop();
  reader_.Stop();
  health_.Stop(absl::UnavailableError("the store is closed"));
  return database_->Close();
}

}  // namespace

absl::StatusOr<OpenedEmbeddedStore> OpenEmbeddedStore(const EmbeddedSettings& settings) {
  EmbeddedSettings absolute = settings;
  std::error_code error;
  absolute.path = std::filesystem::absolute(settings.path, error).lexically_normal().string();
  const std::string folder = absolute.path + "/db";
  if (settings.env) {
    RETURN_IF_ERROR(ToStatus(settings.env->CreateDirIfMissing(absolute.path), "making the folder"));
  } else {
    std::filesystem::create_directories(folder, error);
    if (error) {
      return absl::PermissionDeniedError(
          absl::StrCat("cannot make the folder ", folder, ": ", error.message(),
                       "; choose another embedded.path or make it writable"));
    }
  }
  ASSIGN_OR_RETURN(std::unique_ptr<Database> database, Database::Open(folder, settings.env));
  OpenedEmbeddedStore opened;
  opened.created = database->created();
  auto store = std::make_unique<EmbeddedStore>(absolute, std::move(database));
  RETURN_IF_ERROR(store->Start());
  opened.store = std::move(store);
  return opened;
}

}  // namespace inventory
