#include "ledger/ledger_rows.h"

#include <chrono>
#include <iterator>
#include <optional>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "mysql/sql_text.h"
#include "mysql/store_owner.h"

namespace inventory {
namespace {

constexpr int kAttempts = 6;
constexpr std::chrono::milliseconds kPause{20};

// Columns of both rows, and where each begins.
std::string CursorColumns() {
  return absl::StrCat(
      "c.epoch, c.applied, c.movements, c.as_of, c.watermark, c.writer, c.lease_at <"
      " UTC_TIMESTAMP(3) - INTERVAL ",
      kWriterLease * 1'000, " MICROSECOND");
}
constexpr int kCursorColumns = 7;
std::string EpochColumns() {
  return absl::StrCat(
      "e.epoch, e.run_id, e.master_replid, e.state + 0, e.token, e.token_at < UTC_TIMESTAMP(3) -"
      " INTERVAL ",
      kTokenLife * 1'000, " MICROSECOND");
}

constexpr int kEpochColumns = 6;

absl::Status ReadCursor(const SqlRows& row, LedgerRows& rows) {
  rows.progress.epoch = row.U64(0);
  rows.progress.applied = row.U64(1);
  rows.progress.movements = row.U64(2);
  const std::optional<TimeMs> as_of = ParseTime(row.Text(3));
  if (!as_of) return UnexpectedAnswer();
  rows.progress.as_of = *as_of;
  rows.progress.watermark = row.U64(4);
  rows.writer = row.U64(5);
  rows.lease_has_ended = row.U64(6) != 0;
  return absl::OkStatus();
}

// Its columns begin with number `first`.
absl::Status ReadEpochRow(const SqlRows& row, int first, LedgerRows& rows) {
  if (row.U64(first) != rows.progress.epoch) {
    return absl::DataLossError(absl::StrCat(
        "redis_epochs says epoch ", row.U64(first), ", ledger_cursor ", rows.progress.epoch,
        ": they are only ever changed together; was a table edited by hand?"));
  }
  rows.run_id = row.Text(first + 1);
  rows.replication_id = row.Text(first + 2);
  rows.state = static_cast<EpochState>(row.U64(first + 3));
  rows.token = row.Text(first + 4);
  rows.token_is_stale = row.U64(first + 5) != 0;
  rows.exist = true;
  return absl::OkStatus();
}

}  // namespace

absl::Status UnexpectedAnswer() {
  return absl::InternalError("the database answered with other results than were asked for");
}

absl::Status LedgerRows::CheckToken(std::string_view wanted) const {
  if (exist && !open() && token == wanted) return absl::OkStatus();
  return absl::AbortedError(
      "the rebuild is not this instance's any more: another one has taken it over");
}

absl::StatusOr<LedgerRows> ReadLedgerRows(Connection& connection) {
  ASSIGN_OR_RETURN(
      std::vector<SqlRows> results,
      connection.Run(absl::StrCat("SELECT ", CursorColumns(), ", ", EpochColumns(),
                                  ", (SELECT store FROM store_owner WHERE id=1)"
                                  " FROM ledger_cursor c JOIN redis_epochs e ON e.bucket=c.bucket"
                                  " WHERE c.bucket=",
                                  kBucket)));
  LedgerRows rows;
  if (results.size() != 1) return UnexpectedAnswer();
  if (!results[0].Next()) return rows;
  const int owner = kCursorColumns + kEpochColumns;
  if (results[0].IsNull(owner)) return NoOwner();
  RETURN_IF_ERROR(CheckOwner(results[0].Text(owner), kRedisOwner));
  RETURN_IF_ERROR(ReadCursor(results[0], rows));
  RETURN_IF_ERROR(ReadEpochRow(results[0], kCursorColumns, rows));
  return rows;
}

absl::StatusOr<LockedLedger> LockLedger(Connection& connection, EpochLock lock,
                                        std::string_view more) {
  constexpr std::size_t kOwn = 3;
  ASSIGN_OR_RETURN(
      std::vector<SqlRows> results,
      connection.Run(absl::StrCat(
          "START TRANSACTION;SELECT ", CursorColumns(),
          " FROM ledger_cursor c WHERE c.bucket=", kBucket,
          " FOR UPDATE;SELECT store FROM store_owner WHERE id=1 LOCK IN SHARE MODE;SELECT ",
          EpochColumns(), " FROM redis_epochs e WHERE e.bucket=", kBucket,
          lock == EpochLock::kUpdate ? " FOR UPDATE" : " LOCK IN SHARE MODE",
          more.empty() ? "" : ";", std::string(more))));
  if (results.size() < kOwn) return UnexpectedAnswer();
  if (!results[1].Next()) return NoOwner();
  RETURN_IF_ERROR(CheckOwner(results[1].Text(0), kRedisOwner));
  LockedLedger locked;
  const bool has_cursor = results[0].Next();
  if (has_cursor != results[2].Next()) {
    return absl::DataLossError("only one of redis_epochs and ledger_cursor has its row");
  }
  if (has_cursor) {
    RETURN_IF_ERROR(ReadCursor(results[0], locked.rows));
    RETURN_IF_ERROR(ReadEpochRow(results[2], 0, locked.rows));
  }
  locked.others.assign(std::make_move_iterator(results.begin() + kOwn),
                       std::make_move_iterator(results.end()));
  return locked;
}

absl::Status RunTransaction(Connection& connection, absl::FunctionRef<absl::Status()> body) {
  for (int attempt = 1;; ++attempt) {
    absl::Status done = body();
    if (done.ok()) return done;
    if (FaultOf(done) == SqlFault::kGone) return done;
    // A failed statement may have left the transaction open.
    if (absl::Status rolled_back = connection.Run("ROLLBACK").status(); !rolled_back.ok()) {
      return rolled_back;
    }
    if (FaultOf(done) != SqlFault::kConflict || attempt == kAttempts) return done;
    std::this_thread::sleep_for(kPause * attempt);
  }
}

}  // namespace inventory
