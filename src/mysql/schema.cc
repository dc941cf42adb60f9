#include "mysql/schema.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "mysql/migrations.h"
#include "mysql/origin_tables.h"
#include "mysql/rights.h"
#include "mysql/schema_lock.h"
#include "mysql/sql_text.h"
#include "telemetry/log.h"

namespace inventory {
namespace {

// ---- rights -------------------------------------------------------------------------------------

// A statement for each right that the service needs and each table whose rows it changes, which
// does nothing.
constexpr char kUseRights[] =
    "SELECT 1 FROM inventory, inventory_logs, order_lines, reservations, request_ids, writers,"
    " store_owner WHERE FALSE;"
    "UPDATE inventory SET stock=stock WHERE FALSE;"
    "INSERT INTO inventory_logs SELECT * FROM inventory_logs WHERE FALSE;"
    "DELETE FROM writers WHERE FALSE";

absl::Status CheckRights(Connection& connection) {
  const absl::Status used = connection.Run(kUseRights).status();
  // Whether a server that takes no writes will take them later is not decided here.
  if (absl::IsPermissionDenied(used) || FaultOf(used) == SqlFault::kGone) return used;
  return absl::OkStatus();
}

// ---- owner --------------------------------------------------------------------------------------

absl::Status CheckOwner(Connection& connection, std::string_view store) {
  ASSIGN_OR_RETURN(std::vector<SqlRows> results,
                   connection.Run("SELECT store FROM store_owner WHERE id=1"));
  if (!results.front().Next()) {
    std::string insert = "INSERT INTO store_owner (id, store, generation, changed_at) VALUES (1,";
    AppendQuoted(insert, store);
    insert += ",1,UTC_TIMESTAMP(3))";
    RETURN_IF_ERROR(connection.Run(insert).status());
    LogWarn("made a new, empty store; if you expected stock here, stop and check database.dsn",
            {{"store", store}});
    return absl::OkStatus();
  }
  const std::string owner(results.front().Text(0));
  if (owner == store) return absl::OkStatus();
  if (owner == "importing") {
    return absl::FailedPreconditionError(
        "an import into this database is not finished; where none is running, drop the database, "
        "make it anew and import again");
  }
  return absl::FailedPreconditionError(absl::StrCat("the stock in this database is the ", owner,
                                                    " store's; write store: ", owner,
                                                    ", or name another database in database.dsn"));
}

// ---- durability ---------------------------------------------------------------------------------

// Says so where the server's settings allow it to forget what it has committed.
absl::Status WarnOfWeakSettings(Connection& connection) {
  ASSIGN_OR_RETURN(
      std::vector<SqlRows> results,
      connection.Run("SELECT @@innodb_flush_log_at_trx_commit, @@log_bin, @@sync_binlog"));
  SqlRows& row = results.front();
  if (!row.Next()) return absl::OkStatus();
  if (row.U64(0) == 0 || row.U64(0) == 2) {
    LogWarn(
        "the database may forget committed sales when its machine fails; set "
        "innodb_flush_log_at_trx_commit=1 on the server",
        {{"innodb_flush_log_at_trx_commit", row.U64(0)}});
  }
  if (row.U64(1) != 0 && row.U64(2) != 1) {
    LogWarn(
        "the database may forget committed sales when its machine fails; set sync_binlog=1 on "
        "the server, or turn its binary log off",
        {{"sync_binlog", row.U64(2)}});
  }
  return absl::OkStatus();
}

absl::Status Prepare(Connection& connection, std::string_view store) {
  SchemaLock lock(connection);
  RETURN_IF_ERROR(lock.Take());
  RETURN_IF_ERROR(CheckNothingToTakeOver(connection));
  RETURN_IF_ERROR(Migrate(connection, Migrations()));
  RETURN_IF_ERROR(CheckRights(connection));
  RETURN_IF_ERROR(CheckOwner(connection, store));
  return WarnOfWeakSettings(connection);
}

}  // namespace

absl::Status PrepareSchema(Connection& connection, std::string_view store) {
  return WithGrant(connection, Prepare(connection, store), kServiceRights);
}

}  // namespace inventory
