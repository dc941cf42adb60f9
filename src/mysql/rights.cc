#include "mysql/rights.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "mysql/migrations.h"
#include "mysql/sql_text.h"

namespace inventory {
namespace {

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

}  // namespace

absl::Status WithGrant(Connection& connection, const absl::Status& status,
                       std::string_view rights) {
  if (!absl::IsPermissionDenied(status)) return status;
  absl::StatusOr<std::vector<SqlRows>> results =
      connection.Run("SELECT DATABASE(), CURRENT_USER()");
  if (!results.ok() || !results->front().Next()) return status;
  const SqlRows& row = results->front();
  return Suffixed(status,
                  absl::StrCat("; the service needs: GRANT ", std::string(rights), " ON ",
                               GrantObject(row.Text(0)), " TO ", GrantAccount(row.Text(1))));
}

}  // namespace inventory
