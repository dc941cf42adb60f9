// A few connections to the database, lent to whoever calls.
#pragma once

#include <chrono>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "mysql/connection.h"
#include "mysql/dsn.h"

namespace inventory {

// Safe for concurrent use. Connections are opened when they are needed, dropped after a fault, and
// not used again once the server may have ended them.
class ConnectionPool {
 public:
  // At most so many at a time; who finds none waits until one is given back, at most kLongestWait.
  ConnectionPool(Dsn dsn, int most) : dsn_(std::move(dsn)), most_(most) {}

  // `use(connection)`, which returns a Status or StatusOr, on a connection in no transaction. Where
  // that one broke, once more on another: so `use` must be such that twice is as good as once.
  template <typename Use>
  auto With(Use use) -> decltype(use(std::declval<Connection&>())) {
    auto result = WithOnce(use);
    if (FaultOf(StatusOf(result)) == SqlFault::kGone) result = WithOnce(use);
    return result;
  }
  // The same, but only once.
  template <typename Use>
  auto WithOnce(Use& use) -> decltype(use(std::declval<Connection&>())) {
    absl::StatusOr<std::unique_ptr<Connection>> taken = Take();
    if (!taken.ok()) return taken.status();
    auto result = use(**taken);
    GiveBack(StatusOf(result).ok() ? *std::move(taken) : nullptr);
    return result;
  }

  const Dsn& dsn() const { return dsn_; }

 private:
  static constexpr std::chrono::seconds kLongestWait{5};
  struct Idle {
    std::unique_ptr<Connection> connection;
    std::chrono::steady_clock::time_point since;
  };

  static const absl::Status& StatusOf(const absl::Status& status) { return status; }
  template <typename T>
  static const absl::Status& StatusOf(const absl::StatusOr<T>& result) {
    return result.status();
  }

  absl::StatusOr<std::unique_ptr<Connection>> Take() ABSL_LOCKS_EXCLUDED(mutex_);
  // An idle one that is fresh, or null: one may be opened. ResourceExhausted: all are lent.
  absl::StatusOr<std::unique_ptr<Connection>> TakeIdle() ABSL_LOCKS_EXCLUDED(mutex_);
  // Null: it was dropped.
  void GiveBack(std::unique_ptr<Connection> connection) ABSL_LOCKS_EXCLUDED(mutex_);

  const Dsn dsn_;
  const int most_;
  Mutex mutex_;
  CondVar given_back_;
  int lent_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<Idle> idle_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace inventory
