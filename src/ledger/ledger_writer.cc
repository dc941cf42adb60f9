#include "ledger/ledger_writer.h"

#include <pthread.h>

#include <algorithm>
#include <random>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/crash_point.h"
#include "base/status_macros.h"
#include "ledger/quarantine.h"
#include "mysql/sql_text.h"
#include "telemetry/log.h"

namespace inventory {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

// Before the server ends an idle session.
constexpr std::chrono::seconds kRenewAfter{Connection::kIdleLimitSeconds - 1};

constexpr milliseconds kAfterFault{250};
constexpr milliseconds kStandBy{250};     // while another instance writes, or nothing may be
constexpr milliseconds kAfterPortion{5};  // that was not full: let some more gather
// More of a transaction's cost is its own than its rows', so where there is much, more is gathered.
constexpr milliseconds kAfterBusyPortion{25};
constexpr std::uint64_t kBusyMovements = 32;
constexpr milliseconds kIdleFirst{20};
constexpr milliseconds kIdleLater{50};
constexpr int kFirstRounds = 10;
constexpr milliseconds kKeepInterval{200};   // the cursor is written when idle, at most so often
constexpr milliseconds kCheckInterval{200};  // the outbox's ends are looked at when busy
constexpr TimeMs kMostBetweenMarks = 1'000;

constexpr std::size_t kFirstCount = 64;
constexpr std::size_t kLeastCount = 16;
constexpr std::size_t kMostCount = EntryApplier::kMovements;
// Entries removed at a time: removing blocks Redis.
constexpr std::uint64_t kTrimStep = 10'000;

std::uint64_t RandomName() {
  std::random_device device;
  return std::uniform_int_distribution<std::uint64_t>(1)(device);
}

OrderId HighestOrderOf(const DecodedEntry& entry) {
  OrderId highest = 0;
  if (!entry.facts.ok()) return highest;
  for (const Fact& fact : *entry.facts) {
    if (const auto* movement = std::get_if<Movement>(&fact)) {
      highest = std::max(highest, movement->order);
    } else if (const auto* line = std::get_if<LineFact>(&fact)) {
      highest = std::max(highest, line->key.order);
    } else if (const auto* reservation = std::get_if<ReservationFact>(&fact)) {
      highest = std::max(highest, reservation->order);
    }
  }
  return highest;
}

// Whether this writer may write.
bool IsFree(const LedgerRows& rows, std::uint64_t name) {
  return rows.writer == 0 || rows.writer == name || rows.lease_has_ended;
}

}  // namespace

LedgerWriter::LedgerWriter(EventLoop& loop, const LedgerWriterSettings& settings)
    : settings_(settings),
      name_(RandomName()),
      outbox_(loop, settings.redis),
      watermark_(settings.idempotency_ttl),
      count_(kFirstCount) {}

void LedgerWriter::Start() {
  thread_ = std::thread([this] { Run(); });
  pthread_setname_np(thread_.native_handle(), "ledger-write");
}

void LedgerWriter::Stop() {
  stop_.Set();
  if (thread_.joinable()) thread_.join();
}

LedgerWriterFigures LedgerWriter::Figures() const {
  LedgerWriterFigures figures;
  figures.has_lease = has_lease_;
  figures.lag_entries = lag_entries_;
  figures.lag = lag_;
  figures.applied = applied_;
  figures.transactions = transactions_;
  figures.quarantined_books = quarantined_books_;
  return figures;
}

void LedgerWriter::Describe(StoreStatus& status) const {
  const LedgerWriterFigures figures = Figures();
  const auto value = [](std::uint64_t number) { return static_cast<std::int64_t>(number); };
  constexpr auto kSinceStart = Figure::Kind::kSinceStart;
  const std::vector<Figure> always = {
      {"ledger_writer", figures.has_lease ? 1 : 0, "", "1: this instance writes the ledger"},
      {"ledger_movements", value(figures.applied), "movements",
       "put into the ledger by this instance", kSinceStart},
      {"ledger_transactions", value(figures.transactions), "", "that did so", kSinceStart}};
  status.figures.insert(status.figures.end(), always.begin(), always.end());
  status.distributions.push_back(transaction_time_.Snapshot(
      "ledger_transaction_seconds", "a transaction of the ledger, of this instance"));
  status.distributions.push_back(
      transaction_size_.Snapshot("ledger_transaction_size", "movements of such a transaction"));
  if (!figures.has_lease) return;
  status.figures.push_back({"outbox_age", figures.lag, "ms",
                            "how long the oldest entry has waited that the ledger lacks; told by "
                            "the instance that writes it"});
  status.figures.push_back({"quarantined_books", value(figures.quarantined_books), "books",
                            "with movements that did not fit the ledger; told by the instance that "
                            "writes it"});
}

void LedgerWriter::Run() {
  milliseconds pause{0};
  do {
    const absl::StatusOr<milliseconds> done = Step();
    pause = done.ok() ? *done : kAfterFault;
    // Another instance's turn, or a rebuild: that is no fault.
    if (done.ok() || absl::IsAborted(done.status())) {
      health_.Set(absl::OkStatus());
    } else {
      health_.Set(done.status());
      LogDebug("the ledger's writer was held up",
               {{"reason", std::string(done.status().message())}});
    }
    if (!done.ok()) {
      outbox_.Forget();
      if (FaultOf(done.status()) == SqlFault::kGone) {
        database_.reset();  // in doubt: what follows is read from the cursor
      } else if (holds_) {
        GiveUpLease();  // perhaps another instance can
      }
    }
    has_lease_ = holds_;
  } while (stop_.Pause(pause));
  GiveUpLease();
  has_lease_ = false;
  health_.Set(absl::UnavailableError("the ledger's writer is stopped"));
}

absl::StatusOr<milliseconds> LedgerWriter::Step() {
  RETURN_IF_ERROR(Connect());
  if (!holds_) {
    ASSIGN_OR_RETURN(const bool mine, HoldLease());
    if (!mine) return kStandBy;
  }
  return Copy();
}

absl::Status LedgerWriter::Connect() {
  const Time now = steady_clock::now();
  if (database_ && now - used_ >= kRenewAfter) database_.reset();
  used_ = now;
  if (database_) return absl::OkStatus();
  ASSIGN_OR_RETURN(database_, Connection::Open(settings_.dsn));
  return absl::OkStatus();
}

// ---- the lease ----------------------------------------------------------------------------------

absl::StatusOr<bool> LedgerWriter::HoldLease() {
  ASSIGN_OR_RETURN(const LedgerRows seen, ReadLedgerRows(*database_));
  if (!seen.exist || !seen.open() || !IsFree(seen, name_)) return false;
  ASSIGN_OR_RETURN(run_id_, outbox_.Check());
  if (run_id_ != seen.run_id) {
    return absl::UnavailableError(
        "Redis was restarted, or is another server: the ledger goes on when the store is rebuilt");
  }
  LedgerRows rows;
  bool taken = false;
  RETURN_IF_ERROR(RunTransaction(*database_, [&]() -> absl::Status {
    ASSIGN_OR_RETURN(LockedLedger locked, LockLedger(*database_, EpochLock::kShare));
    rows = std::move(locked.rows);
    taken = rows.exist && rows.open() && IsFree(rows, name_) && rows.run_id == run_id_;
    if (!taken) return database_->Run("ROLLBACK").status();
    return database_
        ->Run(absl::StrCat("UPDATE ledger_cursor SET writer=", name_,
                           ",lease_at=UTC_TIMESTAMP(3) WHERE bucket=", kBucket, ";COMMIT"))
        .status();
  }));
  if (!taken) return false;
  RETURN_IF_ERROR(BeginEpoch(rows));
  holds_ = true;
  return true;
}

absl::Status LedgerWriter::BeginEpoch(const LedgerRows& rows) {
  progress_ = rows.progress;
  ASSIGN_OR_RETURN(const OrderId highest, HighestOrder());
  watermark_.Begin(std::max(highest, progress_.watermark));
  marks_.clear();
  trimmed_.reset();
  idle_rounds_ = 0;
  kept_ = checked_ = Time();
  LogInfo("this instance writes the ledger",
          {{"epoch", progress_.epoch}, {"applied", progress_.applied}});
  return absl::OkStatus();
}

// Of all that was applied, what is in quarantine too.
absl::StatusOr<OrderId> LedgerWriter::HighestOrder() {
  ASSIGN_OR_RETURN(std::vector<SqlRows> results,
                   database_->Run("SELECT MAX(order_id) FROM order_lines;"
                                  "SELECT MAX(order_id) FROM reservations"));
  OrderId highest = 0;
  for (SqlRows& rows : results) {
    if (rows.Next()) highest = std::max(highest, rows.U64(0));
  }
  for (std::uint64_t after = 0, more = 1; more != 0;) {
    ASSIGN_OR_RETURN(results,
                     database_->Run(absl::StrCat("SELECT ", kQuarantineColumns,
                                                 ", id FROM ledger_quarantine WHERE id>", after,
                                                 " ORDER BY id LIMIT ", kQuarantinePage)));
    if (results.size() != 1) return UnexpectedAnswer();
    for (more = results[0].size(); results[0].Next(); after = results[0].U64(7)) {
      highest = std::max(highest, HighestOrderOf(AsEntry(ReadQuarantined(results[0]))));
    }
  }
  return highest;
}

void LedgerWriter::GiveUpLease() {
  holds_ = false;
  if (!database_) return;
  const absl::Status given =
      database_
          ->Run(absl::StrCat("UPDATE ledger_cursor SET writer=0 WHERE bucket=", kBucket,
                             " AND writer=", name_))
          .status();
  if (!given.ok()) database_.reset();
}

// ---- copying ------------------------------------------------------------------------------------

absl::StatusOr<milliseconds> LedgerWriter::Copy() {
  if (!outbox_.checked()) {
    ASSIGN_OR_RETURN(const std::string run_id, outbox_.Check());
    if (run_id != run_id_) {
      return absl::UnavailableError(
          "Redis was restarted: the ledger goes on when the store is rebuilt");
    }
  }
  RETURN_IF_ERROR(Trim());
  const std::size_t asked = count_;
  ASSIGN_OR_RETURN(OutboxPortion portion, outbox_.Read(Next(), asked));
  if (portion.empty()) return Idle(portion.time);

  idle_rounds_ = 0;
  lag_ = std::max<TimeMs>(portion.time - portion.entries.front().time, 0);
  const bool full = portion.entries.size() == asked;
  if (steady_clock::now() - checked_ >= kCheckInterval) RETURN_IF_ERROR(CheckOutbox());
  const std::uint64_t before = progress_.movements;
  RETURN_IF_ERROR(ApplyPortion(std::move(portion), full));
  if (full) return milliseconds(0);
  return progress_.movements - before < kBusyMovements ? kAfterPortion : kAfterBusyPortion;
}

absl::Status LedgerWriter::ApplyPortion(OutboxPortion portion, bool full) {
  std::size_t movements = 0;
  ApplyTerms terms;
  for (const DecodedEntry& entry : portion.entries) {
    if (entry.facts.ok()) movements += entry.facts->size();
    if (entry.time == 0) continue;
    watermark_.Add(entry.time, HighestOrderOf(entry));
    terms.as_of = std::max(terms.as_of, entry.time);
  }
  const std::size_t per_entry = std::max<std::size_t>(movements / portion.entries.size(), 1);
  count_ = std::clamp(EntryApplier::kMovements / per_entry, kLeastCount, kMostCount);
  // Redis answers while the database works.
  if (full) {
    const OutboxId& last = portion.entries.back().id;
    outbox_.Ask({last.epoch, last.number + 1}, count_);
  }
  terms.run_id = run_id_;
  terms.writer = name_;
  terms.as_of = std::max(terms.as_of, progress_.as_of);
  terms.watermark = watermark_.At(terms.as_of);
  const std::int64_t began = MeasuredNow();
  ASSIGN_OR_RETURN(const AppliedEntries applied,
                   EntryApplier(*database_).Apply(portion.entries, terms));
  CrashPoint("after_commit");
  transaction_time_.ObserveSince(began);
  transaction_size_.Observe(
      static_cast<std::int64_t>(applied.progress.movements - progress_.movements));
  applied_ += applied.progress.movements - progress_.movements;
  transactions_ += 1;
  quarantined_books_ = applied.quarantined_books;
  progress_ = applied.progress;
  kept_ = used_ = steady_clock::now();
  return absl::OkStatus();
}

// There is nothing more: what was written before `time` is applied.
absl::StatusOr<milliseconds> LedgerWriter::Idle(TimeMs time) {
  const milliseconds interval =
      std::min(kKeepInterval, milliseconds(std::max<TimeMs>(settings_.idempotency_ttl / 20, 1)));
  lag_ = 0;
  lag_entries_ = 0;
  const milliseconds pause = ++idle_rounds_ > kFirstRounds ? kIdleLater : kIdleFirst;
  if (steady_clock::now() - kept_ >= interval) {
    RETURN_IF_ERROR(CheckOutbox());
    RETURN_IF_ERROR(Keep(time));
  }
  return std::min(pause, interval);
}

// The outbox must reach what was applied: an older copy of the data does not.
absl::Status LedgerWriter::CheckOutbox() {
  checked_ = steady_clock::now();
  const absl::StatusOr<OutboxEnds> ends = outbox_.Ends();
  const bool absent = absl::IsNotFound(ends.status());
  if (absent && progress_.applied == 0) return absl::OkStatus();  // nothing was ever written
  if (!absent && !ends.ok()) return ends.status();
  const bool has_epoch = !absent && ends->last.epoch == progress_.epoch;
  const std::uint64_t written = has_epoch ? ends->last.number + 1 : 0;
  lag_entries_ = written > progress_.applied ? written - progress_.applied : 0;
  if (written >= progress_.applied) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "the outbox in Redis ", absent ? "is not there" : "ends before what the ledger has applied",
      ": Redis has lost data, or its key was removed; the instances find that when they connect to "
      "Redis, and rebuild it: restart one of them if the store still serves"));
}

absl::Status LedgerWriter::Keep(TimeMs as_of) {
  as_of = std::max(as_of, progress_.as_of);
  const OrderId watermark = std::max(watermark_.At(as_of), progress_.watermark);
  RETURN_IF_ERROR(RunTransaction(*database_, [&]() -> absl::Status {
    ASSIGN_OR_RETURN(LockedLedger locked,
                     LockLedger(*database_, EpochLock::kShare,
                                "SELECT COUNT(DISTINCT book_id) FROM ledger_quarantine"));
    const LedgerRows& rows = locked.rows;
    if (!rows.exist || !rows.open() || rows.run_id != run_id_ || rows.writer != name_ ||
        rows.progress.epoch != progress_.epoch || rows.progress.applied != progress_.applied) {
      return absl::AbortedError("the ledger has moved on without this writer");
    }
    if (locked.others.size() == 1 && locked.others[0].Next()) {
      quarantined_books_ = locked.others[0].U64(0);
    }
    return database_
        ->Run(absl::StrCat("UPDATE ledger_cursor SET as_of=", QuotedTime(as_of),
                           ",watermark=", watermark,
                           ",lease_at=UTC_TIMESTAMP(3) WHERE bucket=", kBucket, ";COMMIT"))
        .status();
  }));
  progress_.as_of = as_of;
  progress_.watermark = watermark;
  kept_ = used_ = steady_clock::now();
  return absl::OkStatus();
}

// A step of it: what was applied long enough ago goes.
absl::Status LedgerWriter::Trim() {
  const Time now = steady_clock::now();
  const milliseconds keep(settings_.outbox_keep);
  const milliseconds between(std::min(settings_.outbox_keep / 10, kMostBetweenMarks));
  if (marks_.empty() || now - marks_.back().when >= between) marks_.push_back({now, Next()});
  while (marks_.size() > 1 && now - marks_[1].when >= keep) marks_.pop_front();
  if (now - marks_.front().when < keep) return absl::OkStatus();

  const OutboxId target = marks_.front().next;
  if (trimmed_ && *trimmed_ >= target) return absl::OkStatus();
  if (!trimmed_ || trimmed_->epoch < target.epoch) {
    const absl::StatusOr<OutboxEnds> ends = outbox_.Ends();
    if (absl::IsNotFound(ends.status())) return absl::OkStatus();
    RETURN_IF_ERROR(ends.status());
    trimmed_ = std::min(ends->first.value_or(target), target);
    if (*trimmed_ == target) return absl::OkStatus();
  }
  OutboxId next{trimmed_->epoch, trimmed_->number + kTrimStep};
  if (next > target) next = target;
  CrashPoint("before_trim");
  RETURN_IF_ERROR(outbox_.Trim(next));
  trimmed_ = next;
  return absl::OkStatus();
}

}  // namespace inventory
