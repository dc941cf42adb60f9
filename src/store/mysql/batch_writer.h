// Makes batches durable: one thread, one connection, one transaction at a time.
//
// Faults, and what is done about them:
//
//   deadlock, lock wait, duplicate key     ROLLBACK, then the whole batch again, after a pause
//   connection gone before COMMIT is sent  nothing was done: a new connection, the batch again
//   connection gone after that             in doubt: a new connection reads this writer's row FOR
//                                          UPDATE, which waits for the old transaction to end, and
//                                          so learns whether it took effect
//   anything else                          ROLLBACK, and the callers are told that nothing was done
//
// All of it ends after kGiveUpAfter.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/stop_flag.h"
#include "mysql/connection.h"
#include "mysql/store_time.h"
#include "stock/change_feed.h"
#include "stock/store_health.h"
#include "store/mysql/batch_queue.h"
#include "store/mysql/batch_transaction.h"
#include "telemetry/bucket_histogram.h"

namespace inventory {

// Counted over all writers of a store.
struct WriterFigures {
  std::atomic<std::uint64_t> transactions{0};  // committed
  std::atomic<std::uint64_t> commands{0};      // in them
  std::atomic<std::uint64_t> conflicts{0};  // begun again after a deadlock, lock wait or duplicate
  std::atomic<std::uint64_t> in_doubt{0};   // COMMITs whose answer was lost
  std::atomic<std::uint64_t> tombstones{0};
  BucketHistogram decide_time;  // locks, reads, the rules
  BucketHistogram commit_time;  // writes and COMMIT
  BucketHistogram size{BucketHistogram::Kind::kSize};
};

class BatchWriter {
 public:
  static constexpr std::chrono::seconds kGiveUpAfter{12};

  // What the writers of a store share. All outlive the writer.
  struct Shared {
    const Dsn& dsn;
    BatchQueue& queue;
    ChangeFeed& feed;
    StoreTime& time;
    StoreHealth& health;
    StopFlag& stop;  // no more attempts
    WriterFigures& figures;
  };

  // `writer`: its name in the table `writers`, no one else's.
  BatchWriter(const Shared& shared, std::uint64_t writer);
  // After the queue's Stop: waits until it is empty.
  ~BatchWriter() { thread_.join(); }

 private:
  using Deadline = std::chrono::steady_clock::time_point;

  void Run();
  void Serve(BatchGroup group);
  void LetOthersBegin();
  absl::StatusOr<DecidedTransaction> Apply(const std::vector<Command>& commands);
  absl::StatusOr<DecidedTransaction> Attempt(const std::vector<Command>& commands,
                                             NeededFacts& needed);
  absl::Status Commit(const std::vector<std::string>& packets);
  absl::Status Settle(const absl::Status& fault);
  absl::Status Connect();
  absl::Status Register();
  absl::StatusOr<std::uint64_t> ReadMark();
  void RollBack(const absl::Status& fault);
  std::chrono::milliseconds PauseAfter(int failures);

  const Shared shared_;
  BatchKeys keys_;  // of the group at hand, while others may not have them
  WriterMark mark_;
  bool registered_ = false;                 // the writer's row is in the table
  std::unique_ptr<Connection> connection_;  // null: none
  std::chrono::steady_clock::time_point used_;
  std::minstd_rand dice_;
  std::thread thread_;
};

}  // namespace inventory
