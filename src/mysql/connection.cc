#include "mysql/connection.h"

#include <errmsg.h>
#include <mysql.h>
#include <mysqld_error.h>

#include <atomic>
#include <charconv>
#include <mutex>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "mysql/fault.h"

namespace inventory {
namespace {

std::atomic<int> open_connections{0};

constexpr char kErrorPayload[] = "inventory/sql-error";

// MySQL's numbers that MariaDB's header does not have.
constexpr unsigned kClientInteractionTimeout = 4031;  // MySQL 8: the session was idle too long
constexpr unsigned kServerLostExtended = 2055;
constexpr unsigned kCheckViolated = 3819;  // MySQL 8

SqlFault Classify(unsigned number) {
  switch (number) {
    case 0: return SqlFault::kNone;
    case ER_LOCK_DEADLOCK:
    case ER_LOCK_WAIT_TIMEOUT:
    case ER_DUP_ENTRY:
    case ER_CHECKREAD:
    case ER_QUERY_INTERRUPTED: return SqlFault::kConflict;
    case CR_SERVER_GONE_ERROR:
    case CR_SERVER_LOST:
    case CR_CONNECTION_ERROR:
    case CR_CONN_HOST_ERROR:
    case CR_UNKNOWN_HOST:
    case CR_IPSOCK_ERROR:
    case CR_SERVER_HANDSHAKE_ERR:
    case CR_COMMANDS_OUT_OF_SYNC:
    case CR_MALFORMED_PACKET:
    case kServerLostExtended:
    case kClientInteractionTimeout:
    case ER_CON_COUNT_ERROR:
    case ER_TOO_MANY_USER_CONNECTIONS:
    case ER_USER_LIMIT_REACHED:
    case ER_SERVER_SHUTDOWN:
    case ER_CONNECTION_KILLED:
    case ER_NET_READ_ERROR:
    case ER_NET_READ_INTERRUPTED:
    case ER_NET_ERROR_ON_WRITE:
    case ER_NET_WRITE_INTERRUPTED:
    case ER_NEW_ABORTING_CONNECTION: return SqlFault::kGone;
    default: return SqlFault::kRefused;
  }
}

absl::StatusCode CodeOf(unsigned number) {
  switch (Classify(number)) {
    case SqlFault::kNone: return absl::StatusCode::kOk;
    case SqlFault::kConflict: return absl::StatusCode::kAborted;
    case SqlFault::kGone: return absl::StatusCode::kUnavailable;
    case SqlFault::kRefused: break;
  }
  switch (number) {
    case ER_ACCESS_DENIED_ERROR:
    case ER_ACCESS_DENIED_NO_PASSWORD_ERROR:
    case ER_DBACCESS_DENIED_ERROR:
    case ER_TABLEACCESS_DENIED_ERROR:
    case ER_COLUMNACCESS_DENIED_ERROR:
    case ER_SPECIFIC_ACCESS_DENIED_ERROR: return absl::StatusCode::kPermissionDenied;
    case ER_BAD_DB_ERROR:
    case CR_SSL_CONNECTION_ERROR: return absl::StatusCode::kFailedPrecondition;
    case ER_OPTION_PREVENTS_STATEMENT:
    case ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION:
    case ER_READ_ONLY_MODE:
    case ER_DISK_FULL:
    case ER_RECORD_FILE_FULL:
    case ER_GET_ERRNO:
    case ER_ERROR_DURING_COMMIT:
    case ER_OUT_OF_RESOURCES: return absl::StatusCode::kUnavailable;
    default: return absl::StatusCode::kInternal;
  }
}

// What a person can do about it; empty where the server's own words say enough.
std::string_view Advice(unsigned number) {
  switch (number) {
    case ER_ACCESS_DENIED_ERROR:
    case ER_ACCESS_DENIED_NO_PASSWORD_ERROR: return "; check user and password in database.dsn";
    case ER_DBACCESS_DENIED_ERROR:
      return "; the user needs all rights on this database: GRANT ALL ON name.* TO user";
    case ER_BAD_DB_ERROR: return "; create it (CREATE DATABASE name) or correct database.dsn";
    case CR_CONN_HOST_ERROR:
    case CR_CONNECTION_ERROR: return "; is the server running, and its address right?";
    case ER_CON_COUNT_ERROR:
    case ER_TOO_MANY_USER_CONNECTIONS:
    case ER_USER_LIMIT_REACHED:
      return "; raise the server's limit or lower database.max_open_conns";
    case ER_OPTION_PREVENTS_STATEMENT:
    case ER_READ_ONLY_MODE: return "; the server is read-only: is it a replica?";
    case ER_DISK_FULL:
    case ER_RECORD_FILE_FULL: return "; free space on the database server";
    case ER_NET_PACKET_TOO_LARGE: return "; raise the server's max_allowed_packet to 16M";
    default: return "";
  }
}

// The C library sets itself up at the first call of each of these; once is enough, and it must not
// be done by two threads.
void InitLibrary() {
  static std::once_flag once;
  std::call_once(once, [] { mysql_library_init(0, nullptr, nullptr); });
}

void SetOptions(MYSQL* mysql, const Dsn& dsn) {
  const auto seconds = [mysql](mysql_option option, int value) {
    const auto number = static_cast<unsigned>(value);
    mysql_options(mysql, option, &number);
  };
  seconds(MYSQL_OPT_CONNECT_TIMEOUT, dsn.connect_timeout_seconds);
  seconds(MYSQL_OPT_READ_TIMEOUT, dsn.read_timeout_seconds);
  seconds(MYSQL_OPT_WRITE_TIMEOUT, dsn.write_timeout_seconds);
  seconds(MYSQL_OPT_LOCAL_INFILE, 0);
  const my_bool no = 0;
  mysql_options(mysql, MYSQL_OPT_RECONNECT, &no);
  mysql_options(mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4");

  // "Enforce" only asks for it; the library goes on without where the server has none, see Open.
  const my_bool enforce = dsn.tls != Dsn::Tls::kOff;
  const my_bool verify = dsn.tls == Dsn::Tls::kVerify;
  mysql_options(mysql, MYSQL_OPT_SSL_ENFORCE, &enforce);
  mysql_options(mysql, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verify);
  if (!dsn.tls_ca.empty()) mysql_options(mysql, MYSQL_OPT_SSL_CA, dsn.tls_ca.c_str());
  const unsigned protocol = dsn.socket.empty() ? MYSQL_PROTOCOL_TCP : MYSQL_PROTOCOL_SOCKET;
  mysql_options(mysql, MYSQL_OPT_PROTOCOL, &protocol);
}

absl::Status MakeStatus(unsigned number, const char* error, std::string_view doing) {
  absl::Status status(CodeOf(number), absl::StrCat(std::string(doing), ": ", error, " (", number,
                                                   ")", std::string(Advice(number))));
  if (!status.ok()) status.SetPayload(kErrorPayload, absl::Cord(absl::StrCat(number)));
  return status;
}

absl::Status MakeStatus(MYSQL* mysql, std::string_view doing) {
  return MakeStatus(mysql_errno(mysql), mysql_error(mysql), doing);
}

absl::Status MakeStatus(MYSQL_STMT* statement, std::string_view doing) {
  return MakeStatus(mysql_stmt_errno(statement), mysql_stmt_error(statement), doing);
}

}  // namespace

unsigned ServerErrorOf(const absl::Status& status) {
  const absl::optional<absl::Cord> payload = status.GetPayload(kErrorPayload);
  unsigned number = 0;
  if (payload && !absl::SimpleAtoi(std::string(*payload), &number)) number = 0;
  return number;
}

SqlFault FaultOf(const absl::Status& status) { return Classify(ServerErrorOf(status)); }

bool IsRowRefused(const absl::Status& status) {
  switch (ServerErrorOf(status)) {
    case ER_DUP_ENTRY:
    case ER_BAD_NULL_ERROR:
    case ER_DATA_TOO_LONG:
    case ER_WARN_DATA_OUT_OF_RANGE:
    case ER_DATA_OUT_OF_RANGE:
    case WARN_DATA_TRUNCATED:
    case ER_TRUNCATED_WRONG_VALUE:
    case ER_TRUNCATED_WRONG_VALUE_FOR_FIELD:
    case ER_INVALID_CHARACTER_STRING:
    case ER_CONSTRAINT_FAILED:
    case kCheckViolated: return true;
    default: return false;
  }
}

// ---- rows ---------------------------------------------------------------------------------------

SqlRows::SqlRows(SqlRows&& other) noexcept
    : result_(std::exchange(other.result_, nullptr)), row_(other.row_), lengths_(other.lengths_) {}

SqlRows& SqlRows::operator=(SqlRows&& other) noexcept {
  std::swap(result_, other.result_);
  std::swap(row_, other.row_);
  std::swap(lengths_, other.lengths_);
  return *this;
}

SqlRows::~SqlRows() {
  if (result_) mysql_free_result(result_);
}

bool SqlRows::Next() {
  row_ = mysql_fetch_row(result_);
  if (!row_) return false;
  lengths_ = mysql_fetch_lengths(result_);
  return true;
}

std::size_t SqlRows::size() const { return mysql_num_rows(result_); }

std::string_view SqlRows::Text(int column) const {
  return row_[column] ? std::string_view(row_[column], lengths_[column]) : std::string_view();
}

namespace {

template <typename Number>
Number Parse(std::string_view digits) {
  Number number = 0;
  const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return result.ec == std::errc() && result.ptr == digits.data() + digits.size() ? number : 0;
}

}  // namespace

std::uint64_t SqlRows::U64(int column) const { return Parse<std::uint64_t>(Text(column)); }
std::int64_t SqlRows::I64(int column) const { return Parse<std::int64_t>(Text(column)); }

// ---- connection ---------------------------------------------------------------------------------

absl::StatusOr<std::unique_ptr<Connection>> Connection::Open(const Dsn& dsn) {
  InitLibrary();
  MYSQL* const mysql = mysql_init(nullptr);
  if (!mysql) return absl::ResourceExhaustedError("no memory for a connection");
  std::unique_ptr<Connection> connection = absl::WrapUnique(new Connection(mysql));
  SetOptions(mysql, dsn);
  const bool tcp = dsn.socket.empty();
  // CLIENT_FOUND_ROWS: an UPDATE counts the rows it found, changed or not.
  if (!mysql_real_connect(
          mysql, tcp ? dsn.host.c_str() : nullptr, dsn.user.c_str(), dsn.password.c_str(),
          dsn.database.c_str(), tcp ? static_cast<unsigned>(dsn.port) : 0,
          tcp ? nullptr : dsn.socket.c_str(), CLIENT_MULTI_STATEMENTS | CLIENT_FOUND_ROWS)) {
    return MakeStatus(mysql, absl::StrCat("connecting to ", dsn.Location()));
  }
  const bool tls_wanted = dsn.tls == Dsn::Tls::kSkipVerify || dsn.tls == Dsn::Tls::kVerify;
  if (tls_wanted && !mysql_get_ssl_cipher(mysql)) {
    return absl::FailedPreconditionError(
        absl::StrCat("connecting to ", dsn.Location(),
                     ": the server has no TLS; set it up there, or write tls=false"));
  }
  RETURN_IF_ERROR(connection->SetUp());
  return connection;
}

absl::Status Connection::SetUp() {
  server_version_ = mysql_get_server_info(mysql_);
  is_mariadb_ = mysql_get_server_name(mysql_) == std::string_view("MariaDB") ||
                server_version_.find("MariaDB") != std::string::npos;
  unsigned long extended = 0;  // MariaDB's capabilities beyond the first 32
  takes_bulk_ =
      is_mariadb_ &&
      mariadb_get_infov(mysql_, MARIADB_CONNECTION_EXTENDED_SERVER_CAPABILITIES, &extended) == 0 &&
      (extended & (MARIADB_CLIENT_STMT_BULK_OPERATIONS >> 32)) != 0;
  const bool limited = kMysqlFault != MysqlFault::kSessionsWithoutLimit;
  std::string settings = absl::StrCat(
      "SET NAMES utf8mb4 COLLATE utf8mb4_bin;"
      "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED;"
      "SET SESSION time_zone = '+00:00',"
      " sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,ERROR_FOR_DIVISION_BY_ZERO',"
      " wait_timeout = ",
      limited ? kIdleLimitSeconds : 600, ", innodb_lock_wait_timeout = ", kLockWaitSeconds);
  if (is_mariadb_) {
    // Long lists of ids are to be looked up in the index, not joined as a table.
    absl::StrAppend(&settings, ", in_predicate_conversion_threshold = 0");
  }
  return Run(settings).status();
}

Connection::Connection(st_mysql* mysql) : mysql_(mysql) { ++open_connections; }

Connection::~Connection() {
  for (const auto& [text, statement] : prepared_) mysql_stmt_close(statement);
  mysql_close(mysql_);
  --open_connections;
}

int Connection::OpenNow() { return open_connections; }

absl::Status Connection::Fault(std::string_view doing) const { return MakeStatus(mysql_, doing); }

absl::StatusOr<std::vector<SqlRows>> Connection::Run(std::string_view statements) {
  std::vector<SqlRows> results;
  if (mysql_real_query(mysql_, statements.data(), statements.size()) != 0) {
    return Fault("asking the database");
  }
  for (;;) {
    if (MYSQL_RES* const result = mysql_store_result(mysql_)) {
      results.emplace_back(result);
    } else if (mysql_errno(mysql_) != 0) {
      return Fault("reading the database's answer");
    }
    const int more = mysql_next_result(mysql_);
    if (more > 0) return Fault("asking the database");
    if (more < 0) return results;
  }
}

absl::Status Connection::RunAll(const std::vector<std::string>& packets) {
  for (const std::string& packet : packets) RETURN_IF_ERROR(Run(packet).status());
  return absl::OkStatus();
}

absl::StatusOr<MYSQL_STMT*> Connection::Prepare(const std::string& statement) {
  MYSQL_STMT*& prepared = prepared_[statement];
  if (prepared) return prepared;
  MYSQL_STMT* const made = mysql_stmt_init(mysql_);
  if (!made) return absl::ResourceExhaustedError("no memory for a prepared statement");
  if (mysql_stmt_prepare(made, statement.data(), statement.size()) != 0) {
    absl::Status fault = MakeStatus(made, "preparing a statement");
    mysql_stmt_close(made);
    return fault;
  }
  return prepared = made;
}

absl::Status Connection::RunBulk(const std::string& statement, MYSQL_BIND* columns, unsigned rows) {
  ASSIGN_OR_RETURN(MYSQL_STMT* const prepared, Prepare(statement));
  if (mysql_stmt_attr_set(prepared, STMT_ATTR_ARRAY_SIZE, &rows) != 0 ||
      mysql_stmt_bind_param(prepared, columns) != 0 || mysql_stmt_execute(prepared) != 0) {
    return MakeStatus(prepared, "asking the database");
  }
  return absl::OkStatus();
}

}  // namespace inventory
