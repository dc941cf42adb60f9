// Copies the outbox into the database: one thread, of which one instance's at a time works.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/stop_flag.h"
#include "ledger/entry_applier.h"
#include "ledger/ledger_rows.h"
#include "ledger/outbox_reader.h"
#include "ledger/watermark.h"
#include "mysql/connection.h"
#include "mysql/dsn.h"
#include "redis/redis_connection.h"
#include "stock/store_health.h"
#include "telemetry/bucket_histogram.h"

namespace inventory {

struct LedgerWriterSettings {
  Dsn dsn;  // whose tables are there: MysqlLedger::Open
  RedisEndpoint redis;
  TimeMs idempotency_ttl = 3'600'000;  // of markers, milliseconds
  TimeMs outbox_keep = 60'000;         // so long an entry stays after it was applied, milliseconds
};

struct LedgerWriterFigures {
  bool has_lease = false;         // this instance writes; what follows is known to it only
  std::uint64_t lag_entries = 0;  // in the outbox and not applied
  TimeMs lag = 0;                 // milliseconds: how long the oldest of them has waited
  std::uint64_t applied = 0;      // movements, by this instance since its start
  std::uint64_t transactions = 0;
  std::uint64_t quarantined_books = 0;
};

// Whoever holds the lease in the cursor's row writes, and renews it with each transaction; where it
// is older than kWriterLease another instance takes it. That two never apply the same entry is the
// doing of the row's lock (entry_applier.h).
//
// Reads, applies and trims in bounded portions: memory does not grow with the backlog. Where Redis
// or the database is out of reach it tries again. Start, Stop and the figures are safe for
// concurrent use.
class LedgerWriter {
 public:
  // The loop outlives the writer.
  LedgerWriter(EventLoop& loop, const LedgerWriterSettings& settings);
  ~LedgerWriter() { Stop(); }

  void Start();
  // Ends after the transaction under way, and gives the lease up: the rest is the next writer's.
  // Idempotent.
  void Stop();

  // OK: writing, or another instance does. Else why not, and what to do.
  absl::Status health() const { return health_.Get(); }
  LedgerWriterFigures Figures() const;
  // Adds them, and how its transactions are, to what status pages and metrics show.
  void Describe(StoreStatus& status) const;

 private:
  using Time = std::chrono::steady_clock::time_point;

  void Run();
  // One round; how long to pause after it.
  absl::StatusOr<std::chrono::milliseconds> Step();
  absl::Status Connect();
  // True: this instance writes, and the epoch is open and of the server it is connected to.
  absl::StatusOr<bool> HoldLease();
  absl::Status BeginEpoch(const LedgerRows& rows);
  absl::StatusOr<OrderId> HighestOrder();
  absl::StatusOr<std::chrono::milliseconds> Copy();
  absl::Status ApplyPortion(OutboxPortion portion, bool full);
  absl::StatusOr<std::chrono::milliseconds> Idle(TimeMs time);
  absl::Status CheckOutbox();
  absl::Status Keep(TimeMs as_of);
  absl::Status Trim();
  void GiveUpLease();
  OutboxId Next() const { return {progress_.epoch, progress_.applied}; }

  const LedgerWriterSettings settings_;
  const std::uint64_t name_;  // in the cursor's row
  OutboxReader outbox_;
  StopFlag stop_;
  StoreHealth health_{absl::UnavailableError("the ledger's writer has not started")};

  // ---- the thread's own ----
  std::unique_ptr<Connection> database_;  // null: none
  Time used_;                             // when the database was last asked
  bool holds_ = false;                    // the lease, as far as known
  LedgerProgress progress_;               // as last read or written
  std::string run_id_;                    // of the server that the reader is connected to
  Watermark watermark_;
  std::size_t count_ = 0;  // entries asked for at a time
  int idle_rounds_ = 0;
  Time kept_;     // when the cursor was last written
  Time checked_;  // when the outbox's ends were last looked at
  // What was applied when: trimming stays behind it.
  struct Mark {
    Time when;
    OutboxId next;
  };
  std::deque<Mark> marks_;
  std::optional<OutboxId> trimmed_;  // nothing before it is left

  std::atomic<bool> has_lease_{false};
  std::atomic<std::uint64_t> lag_entries_{0};
  std::atomic<TimeMs> lag_{0};
  std::atomic<std::uint64_t> applied_{0};
  std::atomic<std::uint64_t> transactions_{0};
  std::atomic<std::uint64_t> quarantined_books_{0};
  BucketHistogram transaction_time_;
  BucketHistogram transaction_size_{BucketHistogram::Kind::kSize};
  std::thread thread_;
};

}  // namespace inventory
