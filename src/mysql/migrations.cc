#include "mysql/migrations.h"

#include <mysqld_error.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status_macros.h"
#include "mysql/sql_text.h"
#include "telemetry/log.h"

namespace inventory {
namespace {

struct EmbeddedFile {
  std::string_view name;
  std::string_view text;
};

constexpr EmbeddedFile kFiles[] = {
#include "mysql_migrations.inc"
};

constexpr char kMakeTable[] =
    "CREATE TABLE IF NOT EXISTS inventory_migrations ("
    "version INT UNSIGNED NOT NULL,"
    "name VARCHAR(100) NOT NULL,"
    "statements_done INT UNSIGNED NOT NULL,"
    "started_at DATETIME(3) NOT NULL,"
    "finished_at DATETIME(3) NULL,"
    "PRIMARY KEY (version)"
    ") ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin";

// What a statement says whose work is done already.
bool SaysDoneAlready(const absl::Status& fault) {
  switch (ServerErrorOf(fault)) {
    case ER_TABLE_EXISTS_ERROR:
    case ER_BAD_TABLE_ERROR:  // dropped already
    case ER_DUP_FIELDNAME:
    case ER_DUP_KEYNAME:
    case ER_CANT_DROP_FIELD_OR_KEY: return true;
    default: return false;
  }
}

// How far one migration has come.
struct Progress {
  int version = 0;
  std::string name;
  std::size_t statements_done = 0;
  bool finished = false;
};

absl::StatusOr<bool> HasTable(Connection& connection, std::string_view table) {
  std::string sql =
      "SELECT 1 FROM information_schema.tables WHERE table_schema=DATABASE() AND table_name=";
  AppendQuoted(sql, table);
  ASSIGN_OR_RETURN(const std::vector<SqlRows> results, connection.Run(sql));
  return results.front().size() > 0;
}

// Ascending by version; empty where there is not even the table.
absl::StatusOr<std::vector<Progress>> ReadProgress(Connection& connection) {
  std::vector<Progress> progress;
  ASSIGN_OR_RETURN(const bool has_table, HasTable(connection, "inventory_migrations"));
  if (!has_table) return progress;
  ASSIGN_OR_RETURN(std::vector<SqlRows> results,
                   connection.Run("SELECT version, name, statements_done, finished_at FROM"
                                  " inventory_migrations ORDER BY version"));
  SqlRows& rows = results.front();
  while (rows.Next()) {
    progress.push_back({rows.I32(0), std::string(rows.Text(1)),
                        static_cast<std::size_t>(rows.U64(2)), !rows.IsNull(3)});
  }
  return progress;
}

// The tables that the migrations make.
std::vector<std::string> MadeTables(const std::vector<Migration>& known) {
  constexpr std::string_view kCreate = "CREATE TABLE ";
  std::vector<std::string> tables;
  for (const Migration& migration : known) {
    for (const std::string& statement : SplitStatements(migration.sql)) {
      if (!statement.starts_with(kCreate)) continue;
      const std::size_t end = statement.find_first_of(" (", kCreate.size());
      tables.push_back(statement.substr(kCreate.size(), end - kCreate.size()));
    }
  }
  return tables;
}

// Before the first migration: none of the tables may be there, but for those that are leaving.
absl::Status CheckNobodyElses(Connection& connection, const std::vector<Migration>& known,
                              const std::vector<std::string>& leaving) {
  std::vector<std::string> there;
  for (const std::string& table : MadeTables(known)) {
    if (std::find(leaving.begin(), leaving.end(), table) != leaving.end()) continue;
    ASSIGN_OR_RETURN(const bool found, HasTable(connection, table));
    if (found) there.push_back(table);
  }
  if (there.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "the database holds tables that this service did not make, with names that it needs: ",
      absl::StrJoin(there, ", "), "; name a database of its own in database.dsn"));
}

absl::Status CheckNotNewer(const std::vector<Progress>& progress,
                           const std::vector<Migration>& known) {
  if (progress.empty() || progress.back().version <= known.back().version) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("the database's tables are of version ", progress.back().version, " (",
                   progress.back().name, "), and this program knows them up to ",
                   known.back().version, " (", std::string(known.back().name),
                   "); run the newer program, or name another database in "
                   "database.dsn"));
}

std::string Where(const Migration& migration) {
  return absl::StrCat(" WHERE version=", migration.version);
}

// One statement and its being counted. A change of rows is one transaction with the count; a change
// of tables is not, see SaysDoneAlready.
absl::Status RunCounted(Connection& connection, const Migration& migration,
                        const std::string& statement, std::size_t number, bool may_be_done) {
  const std::string count =
      absl::StrCat("UPDATE inventory_migrations SET statements_done=", number, Where(migration));
  const absl::Status done =
      connection.Run(absl::StrCat("START TRANSACTION;", statement, ";", count, ";COMMIT")).status();
  if (done.ok() || FaultOf(done) == SqlFault::kGone) return done;
  RETURN_IF_ERROR(connection.Run("ROLLBACK").status());
  if (may_be_done && SaysDoneAlready(done)) return connection.Run(count).status();
  return done;
}

absl::Status Apply(Connection& connection, const Migration& migration, const Progress* cut_short) {
  if (!cut_short) {
    std::string begin = absl::StrCat(kMakeTable, ";INSERT INTO inventory_migrations VALUES (",
                                     migration.version, ",");
    AppendQuoted(begin, migration.name);
    begin += ",0,UTC_TIMESTAMP(3),NULL)";
    RETURN_IF_ERROR(connection.Run(begin).status());
  }
  const std::vector<std::string> statements = SplitStatements(migration.sql);
  const std::size_t first = cut_short ? cut_short->statements_done : 0;
  for (std::size_t i = first; i < statements.size(); ++i) {
    const bool may_be_done = cut_short && i == first;
    const absl::Status done = RunCounted(connection, migration, statements[i], i + 1, may_be_done);
    if (!done.ok()) {
      return Prefixed(absl::StrCat("changing the tables, ", std::string(migration.name),
                                   ", statement ", i + 1, " of ", statements.size(), ": "),
                      done);
    }
  }
  RETURN_IF_ERROR(
      connection
          .Run(absl::StrCat("UPDATE inventory_migrations SET finished_at=UTC_TIMESTAMP(3)",
                            Where(migration)))
          .status());
  LogInfo("brought the database's tables to a new version",
          {{"version", std::string(migration.name)}, {"went_on", cut_short != nullptr}});
  return absl::OkStatus();
}

absl::Status CheckProgress(Connection& connection, const std::vector<Progress>& progress,
                           const std::vector<Migration>& known,
                           const std::vector<std::string>& leaving) {
  RETURN_IF_ERROR(CheckNotNewer(progress, known));
  return progress.empty() ? CheckNobodyElses(connection, known, leaving) : absl::OkStatus();
}

absl::Status WithMessage(const absl::Status& status, const std::string& message) {
  absl::Status with(status.code(), message);
  status.ForEachPayload(
      [&with](absl::string_view url, const absl::Cord& payload) { with.SetPayload(url, payload); });
  return with;
}

}  // namespace

const std::vector<Migration>& Migrations() {
  static const auto* const migrations = [] {
    auto* made = new std::vector<Migration>;
    for (const EmbeddedFile& file : kFiles) {
      Migration migration{0, file.name.substr(0, file.name.rfind('.')), file.text};
      std::from_chars(file.name.data(), file.name.data() + file.name.size(), migration.version);
      made->push_back(migration);
    }
    return made;
  }();
  return *migrations;
}

absl::Status CheckMayMigrate(Connection& connection, const std::vector<Migration>& known,
                             const std::vector<std::string>& leaving) {
  ASSIGN_OR_RETURN(const std::vector<Progress> progress, ReadProgress(connection));
  return CheckProgress(connection, progress, known, leaving);
}

absl::Status Migrate(Connection& connection, const std::vector<Migration>& known) {
  ASSIGN_OR_RETURN(const std::vector<Progress> progress, ReadProgress(connection));
  RETURN_IF_ERROR(CheckProgress(connection, progress, known, {}));
  for (const Migration& migration : known) {
    const auto found = std::find_if(progress.begin(), progress.end(), [&](const Progress& p) {
      return p.version == migration.version;
    });
    if (found != progress.end() && found->finished) continue;
    RETURN_IF_ERROR(Apply(connection, migration, found != progress.end() ? &*found : nullptr));
  }
  return absl::OkStatus();
}

std::vector<std::string> SplitStatements(std::string_view sql) {
  std::vector<std::string> statements;
  std::string statement;
  char quote = 0;
  for (std::size_t i = 0; i < sql.size(); ++i) {
    const char c = sql[i];
    if (quote == 0 && sql.substr(i).starts_with("--")) {
      i = std::min(sql.find('\n', i), sql.size()) - 1;
      continue;
    }
    if (quote == 0 && c == ';') {
      statements.push_back(std::move(statement));
      statement.clear();
      continue;
    }
    if (quote == 0 && (c == '\'' || c == '"' || c == '`')) {
      quote = c;
    } else if (c == quote) {
      quote = 0;  // a doubled quote ends one text and begins the next
    }
    const bool leading_space = statement.empty() && (c == '\n' || c == ' ');
    if (!leading_space) statement += c;
  }
  if (!statement.empty()) statements.push_back(std::move(statement));
  return statements;
}

absl::Status Prefixed(std::string_view text, const absl::Status& status) {
  return WithMessage(status, absl::StrCat(std::string(text), std::string(status.message())));
}

absl::Status Suffixed(const absl::Status& status, std::string_view text) {
  return WithMessage(status, absl::StrCat(std::string(status.message()), std::string(text)));
}

}  // namespace inventory
