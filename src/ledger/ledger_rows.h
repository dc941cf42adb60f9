// The two rows that say how far the ledger is: redis_epochs, the authority on the epoch, and
// ledger_cursor, what of its outbox has been applied.
//
// Every transaction of the ledger begins with LockLedger, so all take their locks in one order: the
// cursor, the owner's row, the epoch, then whatever they are about.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "mysql/connection.h"
#include "stock/ledger.h"

namespace inventory {

// There is one bucket.
inline constexpr int kBucket = 0;

// The numbers are those of the column's ENUM.
enum class EpochState {
  kOpen = 1,
  kRebuilding = 2,  // drained, and handed in for
  kLoading = 3,     // what was handed in has been decided; more of it would come too late
};

struct LedgerRows {
  bool exist = false;  // else no redis store has been here
  EpochState state = EpochState::kOpen;
  std::string token;  // of who rebuilds; where it is open, of who did last
  bool token_is_stale = false;
  std::string run_id;
  std::string replication_id;
  LedgerProgress progress;
  std::uint64_t writer = 0;      // who holds the writer's lease; 0: nobody
  bool lease_has_ended = false;  // it was not renewed for kWriterLease

  bool open() const { return state == EpochState::kOpen; }
  // Whether it is closed under this token: OK, or ABORTED.
  absl::Status CheckToken(std::string_view wanted) const;
};

// Milliseconds, by the database's clock.
inline constexpr TimeMs kWriterLease = 2'000;
// An instance that has not told for this long that it is there is not waited for.
inline constexpr TimeMs kInstanceLife = 3'000;

// Without locks, both rows of one moment. FailedPrecondition: the stock here is another store's.
absl::StatusOr<LedgerRows> ReadLedgerRows(Connection& connection);

enum class EpochLock { kShare, kUpdate };
struct LockedLedger {
  LedgerRows rows;
  std::vector<SqlRows> others;  // what `more` selected
};
// Begins a transaction and locks both rows; `more`, further statements for the same round trip,
// follows. FailedPrecondition: the stock here is another store's.
absl::StatusOr<LockedLedger> LockLedger(Connection& connection, EpochLock lock,
                                        std::string_view more = {});

// Runs `body`, which begins a transaction and commits it, and again after a conflict, a few times.
// Whatever it fails with, the connection is left in no transaction, or broken.
absl::Status RunTransaction(Connection& connection, absl::FunctionRef<absl::Status()> body);

// "SELECT …" found nothing that it must find.
absl::Status UnexpectedAnswer();

}  // namespace inventory
