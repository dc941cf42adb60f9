#include "mysql/schema.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "mysql/migrations.h"
#include "mysql/sql_text.h"
#include "telemetry/log.h"

namespace inventory {
namespace {

// Names are the server's, for all its databases, and have at most 64 characters.
constexpr char kLock[] = "CONCAT('inventory-service schema ', MD5(DATABASE()))";
// Tries of some seconds each: a single wait would have to end before the connection gives up.
constexpr int kLockTries = 10;
constexpr int kLockTrySeconds = 3;

// Held until its end; the server frees it with the session too.
class SchemaLock {
 public:
  explicit SchemaLock(Connection& connection) : connection_(connection) {}
  SchemaLock(const SchemaLock&) = delete;
  ~SchemaLock() {
    if (held_) connection_.Run(absl::StrCat("DO RELEASE_LOCK(", kLock, ")")).IgnoreError();
  }

  absl::Status Take() {
    for (int i = 0; i < kLockTries && !held_; ++i) {
      ASSIGN_OR_RETURN(
          std::vector<SqlRows> results,
          connection_.Run(absl::StrCat("SELECT GET_LOCK(", kLock, ",", kLockTrySeconds, ")")));
      held_ = results.front().Next() && results.front().U64(0) == 1;
    }
    if (held_) return absl::OkStatus();
    return absl::UnavailableError(
        absl::StrCat("another instance has been changing the tables for more than ",
                     kLockTries * kLockTrySeconds, " s; waiting for it"));
  }

 private:
  Connection& connection_;
  bool held_ = false;
};

// ---- rights -------------------------------------------------------------------------------------

// A statement for each right that the service needs and each table whose rows it changes, which
// does nothing.
constexpr char kUseRights[] =
    "SELECT 1 FROM inventory, inventory_logs, order_lines, reservations, request_ids, writers,"
    " store_owner WHERE FALSE;"
    "UPDATE inventory SET stock=stock WHERE FALSE;"
    "INSERT INTO inventory_logs SELECT * FROM inventory_logs WHERE FALSE;"
    "DELETE FROM writers WHERE FALSE";

// `inventory\_db`.* as GRANT wants it, where an underscore stands for any character.
std::string GrantObject(std::string_view database) {
  std::string object = "`";
  for (const char c : database) {
    if (c == '_' || c == '%' || c == '\\') object += '\\';
    if (c == '`') object += '`';
    object += c;
  }
  return object + "`.*";
}

// "inventory@10.0.0.%" as 'inventory'@'10.0.0.%'.
std::string GrantAccount(std::string_view account) {
  const std::size_t at = std::min(account.rfind('@'), account.size());
  std::string quoted;
  AppendQuoted(quoted, account.substr(0, at));
  quoted += '@';
  AppendQuoted(quoted, at < account.size() ? account.substr(at + 1) : "%");
  return quoted;
}

// To a fault of rights, the statement that an administrator can help with.
absl::Status WithGrant(Connection& connection, const absl::Status& status) {
  if (!absl::IsPermissionDenied(status)) return status;
  absl::StatusOr<std::vector<SqlRows>> results =
      connection.Run("SELECT DATABASE(), CURRENT_USER()");
  if (!results.ok() || !results->front().Next()) return status;
  const SqlRows& row = results->front();
  return Suffixed(status,
                  absl::StrCat("; the service needs: GRANT SELECT, INSERT, UPDATE, DELETE, "
                               "CREATE, ALTER, INDEX ON ",
                               GrantObject(row.Text(0)), " TO ", GrantAccount(row.Text(1))));
}

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
  return absl::FailedPreconditionError(absl::StrCat(
      "the stock in this database is the ", owner, " store's; write store: ", owner,
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
  RETURN_IF_ERROR(Migrate(connection, Migrations()));
  RETURN_IF_ERROR(CheckRights(connection));
  RETURN_IF_ERROR(CheckOwner(connection, store));
  return WarnOfWeakSettings(connection);
}

}  // namespace

absl::Status PrepareSchema(Connection& connection, std::string_view store) {
  return WithGrant(connection, Prepare(connection, store));
}

}  // namespace inventory
