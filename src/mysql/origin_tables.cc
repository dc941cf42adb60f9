#include "mysql/origin_tables.h"

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "mysql/migrations.h"

namespace inventory {
namespace {

// The columns of the tables that matter: its own, those that only it has, those that only we have.
constexpr char kColumns[] =
    "SELECT table_name, SUM(column_name IN ('book_id','stock','locked_stock','total_stock')),"
    " SUM(column_name='sequence') FROM information_schema.columns WHERE table_schema=DATABASE()"
    " AND table_name IN ('inventory','inventory_logs','origin_inventory','origin_inventory_logs',"
    "'store_owner') GROUP BY table_name";
constexpr std::uint64_t kOriginColumns = 4;

absl::StatusOr<bool> HasOwner(Connection& connection) {
  ASSIGN_OR_RETURN(std::vector<SqlRows> results,
                   connection.Run("SELECT 1 FROM store_owner WHERE id=1"));
  return results.front().size() > 0;
}

}  // namespace

absl::StatusOr<OriginTables> FindOriginTables(Connection& connection) {
  ASSIGN_OR_RETURN(std::vector<SqlRows> results, connection.Run(kColumns));
  struct Columns {
    std::uint64_t origins = 0;
    std::uint64_t ours = 0;
  };
  std::map<std::string, Columns> tables;
  SqlRows& row = results.front();
  while (row.Next()) tables[std::string(row.Text(0))] = {row.U64(1), row.U64(2)};

  OriginTables origin;
  const auto inventory = tables.find("inventory");
  if (inventory != tables.end() && inventory->second.origins == kOriginColumns &&
      inventory->second.ours == 0) {
    origin.state = OriginTables::State::kLive;
    origin.has_logs = tables.contains("inventory_logs");
    origin.twice = tables.contains(kOriginInventory) || tables.contains(kOriginLogs);
    return origin;
  }
  if (!tables.contains(kOriginInventory)) return origin;
  origin.has_logs = tables.contains(kOriginLogs);
  bool has_owner = false;
  if (tables.contains("store_owner")) {
    ASSIGN_OR_RETURN(has_owner, HasOwner(connection));
  }
  origin.state = has_owner ? OriginTables::State::kTakenOver : OriginTables::State::kSetAside;
  return origin;
}

absl::Status CheckNothingToTakeOver(Connection& connection) {
  ASSIGN_OR_RETURN(const OriginTables origin, FindOriginTables(connection));
  switch (origin.state) {
    case OriginTables::State::kLive:
      return absl::UnavailableError(
          "the database holds the tables of the earlier Go service; take their stock over with "
          "`inventoryctl adopt` (try `--dry-run` first), or name an empty database in "
          "database.dsn");
    case OriginTables::State::kSetAside:
      return absl::UnavailableError(
          "taking over the stock of the earlier Go service was cut short; run `inventoryctl "
          "adopt` again");
    case OriginTables::State::kNone:
    case OriginTables::State::kTakenOver: break;
  }
  return absl::OkStatus();
}

absl::Status CheckRoom(Connection& connection, const OriginTables& origin) {
  if (origin.state != OriginTables::State::kLive) return absl::OkStatus();
  if (origin.twice) {
    return absl::FailedPreconditionError(absl::StrCat(
        "nothing was done: besides the tables of the earlier Go service there are ",
        kOriginInventory, " or ", kOriginLogs,
        ", which taking their stock over makes; was the Go service started again while that was "
        "under way? Stop it, drop the tables whose figures are not true, and try again"));
  }
  return CheckMayMigrate(connection, Migrations(), {"inventory", "inventory_logs"});
}

absl::Status SetAside(Connection& connection, const OriginTables& origin) {
  if (origin.state != OriginTables::State::kLive) return absl::OkStatus();
  // The server's own limit for this wait is a day.
  std::string sql = absl::StrCat("SET SESSION lock_wait_timeout=", Connection::kLockWaitSeconds,
                                 ";RENAME TABLE inventory TO ", kOriginInventory);
  if (origin.has_logs) absl::StrAppend(&sql, ", inventory_logs TO ", kOriginLogs);
  const absl::Status renamed = connection.Run(sql).status();
  if (FaultOf(renamed) != SqlFault::kConflict) return renamed;
  return absl::FailedPreconditionError(absl::StrCat(
      "nothing was done: the tables of the earlier Go service are in use; stop it and try again: ",
      renamed.message()));
}

}  // namespace inventory
