#include "store/embedded/embedded_store.h"

#include <rocksdb/env.h>
#include <rocksdb/utilities/checkpoint.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <future>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "base/worker.h"
#include "stock/stock_import.h"
#include "store/embedded/checkpoint.h"
#include "store/embedded/database.h"
#include "store/embedded/durable_books.h"
#include "store/embedded/engine_state.h"
#include "store/embedded/fault.h"
#include "store/embedded/health.h"
#include "store/embedded/import.h"
#include "store/embedded/journal_writer.h"
#include "store/embedded/log_reader.h"
#include "store/embedded/recovery.h"
#include "store/embedded/stored_facts.h"
#include "telemetry/bucket_histogram.h"

namespace inventory {
namespace {

// Tasks waiting for a thread of the store. The service bounds its batches; these bound the reads.
constexpr std::size_t kEngineQueue = 10'000;
constexpr std::size_t kReaderQueue = 1'000;
constexpr std::size_t kCheckpointerQueue = 100;

// Each keeps files from being deleted until it ends.
constexpr std::size_t kMaxExports = 4;
// Books an observer is told of at a time when an import ends.
constexpr std::size_t kBooksTold = 10'000;

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

// An import under way. Facts go the way of batches: decided by the engine (here: checked), journal,
// checkpoint. So all that is kept for a log, an order or a restart comes out as if it had happened
// here.
struct ImportRun {
  ImportRun(std::uint64_t its_number, EngineState& state) : number(its_number), import(state) {}

  const std::uint64_t number;
  StockImport import;
  TimeMs latest = 0;  // of a movement so far
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
    if (absl::Status refusal = Refusal(); !refusal.ok()) return done(refusal);
    done(books_.Read(books));
  }

  void ListStock(const StockListQuery& query, Done<StockPage> done) override {
    reader_.Post([this, query, done = std::move(done)](const absl::Status& posted) mutable {
      if (absl::Status status = ReadyForTask(posted); !status.ok()) return done(status);
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
      if (absl::Status status = ReadyForTask(posted); !status.ok()) return done(status);
      done(log_.Page(query));
    });
  }

  void ReadDue(int limit, Done<std::vector<OrderId>> done) override {
    engine_.Post([this, limit, done = std::move(done)](const absl::Status& posted) mutable {
      if (absl::Status status = ReadyForTask(posted); !status.ok()) return done(status);
      done(state_.Due(clock_->Now(), limit));
    });
  }

  void Observe(StockObserver* observer) override { writer_.Observe(observer); }

  StoreStatus Status() override;
  void Backup(const std::string& name, Done<BackupResult> done) override;
  void Adopt(bool, Done<AdoptedStock> done) override {
    done(absl::UnimplementedError(
        "the embedded store has no tables of the earlier service: take them over with store: "
        "mysql, then export from there and import here"));
  }
  void Export(Done<std::unique_ptr<FactReader>> done) override;
  void Import(Done<std::unique_ptr<FactWriter>> done) override;
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
  // OK: the store serves.
  absl::Status Refusal() const {
    if (!importing_) return health_.Refusal();
    return absl::UnavailableError("an import is under way and nothing was done; wait for its end");
  }
  absl::Status ReadyForTask(const absl::Status& posted) const {
    return posted.ok() ? Refusal() : posted;
  }

  void CopyFigures() {
    last_record_ = state_.last_record();
    lines_in_memory_ = state_.lines_in_memory();
    open_reservations_ = state_.open_reservations();
    tombstones_ = state_.tombstones();
  }
  void KeepCheckpointing();
  void BeginCheckpoint();
  void SaveOnCheckpointer(const CheckpointContent& content, const absl::Status& posted);
  void EndCheckpoint();

  class Reader;
  class Writer;
  absl::StatusOr<std::unique_ptr<FactReader>> MakeReader(const CheckpointContent& content);
  absl::StatusOr<std::unique_ptr<FactWriter>> ImportOnEngine(const absl::Status& posted);
  void AddOnEngine(std::uint64_t number, std::vector<Fact> facts, Done<FactCounts> done,
                   const absl::Status& posted);
  void FinishOnEngine(std::uint64_t number, Done<FactCounts> done, const absl::Status& posted);
  absl::Status ReadyToImport(std::uint64_t number, const absl::Status& posted) const;
  absl::Status AwaitDurable();
  void AbortImport();

  absl::StatusOr<BackupResult> BackupNow(const std::string& name);

  const EmbeddedSettings settings_;
  const std::unique_ptr<Database> database_;
  EngineState state_;  // the engine's alone, once started
  std::unique_ptr<Clock> clock_;
  DurableBooks books_;
  Health health_;
  LogReader log_{*database_, books_};
  CheckpointProgress checkpoint_;

  // Exports that wait for the next checkpoint; the engine's alone.
  std::vector<Done<std::unique_ptr<FactReader>>> exports_wanted_;
  // Those that read: they must let go of the database before it is closed.
  Mutex exports_mutex_;
  std::vector<std::weak_ptr<StoredFacts>> exports_ ABSL_GUARDED_BY(exports_mutex_);

  std::atomic<bool> importing_{false};
  // The engine's alone. An import's number tells it from those before it.
  std::unique_ptr<ImportRun> import_;
  std::uint64_t imports_ = 0;

  // Copies of the engine's figures for Status.
  std::atomic<std::uint64_t> last_record_{0};
  std::atomic<std::uint64_t> checkpoint_record_{0};
  std::atomic<std::size_t> lines_in_memory_{0};
  std::atomic<std::size_t> open_reservations_{0};
  std::atomic<std::uint64_t> tombstones_{0};
  BucketHistogram decide_time_;

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
  const std::int64_t began = MeasuredNow();
  std::vector<Reply> replies;
  replies.reserve(batch.size());
  const TimeMs now = clock_->Now();
  state_.BeginBatch(now);
  for (const Command& command : batch) {
    replies.push_back(Decide(command, state_.now(), state_));
    state_.EndCommand();
  }
  DecidedBatch decided = state_.EndBatch();
  decide_time_.ObserveSince(began);
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
  const bool wanted = state_.WantsCheckpoint(settings_.cached_lines) || !exports_wanted_.empty();
  if (checkpoint_.step() == Step::kIdle && wanted) {
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
  WhenDurable([this, content = state_.BeginCheckpoint(),
               exports = std::exchange(exports_wanted_, {})](const absl::Status& durable) mutable {
    if (!durable.ok()) {
      for (auto& done : exports) done(durable);
      return checkpoint_.Set(CheckpointProgress::Step::kIdle);
    }
    checkpointer_.Post([this, content = std::move(content),
                        exports = std::move(exports)](const absl::Status& posted) mutable {
      SaveOnCheckpointer(content, posted);
      for (auto& done : exports) done(MakeReader(content));
      // An export that came meanwhile waits for the next one.
      engine_.Post([this](const absl::Status& engine_posted) {
        if (engine_posted.ok()) KeepCheckpointing();
      });
    });
  });
}

void EmbeddedStore::SaveOnCheckpointer(const CheckpointContent& content,
                                       const absl::Status& posted) {
  absl::Status saved = posted;
  if (saved.ok()) saved = SaveCheckpoint(*database_, books_, content);
  health_.Stop(saved);
  if (saved.ok()) {
    checkpoint_record_ = content.record;
    books_.DropSparse(content.record);
  }
  checkpoint_.Set(saved.ok() ? CheckpointProgress::Step::kSaved : CheckpointProgress::Step::kIdle);
}

void EmbeddedStore::EndCheckpoint() {
  checkpointer_.Post([evicted = state_.EndCheckpoint(settings_.cached_lines)](
                         const absl::Status&) mutable { evicted.clear(); });
  checkpoint_.Set(CheckpointProgress::Step::kIdle);
}

// ---- export -------------------------------------------------------------------------------------

// Its calls run on the reader's thread, between the pages that others ask for.
class EmbeddedStore::Reader : public FactReader {
 public:
  Reader(EmbeddedStore& store, std::shared_ptr<StoredFacts> facts)
      : store_(store), facts_(std::move(facts)) {}

  void Next(int limit, Done<std::vector<Fact>> done) override {
    store_.reader_.Post([facts = facts_, limit = static_cast<std::size_t>(limit),
                         done = std::move(done)](const absl::Status& posted) mutable {
      if (!posted.ok()) return done(posted);
      done(facts->Next(limit));
    });
  }

 private:
  EmbeddedStore& store_;
  const std::shared_ptr<StoredFacts> facts_;
};

void EmbeddedStore::Export(Done<std::unique_ptr<FactReader>> done) {
  engine_.Post([this, done = std::move(done)](const absl::Status& posted) mutable {
    if (absl::Status status = ReadyForTask(posted); !status.ok()) return done(status);
    exports_wanted_.push_back(std::move(done));
    KeepCheckpointing();
  });
}

absl::StatusOr<std::unique_ptr<FactReader>> EmbeddedStore::MakeReader(
    const CheckpointContent& content) {
  RETURN_IF_ERROR(Refusal());
  MutexLock lock(exports_mutex_);
  exports_.erase(std::remove_if(exports_.begin(), exports_.end(),
                                [](const auto& facts) { return facts.expired(); }),
                 exports_.end());
  if (exports_.size() >= kMaxExports) {
    return absl::ResourceExhaustedError(
        absl::StrCat(exports_.size(), " exports are running: wait until one has ended"));
  }
  auto facts =
      std::make_shared<StoredFacts>(*database_, log_, content.record, content.last_movement_id);
  exports_.push_back(facts);
  return std::make_unique<Reader>(*this, std::move(facts));
}

// ---- import -------------------------------------------------------------------------------------

class EmbeddedStore::Writer : public FactWriter {
 public:
  Writer(EmbeddedStore& store, std::uint64_t number) : store_(store), number_(number) {}
  ~Writer() override {
    store_.engine_.Post([&store = store_, number = number_](const absl::Status& posted) {
      if (store.ReadyToImport(number, posted).ok()) store.AbortImport();
    });
  }

  void Add(std::vector<Fact> facts, Done<FactCounts> done) override {
    store_.engine_.Post([&store = store_, number = number_, facts = std::move(facts),
                         done = std::move(done)](const absl::Status& posted) mutable {
      store.AddOnEngine(number, std::move(facts), std::move(done), posted);
    });
  }

  void Finish(Done<FactCounts> done) override {
    store_.engine_.Post([&store = store_, number = number_,
                         done = std::move(done)](const absl::Status& posted) mutable {
      store.FinishOnEngine(number, std::move(done), posted);
    });
  }

 private:
  EmbeddedStore& store_;
  const std::uint64_t number_;
};

void EmbeddedStore::Import(Done<std::unique_ptr<FactWriter>> done) {
  engine_.Post([this, done = std::move(done)](const absl::Status& posted) mutable {
    done(ImportOnEngine(posted));
  });
}

absl::StatusOr<std::unique_ptr<FactWriter>> EmbeddedStore::ImportOnEngine(
    const absl::Status& posted) {
  RETURN_IF_ERROR(ReadyForTask(posted));
  if (state_.last_record() != 0) {
    return absl::FailedPreconditionError(
        "the store is not empty and nothing was imported: an import needs a new store; start the "
        "service on another, empty folder (embedded.path)");
  }
  const absl::Status begun = BeginImport(*database_);
  health_.Stop(begun);
  RETURN_IF_ERROR(begun);
  importing_ = true;
  import_ = std::make_unique<ImportRun>(++imports_, state_);
  return std::make_unique<Writer>(*this, imports_);
}

absl::Status EmbeddedStore::ReadyToImport(std::uint64_t number, const absl::Status& posted) const {
  RETURN_IF_ERROR(posted);
  RETURN_IF_ERROR(health_.Refusal());
  if (import_ && import_->number == number) return absl::OkStatus();
  return absl::FailedPreconditionError("the import is over: begin again");
}

void EmbeddedStore::AddOnEngine(std::uint64_t number, std::vector<Fact> facts,
                                Done<FactCounts> done, const absl::Status& posted) {
  if (absl::Status status = ReadyToImport(number, posted); !status.ok()) return done(status);
  // No record is older than a movement in it or before it: a restart goes by the last one's time.
  for (const Fact& fact : facts) {
    if (const auto* movement = std::get_if<Movement>(&fact)) {
      import_->latest = std::max(import_->latest, movement->time);
    }
  }
  state_.BeginBatch(import_->latest);
  absl::Status added;
  for (auto fact = facts.begin(); added.ok() && fact != facts.end(); ++fact) {
    added = import_->import.Add(std::move(*fact));
    state_.EndCommand();
  }
  DecidedBatch decided = state_.EndBatch();
  health_.Stop(state_.fault());
  if (absl::Status refusal = health_.Refusal(); !refusal.ok()) return done(refusal);
  if (!added.ok()) {
    AbortImport();
    return done(added);
  }
  decided.announced = false;
  writer_.Push({std::move(decided), [counts = import_->import.counts(),
                                     done = std::move(done)](const absl::Status& status) mutable {
                  if (!status.ok()) return done(status);
                  done(counts);
                }});
  KeepCheckpointing();
}

void EmbeddedStore::FinishOnEngine(std::uint64_t number, Done<FactCounts> done,
                                   const absl::Status& posted) {
  if (absl::Status status = ReadyToImport(number, posted); !status.ok()) return done(status);
  if (absl::Status complete = import_->import.Finish(); !complete.ok()) {
    AbortImport();
    return done(complete);
  }
  absl::Status finished = AwaitDurable();
  if (finished.ok()) finished = FinishImport(*database_, state_.last_record());
  health_.Stop(finished);
  if (!finished.ok()) return done(finished);
  state_.SetImported(state_.last_record());
  const FactCounts counts = import_->import.counts();
  import_.reset();
  for (DecidedBatch& books : state_.AllBooks(kBooksTold)) {
    writer_.Push({std::move(books), [](const absl::Status&) {}});
  }
  WhenDurable([this, counts, done = std::move(done)](const absl::Status& status) mutable {
    importing_ = false;
    if (!status.ok()) return done(status);
    done(counts);
  });
}

// Waits, on the engine's thread, which serves nobody else during an import.
absl::Status EmbeddedStore::AwaitDurable() {
  std::promise<absl::Status> promise;
  WhenDurable([&promise](const absl::Status& status) { promise.set_value(status); });
  return promise.get_future().get();
}

// Makes the store new again. The other threads have nothing left to do for it by then.
void EmbeddedStore::AbortImport() {
  absl::Status cleared = AwaitDurable();
  checkpoint_.WaitWhileSaving();
  if (cleared.ok()) cleared = ClearStore(*database_);
  import_.reset();
  state_ = EngineState(*database_);
  books_.Clear();
  checkpoint_.Set(CheckpointProgress::Step::kIdle);
  checkpoint_record_ = 0;
  CopyFigures();
  health_.Stop(cleared);
  importing_ = false;
}

// ---- operating ----------------------------------------------------------------------------------

StoreStatus EmbeddedStore::Status() {
  const auto figure = [](std::uint64_t value) { return static_cast<std::int64_t>(value); };
  constexpr auto kSinceStart = Figure::Kind::kSinceStart;
  const std::uint64_t last_record = last_record_;
  const std::uint64_t checkpoint_record = checkpoint_record_;
  StoreStatus status;
  status.name = "embedded";
  status.durability = "on disk (fsync) before every answer";
  status.location = settings_.path;
  status.health = health_.Get();
  if (status.health.ok()) status.health = Refusal();
  status.now = clock_->Now();
  status.figures = {
      {"books", figure(books_.size()), "", "books with stock"},
      {"order_lines_in_memory", figure(lines_in_memory_), "", "the rest are found on disk"},
      {"open_reservations", figure(open_reservations_), "", "waiting to be confirmed"},
      {"tombstones", figure(tombstones_), "",
       "releases since the start that came before their deduct, which is refused for ever",
       kSinceStart},
      {"journal_record", figure(last_record), "", "last record decided"},
      {"checkpoint_record", figure(checkpoint_record), "", "a restart replays from here"},
      {"checkpoint_lag", figure(last_record - std::min(last_record, checkpoint_record)), "records",
       "that a restart would replay"},
      {"journal_bytes", figure(writer_.journal_bytes()), "bytes", "written since the start",
       kSinceStart},
      {"journal_syncs", figure(writer_.syncs()), "", "fsyncs since the start", kSinceStart}};
  status.distributions = {
      decide_time_.Snapshot("decide_seconds", "deciding a batch against the state in memory"),
      writer_.commit_time().Snapshot("commit_seconds",
                                     "one write to the journal and its fsync, of the batches that "
                                     "had gathered")};
  return status;
}

void EmbeddedStore::Backup(const std::string& name, Done<BackupResult> done) {
  checkpointer_.Post([this, name, done = std::move(done)](const absl::Status& posted) mutable {
    if (!posted.ok()) return done(posted);
    if (importing_) return done(Refusal());
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
  for (auto& done : std::exchange(exports_wanted_, {})) {
    done(absl::UnavailableError("the store is closed"));
  }
  if (import_ && health_.Get().ok()) AbortImport();
  writer_.Stop();
  checkpointer_.Stop();
  reader_.Stop();
  {
    MutexLock exports_lock(exports_mutex_);
    for (const std::weak_ptr<StoredFacts>& weak : exports_) {
      if (const std::shared_ptr<StoredFacts> facts = weak.lock()) facts->Close();
    }
  }
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
