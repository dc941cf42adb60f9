// Keeps the store in order: one thread that looks at Redis and at the ledger, and opens, closes and
// rebuilds as it finds.
//
// Every round it reads the ledger's row. While the store is open and the row says so too, it tells
// the progress. Else it finds out which of these it is:
//
//   the connection is gone              closed until there is one, whose server is looked at anew
//   the row is closed by another        what this instance was answered for is handed in; wait
//   the row is closed, its token stale  the rebuild is taken over
//   the server is the row's, and what   open
//     it holds is not older than known
//   anything else                       rebuild
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "base/mutex.h"
#include "store/redis/redis_server_facts.h"
#include "store/redis/store_parts.h"

namespace inventory {

class Keeper {
 public:
  // `parts` outlives this.
  explicit Keeper(StoreParts& parts) : parts_(parts) {}
  ~Keeper() { Stop(); }

  void Start();
  // Ends the thread; tells the ledger that this instance has left. Idempotent.
  void Stop() ABSL_LOCKS_EXCLUDED(mutex_);
  // Something has changed: a round at once. Safe for concurrent use.
  void LookAgain() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  using Generation = RedisConnection::Generation;

  void Run();
  bool Pause() ABSL_LOCKS_EXCLUDED(mutex_);
  void Round();
  absl::Status Keep(const LedgerEpoch& row);
  void TellProgress(const LedgerEpoch& row, const OpenedEpoch& opened);
  absl::Status Find(const LedgerEpoch& row, Generation generation);
  absl::Status HandIn(const LedgerEpoch& row);
  absl::Status LookAt(Generation generation);
  absl::StatusOr<std::string> WhatDiffers(const LedgerEpoch& row, Generation generation,
                                          std::uint64_t& entries);
  absl::StatusOr<std::string> WhatOutboxLacks(const LedgerEpoch& row, Generation generation,
                                              std::uint64_t entries);
  absl::Status ReadFigures(Generation generation);
  absl::Status CheckOutbox(const LedgerEpoch& row, const OpenedEpoch& opened);
  absl::StatusOr<std::string> FirstStart(bool has_epoch);
  absl::Status RebuildNow(const LedgerEpoch& row, Generation generation,
                          const std::string& because);
  void OpenGate(const OpenedEpoch& opened);
  void TakeOldEpochs(const OpenedEpoch& opened);
  void SettleOldEpochs();
  absl::StatusOr<std::vector<LostChange>> FindLost(const std::vector<RememberedEntry>& entries);
  absl::StatusOr<bool> IsInLedger(const Movement& movement);

  StoreParts& parts_;
  RedisServerFacts server_;
  Generation looked_at_ = 0;        // the connection whose server was looked at and may be used
  std::uint64_t opened_epoch_ = 0;  // last by this instance
  std::string handed_in_;           // the token for which this instance has handed in
  std::uint64_t handed_in_epoch_ = 0;
  // Of epochs that ended while this instance stood still; settled when the ledger has applied so
  // many entries of the present one.
  std::vector<RememberedEntry> unsettled_;
  std::uint64_t settled_from_ = 0;
  TimeMs changes_until_ = 0;
  std::chrono::steady_clock::time_point beat_;
  std::chrono::steady_clock::time_point changes_read_;
  std::chrono::steady_clock::time_point reconciled_ = std::chrono::steady_clock::now();

  Mutex mutex_;
  CondVar wake_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool look_again_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace inventory
