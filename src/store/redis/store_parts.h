// What the parts of an open redis store share.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>

#include "base/worker.h"
#include "redis/redis_connection.h"
#include "stock/change_feed.h"
#include "stock/ledger.h"
#include "store/redis/answered_for.h"
#include "store/redis/gate.h"
#include "store/redis/ledger_waiters.h"
#include "store/redis/redis_store.h"
#include "telemetry/bucket_histogram.h"

namespace inventory {

// Counted since the start.
struct RedisFigures {
  std::atomic<std::uint64_t> calls{0};         // of scripts that decide
  std::atomic<std::uint64_t> commands{0};      // in them
  std::atomic<std::uint64_t> looked_up{0};     // commands for which the ledger was asked
  std::atomic<std::uint64_t> rebuilds{0};      // by this instance
  std::atomic<std::uint64_t> lost{0};          // changes that were answered and are nowhere
  std::atomic<std::uint64_t> refused_full{0};  // commands, because the outbox was
  std::atomic<std::uint64_t> repaired{0};      // books made again from the ledger
  std::atomic<std::uint64_t> drift{0};         // books that differed in the last whole comparison
  std::atomic<std::uint64_t> drifted{0};       // in the one under way
  std::atomic<std::uint64_t> scripts_loaded_us{0};  // how long that took last
  std::atomic<TimeMs> now{0};                       // Redis' clock, as last told
  std::atomic<std::uint64_t> movements{0};          // of the epoch, as the keeper last saw
  std::atomic<std::uint64_t> open_reservations{0};  // as the keeper last saw
  BucketHistogram script_time;  // from sending the scripts of a batch to their answers
};

// Everything here is safe for concurrent use, and outlives who is given it.
struct StoreParts {
  const RedisStoreSettings& settings;
  const std::uint64_t instance;  // a number of its own
  RedisConnection& connection;
  Ledger& ledger;
  Gate& gate;
  AnsweredFor& answered;
  LedgerWaiters& waiters;
  ChangeFeed& feed;
  Worker& lookups;  // asks the ledger
  RedisFigures& figures;
  std::atomic<std::uint64_t>& batches;  // the number of the last
  std::function<void()> look_again;     // at Redis, soon: something is not as it was
  std::function<void()> reconcile;      // all books, unless that is under way
};

}  // namespace inventory
