#include "store/mysql/batch_transaction.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "mysql/sql_text.h"
#include "stock/rules.h"

namespace inventory {
namespace {

// Ids a statement, at most: it keeps the optimizer's ranges small.
constexpr std::size_t kIdsAStatement = 2'000;
constexpr std::size_t kRequestsAStatement = 200;

// Adds "<before> (1,2,3) <after>;" for as many statements as the numbers need; says how many.
template <typename Numbers>
std::size_t AppendInStatements(std::string& sql, std::string_view before, const Numbers& numbers,
                               std::string_view after) {
  std::size_t statements = 0;
  for (auto next = numbers.begin(); next != numbers.end(); ++statements) {
    std::vector<std::uint64_t> some;
    for (; next != numbers.end() && some.size() < kIdsAStatement; ++next) some.push_back(*next);
    absl::StrAppend(&sql, std::string(before), "(");
    AppendList(sql, some);
    absl::StrAppend(&sql, ")", std::string(after), ";");
  }
  return statements;
}

// The optimizer would scan a small table and lock every row of it.
std::string SelectByKey(std::string_view columns, std::string_view table, std::string_view key) {
  return absl::StrCat("SELECT ", std::string(columns), " FROM ", std::string(table),
                      " FORCE INDEX (PRIMARY) WHERE ", std::string(key), " IN ");
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

absl::Status Unexpected() {
  return absl::InternalError("the database answered with fewer results than were asked for");
}

}  // namespace

absl::StatusOr<DecidedBatch> BatchTransaction::Decide(const std::vector<Command>& commands) {
  RETURN_IF_ERROR(Begin());
  RETURN_IF_ERROR(LoadReservations());
  RETURN_IF_ERROR(LoadBooksAndLines());
  if (const std::vector<OrderId> unseen = facts_.UnseenReservations(); !unseen.empty()) {
    needed_.reservations.insert(unseen.begin(), unseen.end());
    return absl::AbortedError("more reservations must be locked");
  }
  DecidedBatch decided;
  decided.replies.reserve(commands.size());
  for (const Command& command : commands) {
    decided.replies.push_back(inventory::Decide(command, now_, facts_));
  }
  RowStatements statements;
  facts_.Write(statements);
  decided.packets = statements.Packets("COMMIT");
  decided.changes = facts_.TakeChanges();
  return decided;
}

absl::Status BatchTransaction::Begin() {
  ASSIGN_OR_RETURN(std::vector<SqlRows> results,
                   connection_.Run(absl::StrCat(
                       "START TRANSACTION;UPDATE writers SET batch=", mark_.batch,
                       ",seen_at=UTC_TIMESTAMP(3) WHERE writer=", mark_.writer,
                       ";SELECT store, UTC_TIMESTAMP(3), (SELECT batch FROM writers WHERE writer=",
                       mark_.writer, ") FROM store_owner WHERE id=1 LOCK IN SHARE MODE")));
  if (results.size() != 1) return Unexpected();
  if (!results[0].Next() || results[0].Text(0) != "mysql") {
    return absl::FailedPreconditionError(
        "the database's stock is not the mysql store's any more (see table store_owner); stop this "
        "instance, or hand the stock over with inventoryctl handover");
  }
  if (results[0].IsNull(2)) return absl::NotFoundError("the writer's row is gone");
  const std::optional<TimeMs> server = ParseTime(results[0].Text(1));
  if (!server) return Unexpected();
  now_ = time_.At(*server);
  return absl::OkStatus();
}

absl::Status BatchTransaction::LoadReservations() {
  if (needed_.reservations.empty()) return absl::OkStatus();
  std::string sql;
  AppendInStatements(sql, SelectByKey(kReservationColumns, "reservations", "order_id"),
                     needed_.reservations, " ORDER BY order_id FOR UPDATE");
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
  AppendInStatements(sql, SelectByKey(kLineColumns, "order_lines", "order_id"), orders,
                     " AND reserved_position IS NOT NULL ORDER BY order_id");
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

absl::Status BatchTransaction::LoadBooksAndLines() {
  std::string sql;
  const std::size_t book_results =
      AppendInStatements(sql, SelectByKey(kBookColumns, "inventory", "book_id"), needed_.books,
                         " ORDER BY book_id FOR UPDATE");
  const std::size_t line_results = AppendInStatements(
      sql, SelectByKey(kLineColumns, "order_lines", "order_id"), needed_.orders, "");
  const std::size_t request_results = AppendRequestStatements(sql, needed_.requests);
  if (sql.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(std::vector<SqlRows> results, connection_.Run(sql));
  if (results.size() != book_results + line_results + request_results) return Unexpected();
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (i < book_results) {
      RETURN_IF_ERROR(TakeBooks(results[i]));
    } else if (i < book_results + line_results) {
      RETURN_IF_ERROR(TakeLines(results[i]));
    } else {
      RETURN_IF_ERROR(TakeRequests(results[i]));
    }
  }
  return absl::OkStatus();
}

absl::Status BatchTransaction::TakeBooks(SqlRows& rows) {
  while (rows.Next()) {
    ASSIGN_OR_RETURN(const BookStock stock, ReadBook(rows));
    facts_.LoadBook(stock);
    // Another instance may have seen a later time than this one: a book's log never runs backwards.
    if (const std::optional<TimeMs> updated = ParseTime(rows.Text(4))) {
      now_ = std::max(now_, *updated);
    }
  }
  return absl::OkStatus();
}

absl::Status BatchTransaction::TakeLines(SqlRows& rows) {
  while (rows.Next()) {
    ASSIGN_OR_RETURN(const StoredLine line, ReadLine(rows));
    facts_.LoadLine(line);
  }
  return absl::OkStatus();
}

absl::Status BatchTransaction::TakeRequests(SqlRows& rows) {
  while (rows.Next()) {
    ASSIGN_OR_RETURN(const StoredRequest request, ReadRequest(rows));
    facts_.LoadRequest(request);
  }
  return absl::OkStatus();
}

}  // namespace inventory
