// Questions to a real database, in a word.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "base/status_matchers.h"
#include "mysql/connection.h"

namespace inventory {

// Runs the statements; the first column of the last result. A fault is a failure of the test.
inline std::vector<std::string> AskSql(Connection& connection, std::string_view sql) {
  std::vector<std::string> values;
  absl::StatusOr<std::vector<SqlRows>> results = connection.Run(sql);
  EXPECT_OK(results) << sql;
  if (!results.ok() || results->empty()) return values;
  while (results->back().Next()) values.emplace_back(results->back().Text(0));
  return values;
}

}  // namespace inventory
