#include "mysql/reads.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "mysql/rows.h"
#include "mysql/sql_text.h"

namespace inventory {
namespace {

// Runs what has as many results as are asked for.
absl::StatusOr<std::vector<SqlRows>> Ask(Connection& connection, const std::string& sql,
                                         std::size_t results) {
  ASSIGN_OR_RETURN(std::vector<SqlRows> answered, connection.Run(sql));
  if (answered.size() != results) {
    return absl::InternalError("the database answered with other results than were asked for");
  }
  return answered;
}

absl::StatusOr<TimeMs> Now(Connection& connection, StoreTime& time) {
  ASSIGN_OR_RETURN(std::vector<SqlRows> results,
                   Ask(connection, "SELECT UTC_TIMESTAMP(3)", /*results=*/1));
  const std::optional<TimeMs> now =
      results[0].Next() ? ParseTime(results[0].Text(0)) : std::nullopt;
  if (!now) return absl::InternalError("the database does not tell the time");
  return time.At(*now);
}

absl::StatusOr<std::vector<Movement>> TakeMovements(SqlRows& rows) {
  std::vector<Movement> movements;
  movements.reserve(rows.size());
  while (rows.Next()) {
    ASSIGN_OR_RETURN(Movement movement, ReadMovement(rows));
    movements.push_back(std::move(movement));
  }
  return movements;
}

// " AND …" for each filter of the query.
std::string Filters(const MovementQuery& query) {
  std::string sql;
  if (query.order != 0) absl::StrAppend(&sql, " AND order_id=", query.order);
  if (query.type) {
    absl::StrAppend(&sql, " AND change_type='", std::string(Name(*query.type)), "'");
  }
  if (query.since != 0) absl::StrAppend(&sql, " AND created_at>=", QuotedTime(query.since));
  if (query.until != 0) absl::StrAppend(&sql, " AND created_at<", QuotedTime(query.until));
  return sql;
}

}  // namespace

absl::StatusOr<std::vector<BookStock>> ReadStock(Connection& connection,
                                                 const std::vector<BookId>& books) {
  if (books.empty()) return std::vector<BookStock>();
  std::string sql =
      absl::StrCat("SELECT ", kBookColumns, " FROM inventory FORCE INDEX (PRIMARY) WHERE ");
  AppendIsOneOf(sql, "book_id", books);
  ASSIGN_OR_RETURN(std::vector<SqlRows> results, Ask(connection, sql, 1));
  absl::flat_hash_map<BookId, BookStock> found;
  while (results[0].Next()) {
    ASSIGN_OR_RETURN(const BookStock stock, ReadBook(results[0]));
    found[stock.book] = stock;
  }
  std::vector<BookStock> stocks;
  stocks.reserve(books.size());
  for (const BookId book : books) {
    const auto stock = found.find(book);
    stocks.push_back(stock == found.end() ? BookStock{book, false, {}} : stock->second);
  }
  return stocks;
}

absl::StatusOr<StockPage> ListStock(Connection& connection, const StockListQuery& query) {
  std::string sql =
      absl::StrCat("SELECT ", kBookColumns, " FROM inventory WHERE book_id>", query.after);
  if (query.below) absl::StrAppend(&sql, " AND stock<", *query.below);
  absl::StrAppend(&sql, " ORDER BY book_id LIMIT ", query.limit + 1);
  ASSIGN_OR_RETURN(std::vector<SqlRows> results, Ask(connection, sql, 1));
  StockPage page;
  while (results[0].Next()) {
    if (page.books.size() == static_cast<std::size_t>(query.limit)) {
      page.next_after = page.books.back().book;
      break;
    }
    ASSIGN_OR_RETURN(const BookStock stock, ReadBook(results[0]));
    page.books.push_back(stock);
  }
  return page;
}

absl::StatusOr<OrderFacts> ReadOrder(Connection& connection, StoreTime& time, OrderId order,
                                     bool want_movements) {
  ASSIGN_OR_RETURN(const TimeMs now, Now(connection, time));
  return ReadOrderAt(connection, now, order, want_movements);
}

absl::StatusOr<OrderFacts> ReadOrderAt(Connection& connection, TimeMs now, OrderId order,
                                       bool want_movements) {
  const std::string of_order = absl::StrCat(" WHERE order_id=", order);
  std::string sql = absl::StrCat(
      "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ;"
      "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY;"
      "SELECT ",
      kReservationColumns, " FROM reservations", of_order, ";SELECT ", kLineColumns,
      " FROM order_lines", of_order, " ORDER BY book_id;");
  if (want_movements) {
    absl::StrAppend(&sql, "SELECT ", kMovementColumns, " FROM inventory_logs", of_order, ";");
  }
  sql += "COMMIT";
  ASSIGN_OR_RETURN(std::vector<SqlRows> results, Ask(connection, sql, want_movements ? 3 : 2));

  std::vector<StoredLine> lines;
  while (results[1].Next()) {
    ASSIGN_OR_RETURN(const StoredLine line, ReadLine(results[1]));
    lines.push_back(line);
  }
  OrderFacts facts;
  if (results[0].Next()) {
    ASSIGN_OR_RETURN(StoredReservation stored, ReadReservation(results[0]));
    facts.reservation = std::move(stored.reservation);
    AddLines(lines, *facts.reservation);
    if (facts.reservation->Passed(now)) facts.reservation->state = ReservationState::kExpired;
  }
  const bool expired = facts.reservation && facts.reservation->state == ReservationState::kExpired;
  for (const StoredLine& stored : lines) {
    OrderLine line = stored.line;
    if (line.state == LineState::kTombstone) continue;
    if (expired && line.state == LineState::kReserved) {
      line = {LineState::kExpired, line.quantity, line.quantity};
    }
    facts.lines.push_back({stored.key.book, line});
  }
  if (want_movements) {
    ASSIGN_OR_RETURN(facts.movements, TakeMovements(results[2]));
    SortOldestFirst(facts.reservation, facts.movements);
    if (facts.movements.size() > kMaxOrderMovements) facts.movements.resize(kMaxOrderMovements);
  }
  return facts;
}

absl::StatusOr<MovementPage> ReadMovements(Connection& connection, const MovementQuery& query) {
  ASSIGN_OR_RETURN(const std::vector<BookStock> book, ReadStock(connection, {query.book}));
  MovementPage page;
  page.book_known = book.front().known;
  page.last_sequence = book.front().balance.sequence;
  std::uint64_t below = page.last_sequence + 1;
  if (query.below_sequence != 0) below = std::min(below, query.below_sequence);
  // A book's sequence has no gap, so movements can be skipped by number.
  below -= std::min(below, query.skip);
  if (below <= 1) return page;

  // By an order the index finds them; any other filter looks at a window, so that a call ends.
  const bool windowed = query.filtered() && query.order == 0 && below > kFilteredWindow;
  const std::uint64_t from = windowed ? below - kFilteredWindow : 1;
  ASSIGN_OR_RETURN(
      std::vector<SqlRows> results,
      Ask(connection,
          absl::StrCat("SELECT ", kMovementColumns, " FROM inventory_logs WHERE book_id=",
                       query.book, " AND sequence<", below, " AND sequence>=", from, Filters(query),
                       " ORDER BY sequence DESC LIMIT ", query.limit + 1),
          1));
  ASSIGN_OR_RETURN(page.movements, TakeMovements(results[0]));
  if (page.movements.size() > static_cast<std::size_t>(query.limit)) {
    page.movements.pop_back();
    page.next_below = page.movements.back().sequence;
  } else if (windowed) {
    page.next_below = from;
  }
  return page;
}

absl::StatusOr<std::vector<OrderId>> ReadDue(Connection& connection, StoreTime& time, int limit) {
  ASSIGN_OR_RETURN(const TimeMs now, Now(connection, time));
  ASSIGN_OR_RETURN(
      std::vector<SqlRows> results,
      Ask(connection,
          absl::StrCat("SELECT order_id FROM reservations WHERE state='reserved' AND deadline<=",
                       QuotedTime(now), " ORDER BY deadline, order_id LIMIT ", limit),
          1));
  std::vector<OrderId> orders;
  while (results[0].Next()) orders.push_back(results[0].U64(0));
  return orders;
}

}  // namespace inventory
