#include "mysql/fact_loader.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "mysql/fault.h"
#include "mysql/rows.h"
#include "mysql/sql_text.h"

namespace inventory {
namespace {

// Ids a statement, at most: it keeps the optimizer's ranges small, and MariaDB makes a temporary
// table of a list of 1,000.
constexpr std::size_t kIdsAStatement = 500;
constexpr std::size_t kRequestsAStatement = 200;

struct Selection {
  std::string_view columns;
  std::string_view table;
  std::string_view key;
  std::string after;  // behind the condition
};

// For as many statements as the ids need; says how many.
template <typename Ids>
std::size_t AppendSelects(std::string& sql, const Selection& selection, const Ids& ids) {
  std::size_t statements = 0;
  for (auto next = ids.begin(); next != ids.end(); ++statements) {
    std::vector<std::uint64_t> some;
    for (; next != ids.end() && some.size() < kIdsAStatement; ++next) some.push_back(*next);
    // The optimizer would scan a small table and lock every row of it.
    absl::StrAppend(&sql, "SELECT ", std::string(selection.columns), " FROM ",
                    std::string(selection.table), " FORCE INDEX (PRIMARY) WHERE ");
    AppendIsOneOf(sql, selection.key, some);
    absl::StrAppend(&sql, selection.after, ";");
  }
  return statements;
}

std::size_t AppendRequestStatements(
    std::string& sql, const absl::btree_set<std::pair<BookId, std::string>>& requests) {
  std::size_t statements = 0;
  for (auto next = requests.begin(); next != requests.end(); ++statements) {
    absl::StrAppend(&sql, "SELECT ", kRequestColumns,
                    " FROM request_ids FORCE INDEX (PRIMARY) WHERE ");
    for (std::size_t i = 0; next != requests.end() && i < kRequestsAStatement; ++next, ++i) {
      absl::StrAppend(&sql, i == 0 ? "" : " OR ", "(book_id=", next->first, " AND request_id=");
      AppendQuoted(sql, next->second);
      sql += ')';
    }
    sql += ';';
  }
  return statements;
}

}  // namespace

absl::Status FactLoader::Load() {
  RETURN_IF_ERROR(LoadReservations());
  return LoadBooksAndLines();
}

absl::Status FactLoader::LoadReservations() {
  if (needed_.reservations.empty()) return absl::OkStatus();
  std::string sql;
  AppendSelects(sql,
                {kReservationColumns, "reservations", "order_id",
                 absl::StrCat(" ORDER BY order_id", for_update())},
                needed_.reservations);
  ASSIGN_OR_RETURN(std::vector<SqlRows> results, connection_.Run(sql));
  std::vector<StoredReservation> found;
  std::vector<OrderId> orders;
  for (SqlRows& rows : results) {
    while (rows.Next()) {
      ASSIGN_OR_RETURN(StoredReservation reservation, ReadReservation(rows));
      orders.push_back(reservation.order);
      found.push_back(std::move(reservation));
    }
  }
  if (found.empty()) return absl::OkStatus();

  // Whoever changes a reserved line holds its reservation, so these stand still now.
  sql.clear();
  AppendSelects(
      sql, {kLineColumns, "order_lines", "order_id", " AND reserved_position IS NOT NULL"}, orders);
  ASSIGN_OR_RETURN(results, connection_.Run(sql));
  absl::flat_hash_map<OrderId, std::vector<StoredLine>> lines;
  for (SqlRows& rows : results) {
    while (rows.Next()) {
      ASSIGN_OR_RETURN(const StoredLine line, ReadLine(rows));
      lines[line.key.order].push_back(line);
      needed_.orders.insert(line.key.order);
      needed_.books.insert(line.key.book);
    }
  }
  for (StoredReservation& each : found) {
    AddLines(lines[each.order], each.reservation);
    facts_.LoadReservation(each.order, std::move(each.reservation));
  }
  return absl::OkStatus();
}

absl::Status FactLoader::LoadBooksAndLines() {
  std::string sql;
  std::vector<Taker> takers;  // of each result
  const auto ask_for_lines = [&] {
    takers.resize(takers.size() + AppendSelects(sql, {kLineColumns, "order_lines", "order_id", ""},
                                                needed_.orders),
                  &FactLoader::TakeLines);
  };
  constexpr bool kLinesFirst = kMysqlFault == MysqlFault::kLinesBeforeLocks;
  if (kLinesFirst) ask_for_lines();
  takers.resize(takers.size() + AppendSelects(sql,
                                              {kBookColumns, "inventory", "book_id",
                                               absl::StrCat(" ORDER BY book_id", for_update())},
                                              needed_.books),
                &FactLoader::TakeBooks);
  if (!kLinesFirst) ask_for_lines();
  takers.resize(takers.size() + AppendRequestStatements(sql, needed_.requests),
                &FactLoader::TakeRequests);
  if (sql.empty()) return absl::OkStatus();

  ASSIGN_OR_RETURN(std::vector<SqlRows> results, connection_.Run(sql));
  if (results.size() != takers.size()) {
    return absl::InternalError("the database answered with fewer results than were asked for");
  }
  for (std::size_t i = 0; i < results.size(); ++i) {
    RETURN_IF_ERROR((this->*takers[i])(results[i]));
  }
  return absl::OkStatus();
}

absl::Status FactLoader::TakeBooks(SqlRows& rows) {
  while (rows.Next()) {
    ASSIGN_OR_RETURN(const BookStock stock, ReadBook(rows));
    facts_.LoadBook(stock);
    newest_update_ = std::max(newest_update_, ParseTime(rows.Text(4)).value_or(0));
  }
  return absl::OkStatus();
}

absl::Status FactLoader::TakeLines(SqlRows& rows) {
  while (rows.Next()) {
    ASSIGN_OR_RETURN(const StoredLine line, ReadLine(rows));
    facts_.LoadLine(line);
  }
  return absl::OkStatus();
}

absl::Status FactLoader::TakeRequests(SqlRows& rows) {
  while (rows.Next()) {
    ASSIGN_OR_RETURN(const StoredRequest request, ReadRequest(rows));
    facts_.LoadRequest(request);
  }
  return absl::OkStatus();
}

}  // namespace inventory
