// Keeps an eye on the database: opens it, says whether it serves, and sees what other instances do.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>

#include "absl/status/status.h"
#include "mysql/connection.h"
#include "mysql/store_time.h"
#include "stock/change_feed.h"
#include "stock/store_health.h"
#include "store/mysql/batch_writer.h"
#include "store/mysql/seen_owner.h"

namespace inventory {

// One thread with a connection of its own, which it looks through every kInterval. Other instances'
// changes are found by the time their books were updated, and only while the table `writers` shows
// that there are others.
class DatabaseMonitor {
 public:
  static constexpr std::chrono::milliseconds kInterval{250};
  static constexpr std::chrono::seconds kCountInterval{10};

  // All outlive the monitor.
  struct Shared {
    const Dsn& dsn;
    ChangeFeed& feed;
    StoreTime& time;
    StoreHealth& health;
    SeenOwner& owner;
    std::uint64_t first_writer;  // this instance's rows in `writers`: from here …
    std::uint64_t last_writer;   // … to here
  };

  explicit DatabaseMonitor(const Shared& shared) : shared_(shared) {}
  ~DatabaseMonitor() { Stop(); }

  // Tries once to open the database; the answer is also its first health. Call before Start.
  absl::Status Open();
  void Start();
  // Takes this instance's rows out of `writers`. Idempotent.
  void Stop();

  // The tables are there and ours. Once true it stays so.
  bool open() const { return open_; }

  // Of all instances, counted every kCountInterval; -1: not yet.
  std::int64_t open_reservations() const { return open_reservations_; }

 private:
  void Run();
  absl::Status Look();
  absl::Status Prepare();
  absl::Status CheckWrites();
  absl::Status FindChanges();
  absl::Status CountReservations();

  const Shared shared_;
  std::atomic<bool> open_{false};
  std::unique_ptr<Connection> connection_;
  std::atomic<std::int64_t> open_reservations_{-1};
  std::chrono::steady_clock::time_point counted_;
  TimeMs seen_until_ = 0;  // changes up to about here have been told
  StopFlag stop_;
  std::thread thread_;
};

}  // namespace inventory
