// Values as SQL text. Statements are built as text because a batch is one multi-row statement,
// which the protocol of prepared statements does not have on every server.
//
// The session's character set is utf8mb4 and its sql_mode leaves backslashes their meaning
// (connection.h sets both), so escaping bytes one by one is safe.
#pragma once

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

// Numbers as a list for IN: "1,2,3". Must not be empty.
template <typename Numbers>
void AppendList(std::string& sql, const Numbers& numbers) {
  const char* comma = "";
  for (const auto number : numbers) {
    sql += comma;
    sql += std::to_string(number);
    comma = ",";
  }
}

}  // namespace inventory
