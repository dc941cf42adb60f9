#include "store/mysql/handover.h"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "mysql/connection.h"
#include "mysql/store_owner.h"
#include "stock/store_health.h"
#include "telemetry/log.h"

namespace inventory {
namespace {

// Each waits for locks as long as a session may; one that is frozen is ended before the third.
constexpr int kAttempts = 6;
constexpr std::chrono::milliseconds kPause{100};

// There is one bucket.
constexpr char kWhereBucket[] = " WHERE bucket=0";
constexpr char kLongAgo[] = "'1970-01-01'";
// A marker of the redis store for an order at or below it may have ended (ledger_cursor.watermark).
constexpr char kHighestOrder[] =
    "GREATEST(COALESCE((SELECT MAX(order_id) FROM order_lines),0),"
    "COALESCE((SELECT MAX(order_id) FROM reservations),0))";

// What is there when the rows are locked.
struct Found {
  std::string owner;
  std::uint64_t generation = 0;
  std::optional<std::uint64_t> epoch;  // of an earlier time with the redis store
};

class HandingOver {
 public:
  explicit HandingOver(const Dsn& dsn) : dsn_(dsn) {}

  absl::StatusOr<std::uint64_t> Run();

 private:
  absl::Status Attempt();
  absl::StatusOr<Found> Lock();
  std::string Statements(const Found& found) const;

  const Dsn& dsn_;
  std::unique_ptr<Connection> connection_;
  // The generation that a COMMIT was sent for, unless it is known to have been rolled back. Whether
  // it took effect is seen by whether the owner has it: its transaction held the owner's row, so
  // the next look waits until it has ended.
  std::optional<std::uint64_t> sent_;
  std::uint64_t epoch_ = 0;
};

absl::StatusOr<std::uint64_t> HandingOver::Run() {
  absl::Status fault;
  for (int attempt = 1; attempt <= kAttempts; ++attempt) {
    if (attempt > 1) std::this_thread::sleep_for(kPause * attempt);
    fault = Attempt();
    if (fault.ok()) return *sent_;
    connection_.reset();  // it may be in a transaction, which ends so
    if (absl::IsFailedPrecondition(fault)) return fault;
    if (absl::IsPermissionDenied(fault)) break;
  }
  if (!sent_) return NothingDone(fault);
  return absl::UnavailableError(
      absl::StrCat("outcome unknown: it was perhaps handed over; inventoryctl status says whose "
                   "the stock is: ",
                   std::string(fault.message())));
}

absl::Status HandingOver::Attempt() {
  ASSIGN_OR_RETURN(connection_, Connection::Open(dsn_));
  ASSIGN_OR_RETURN(const Found found, Lock());
  if (sent_ && found.owner == kRedisOwner && found.generation == *sent_) return absl::OkStatus();
  RETURN_IF_ERROR(CheckOwner(found.owner, kMysqlOwner));
  epoch_ = found.epoch.value_or(0) + 1;
  sent_ = found.generation + 1;
  if (absl::Status fault = connection_->Run(Statements(found)).status(); !fault.ok()) {
    if (absl::IsAborted(fault) || absl::IsPermissionDenied(fault)) sent_.reset();  // rolled back
    return fault;
  }
  LogWarn("handed the stock over to the redis store", {{"generation", *sent_}, {"epoch", epoch_}});
  return absl::OkStatus();
}

// In the ledger's order (ledger/ledger_rows.h): two meet in a queue, not in a deadlock.
absl::StatusOr<Found> HandingOver::Lock() {
  ASSIGN_OR_RETURN(
      std::vector<SqlRows> results,
      connection_->Run(absl::StrCat(
          "START TRANSACTION;SELECT epoch FROM ledger_cursor", kWhereBucket,
          " FOR UPDATE;SELECT store, generation FROM store_owner WHERE id=1 FOR UPDATE;"
          "SELECT epoch FROM redis_epochs",
          kWhereBucket, " FOR UPDATE")));
  if (results.size() != 3) return absl::InternalError("the database did not answer every question");
  if (!results[1].Next()) return NoOwner();
  Found found;
  found.owner = std::string(results[1].Text(0));
  found.generation = results[1].U64(1);
  const bool has_cursor = results[0].Next();
  if (has_cursor != results[2].Next()) {
    return absl::FailedPreconditionError(
        "nothing was done: only one of redis_epochs and ledger_cursor has its row; was a table "
        "edited by hand?");
  }
  if (has_cursor) found.epoch = results[2].U64(0);
  return found;
}

// A token of nobody's, that counts as left behind: so whoever finds it rebuilds.
std::string HandingOver::Statements(const Found& found) const {
  std::string sql;
  if (found.epoch) {
    sql = absl::StrCat("UPDATE redis_epochs SET epoch=", epoch_,
                       ",run_id='',master_replid='',state='rebuilding',token='handover',token_at=",
                       kLongAgo, kWhereBucket, ";UPDATE ledger_cursor SET epoch=", epoch_,
                       ",applied=0,movements=0,as_of=", kLongAgo, ",watermark=GREATEST(watermark,",
                       kHighestOrder, "),writer=0,lease_at=", kLongAgo, kWhereBucket);
  } else {
    sql = absl::StrCat(
        "INSERT INTO redis_epochs (bucket, epoch, run_id, master_replid, state, token, token_at)"
        " VALUES (0,",
        epoch_, ",'','','rebuilding','handover',", kLongAgo,
        ");INSERT INTO ledger_cursor (bucket, epoch, applied, movements, as_of, watermark, writer,"
        " lease_at) VALUES (0,",
        epoch_, ",0,0,", kLongAgo, ",", kHighestOrder, ",0,", kLongAgo, ")");
  }
  return absl::StrCat(sql, ";UPDATE store_owner SET store='redis',generation=", *sent_,
                      ",changed_at=UTC_TIMESTAMP(3) WHERE id=1;COMMIT");
}

}  // namespace

absl::StatusOr<std::uint64_t> HandOverToRedis(const Dsn& dsn) { return HandingOver(dsn).Run(); }

}  // namespace inventory
