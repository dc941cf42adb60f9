// Numbered changes of the database's tables, and how far a database has come.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "mysql/connection.h"

namespace inventory {

// A file of schema/mysql, NNNN_name.sql. Once released it never changes.
struct Migration {
  int version = 0;        // 1, 2, … without a gap
  std::string_view name;  // "0001_stock"
  std::string_view sql;   // statements, each ended by ';', with comments
};

// This program's, in order.
const std::vector<Migration>& Migrations();

// Takes the database from where it is to the last of `known`, which is not empty. The caller holds
// the lock of schema.h.
//
// MySQL ends a transaction before every change of a table, so a crash can come between two
// statements. The table inventory_migrations therefore counts them: each is run together with the
// count. What was cut short goes on behind the last statement counted; the first one there may have
// been done and not counted, and then it says that what it makes exists already, which is as good.
//
// FailedPrecondition: a newer schema, or tables with our names that this service did not make.
absl::Status Migrate(Connection& connection, const std::vector<Migration>& known);

// What Migrate refuses before it does anything. `leaving`: tables that will be gone by then.
absl::Status CheckMayMigrate(Connection& connection, const std::vector<Migration>& known,
                             const std::vector<std::string>& leaving);

// The statements of a text, without comments ("--" to the end of the line) and the ';' at their
// ends. Texts in quotes are kept as they are; a backslash in one means itself.
std::vector<std::string> SplitStatements(std::string_view sql);

// The same code and payloads with a text before the message, or behind it.
absl::Status Prefixed(std::string_view text, const absl::Status& status);
absl::Status Suffixed(const absl::Status& status, std::string_view text);

}  // namespace inventory
