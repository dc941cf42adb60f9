// Values as SQL text. A batch is one statement of many rows, which not every server has as a
// prepared one; where it has, the ledger sends its rows as values (bulk_insert.h).
//
// The session's character set is utf8mb4 and its sql_mode leaves backslashes their meaning
// (connection.h sets both), so escaping bytes one by one is safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace inventory {

// 'text', escaped.
void AppendQuoted(std::string& sql, std::string_view text);

// '2026-08-01 09:15:00.123', a DATETIME(3) in UTC. Times before 1970 read as 1970.
std::string QuotedTime(TimeMs time);
// A DATETIME(3) column's text. Nullopt: it is none.
std::optional<TimeMs> ParseTime(std::string_view text);

// Whether the column is one of the ids: "(book_id IN (1,2) OR book_id IN (18446744073709551615))".
// From 2^63 a literal has another type than below it, and a list of both types would use no index:
// the server reads, and locks, the whole table. Must not be empty.
template <typename Ids>
void AppendIsOneOf(std::string& sql, std::string_view column, const Ids& ids) {
  std::string lists[2];
  for (const std::uint64_t id : ids) {
    std::string& list = lists[id >> 63];
    if (!list.empty()) list += ',';
    list += std::to_string(id);
  }
  std::string_view before = "(";
  for (const std::string& list : lists) {
    if (list.empty()) continue;
    sql.append(before).append(column).append(" IN (").append(list).append(")");
    before = " OR ";
  }
  sql += ')';
}

}  // namespace inventory
