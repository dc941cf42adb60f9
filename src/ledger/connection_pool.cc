#include "ledger/connection_pool.h"

#include "base/status_macros.h"

namespace inventory {

using std::chrono::steady_clock;

namespace {

// Before the server ends an idle session.
constexpr std::chrono::seconds kRenewAfter{Connection::kIdleLimitSeconds - 1};

}  // namespace

absl::StatusOr<std::unique_ptr<Connection>> ConnectionPool::Take() {
  ASSIGN_OR_RETURN(std::unique_ptr<Connection> connection, TakeIdle());
  if (connection) return connection;
  absl::StatusOr<std::unique_ptr<Connection>> opened = Connection::Open(dsn_);
  if (!opened.ok()) GiveBack(nullptr);
  return opened;
}

absl::StatusOr<std::unique_ptr<Connection>> ConnectionPool::TakeIdle() {
  const steady_clock::time_point end = steady_clock::now() + kLongestWait;
  MutexLock lock(mutex_);
  while (lent_ >= most_) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - steady_clock::now());
    if (left.count() <= 0) {
      return absl::UnavailableError(
          "every connection to the database is in use: it is slow, or raise "
          "database.max_open_conns");
    }
    given_back_.WaitFor(mutex_, left);
  }
  ++lent_;
  while (!idle_.empty()) {
    Idle idle = std::move(idle_.back());
    idle_.pop_back();
    if (steady_clock::now() - idle.since < kRenewAfter) return std::move(idle.connection);
  }
  return nullptr;
}

void ConnectionPool::GiveBack(std::unique_ptr<Connection> connection) {
  MutexLock lock(mutex_);
  --lent_;
  if (connection) idle_.push_back({std::move(connection), steady_clock::now()});
  given_back_.NotifyOne();
}

}  // namespace inventory
