// A connection to MySQL or MariaDB: statements in, rows out, faults as statuses.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "mysql/dsn.h"

struct st_mysql;
struct st_mysql_bind;
struct st_mysql_res;
struct st_mysql_stmt;

namespace inventory {

// What a fault of the server or of the connection means for a transaction.
enum class SqlFault {
  kNone,      // not a fault of SQL
  kConflict,  // deadlock, lock wait or duplicate key: roll back and begin again
  kGone,      // the connection broke; what was sent may or may not have been done
  kRefused,   // anything else: the same statement would fail again
};

// Of a status from Connection. OK is kNone.
SqlFault FaultOf(const absl::Status& status);
// The server's error number, 0 where there is none.
unsigned ServerErrorOf(const absl::Status& status);
// Whether the server refused a row for what it says: its key is there already, a value is out of
// range, too long, no text, or against a CHECK.
bool IsRowRefused(const absl::Status& status);

// The rows of a SELECT, held in memory.
class SqlRows {
 public:
  explicit SqlRows(st_mysql_res* result) : result_(result) {}
  SqlRows(SqlRows&& other) noexcept;
  SqlRows& operator=(SqlRows&& other) noexcept;
  ~SqlRows();

  // Steps to the next row, the first at the first call. False: there is none.
  bool Next();
  std::size_t size() const;

  // Columns of the current row. A number that is NULL or does not fit reads as 0.
  bool IsNull(int column) const { return row_[column] == nullptr; }
  std::uint64_t U64(int column) const;
  std::int64_t I64(int column) const;
  std::int32_t I32(int column) const { return static_cast<std::int32_t>(I64(column)); }
  std::string_view Text(int column) const;  // until the next Next

 private:
  st_mysql_res* result_;
  char** row_ = nullptr;
  unsigned long* lengths_ = nullptr;
};

// Blocking, so from one thread at a time, and one that may wait: at most the DSN's timeouts. Never
// reconnects by itself: after kGone only the destructor is of use.
//
// Sessions read committed, think in UTC and strict SQL, end when idle for kIdleLimitSeconds (so
// that what a frozen process holds is given back) and wait for a row at most kLockWaitSeconds.
class Connection {
 public:
  static constexpr int kIdleLimitSeconds = 5;
  static constexpr int kLockWaitSeconds = 3;

  static absl::StatusOr<std::unique_ptr<Connection>> Open(const Dsn& dsn);
  ~Connection();
  Connection(const Connection&) = delete;

  // Runs statements separated by ';' in one round trip; the rows of those that have any, in order.
  // Stops at the first that fails: those after it were not run.
  absl::StatusOr<std::vector<SqlRows>> Run(std::string_view statements);
  // Runs these one after the other, for what would be too large in one, or stops at the first that
  // fails. Their rows are dropped.
  absl::Status RunAll(const std::vector<std::string>& packets);

  // How many of this process are open.
  static int OpenNow();

  // Whether it has RunBulk: MariaDB, without a proxy that does not know it.
  bool takes_bulk() const { return takes_bulk_; }
  // Runs a statement, which is prepared once, for `rows` rows of values in arrays: libmariadb's
  // mysql_stmt_bind_param with STMT_ATTR_ARRAY_SIZE. Faults as of Run.
  absl::Status RunBulk(const std::string& statement, st_mysql_bind* columns, unsigned rows);

  bool is_mariadb() const { return is_mariadb_; }
  const std::string& server_version() const { return server_version_; }

 private:
  explicit Connection(st_mysql* mysql);
  absl::Status SetUp();
  absl::StatusOr<st_mysql_stmt*> Prepare(const std::string& statement);
  absl::Status Fault(std::string_view doing) const;

  st_mysql* const mysql_;
  bool is_mariadb_ = false;
  bool takes_bulk_ = false;
  std::map<std::string, st_mysql_stmt*> prepared_;  // few
  std::string server_version_;
};

}  // namespace inventory
