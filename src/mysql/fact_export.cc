#include "mysql/fact_export.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "mysql/connection.h"
#include "mysql/rows.h"
#include "mysql/sql_text.h"
#include "stock/store_health.h"

namespace inventory {
namespace {

// A reader of the export may take its time: longer than a session's usual idle limit.
constexpr int kIdleLimitSeconds = 3'600;

class Export : public FactReader {
 public:
  Export(std::unique_ptr<Connection> connection, Worker& worker)
      : connection_(std::move(connection)), worker_(worker) {}

  void Next(int limit, Done<std::vector<Fact>> done) override {
    worker_.Post([this, limit, done = std::move(done)](const absl::Status& posted) mutable {
      if (!posted.ok()) return done(absl::UnavailableError("the store is closed"));
      absl::StatusOr<std::vector<Fact>> facts = NextNow(limit);
      if (!facts.ok()) return done(NothingDone(facts.status()));
      done(std::move(facts));
    });
  }

 private:
  using Facts = std::vector<Fact>;
  enum Kind { kMovements, kBalances, kLines, kReservations, kRequests, kEnd };

  absl::StatusOr<Facts> NextNow(int limit);
  absl::StatusOr<Facts> Page(int limit);
  absl::StatusOr<Facts> Movements(int limit);
  absl::StatusOr<Facts> Balances(int limit);
  absl::StatusOr<Facts> Lines(int limit);
  absl::StatusOr<Facts> Reservations(int limit);
  absl::StatusOr<Facts> Requests(int limit);
  absl::StatusOr<SqlRows> Ask(const std::string& sql);

  const std::unique_ptr<Connection> connection_;
  Worker& worker_;
  int kind_ = kMovements;
  // The key of the last fact of this kind: what comes next is above it.
  std::uint64_t first_ = 0;
  std::uint64_t second_ = 0;
  std::string request_id_;
};

absl::StatusOr<Export::Facts> Export::NextNow(int limit) {
  for (; kind_ != kEnd; ++kind_) {
    ASSIGN_OR_RETURN(Facts facts, Page(limit));
    if (!facts.empty()) return facts;
    first_ = second_ = 0;
  }
  return Facts();
}

absl::StatusOr<Export::Facts> Export::Page(int limit) {
  switch (kind_) {
    case kMovements: return Movements(limit);
    case kBalances: return Balances(limit);
    case kLines: return Lines(limit);
    case kReservations: return Reservations(limit);
    default: return Requests(limit);
  }
}

absl::StatusOr<SqlRows> Export::Ask(const std::string& sql) {
  ASSIGN_OR_RETURN(std::vector<SqlRows> results, connection_->Run(sql));
  if (results.size() != 1) return absl::InternalError("the database gave no rows");
  return std::move(results.front());
}

absl::StatusOr<Export::Facts> Export::Movements(int limit) {
  ASSIGN_OR_RETURN(
      SqlRows rows,
      Ask(absl::StrCat("SELECT ", kMovementColumns,
                       " FROM inventory_logs FORCE INDEX (uk_inventory_logs_book_sequence)"
                       " WHERE (book_id=",
                       first_, " AND sequence>", second_, ") OR book_id>", first_,
                       " ORDER BY book_id, sequence LIMIT ", limit)));
  Facts facts;
  while (rows.Next()) {
    ASSIGN_OR_RETURN(Movement movement, ReadMovement(rows));
    first_ = movement.book;
    second_ = movement.sequence;
    movement.id = 0;
    facts.push_back(std::move(movement));
  }
  return facts;
}

absl::StatusOr<Export::Facts> Export::Balances(int limit) {
  ASSIGN_OR_RETURN(SqlRows rows,
                   Ask(absl::StrCat("SELECT ", kBookColumns, " FROM inventory WHERE book_id>",
                                    first_, " ORDER BY book_id LIMIT ", limit)));
  Facts facts;
  while (rows.Next()) {
    ASSIGN_OR_RETURN(const BookStock stock, ReadBook(rows));
    first_ = stock.book;
    facts.push_back(BalanceFact{stock.book, stock.balance});
  }
  return facts;
}

absl::StatusOr<Export::Facts> Export::Lines(int limit) {
  ASSIGN_OR_RETURN(SqlRows rows,
                   Ask(absl::StrCat("SELECT ", kLineColumns, " FROM order_lines WHERE (order_id=",
                                    first_, " AND book_id>", second_, ") OR order_id>", first_,
                                    " ORDER BY order_id, book_id LIMIT ", limit)));
  Facts facts;
  while (rows.Next()) {
    ASSIGN_OR_RETURN(const StoredLine line, ReadLine(rows));
    first_ = line.key.order;
    second_ = line.key.book;
    facts.push_back(LineFact{line.key, line.line});
  }
  return facts;
}

absl::StatusOr<Export::Facts> Export::Reservations(int limit) {
  ASSIGN_OR_RETURN(SqlRows rows, Ask(absl::StrCat("SELECT ", kReservationColumns,
                                                  " FROM reservations WHERE order_id>", first_,
                                                  " ORDER BY order_id LIMIT ", limit)));
  std::vector<StoredReservation> page;
  std::vector<OrderId> orders;
  while (rows.Next()) {
    ASSIGN_OR_RETURN(StoredReservation reservation, ReadReservation(rows));
    orders.push_back(first_ = reservation.order);
    page.push_back(std::move(reservation));
  }
  if (page.empty()) return Facts();

  std::string sql = absl::StrCat("SELECT ", kLineColumns,
                                 " FROM order_lines FORCE INDEX (PRIMARY) WHERE reserved_position "
                                 "IS NOT NULL AND ");
  AppendIsOneOf(sql, "order_id", orders);
  ASSIGN_OR_RETURN(rows, Ask(sql));
  absl::flat_hash_map<OrderId, std::vector<StoredLine>> lines;
  while (rows.Next()) {
    ASSIGN_OR_RETURN(const StoredLine line, ReadLine(rows));
    lines[line.key.order].push_back(line);
  }
  Facts facts;
  for (StoredReservation& each : page) {
    AddLines(lines[each.order], each.reservation);
    facts.push_back(ReservationFact{each.order, std::move(each.reservation)});
  }
  return facts;
}

absl::StatusOr<Export::Facts> Export::Requests(int limit) {
  std::string sql = absl::StrCat("SELECT ", kRequestColumns,
                                 " FROM request_ids WHERE (book_id=", first_, " AND request_id>");
  AppendQuoted(sql, request_id_);
  absl::StrAppend(&sql, ") OR book_id>", first_, " ORDER BY book_id, request_id LIMIT ", limit);
  ASSIGN_OR_RETURN(SqlRows rows, Ask(sql));
  Facts facts;
  while (rows.Next()) {
    ASSIGN_OR_RETURN(StoredRequest request, ReadRequest(rows));
    first_ = request.book;
    request_id_ = request.request_id;
    facts.push_back(RequestFact{request.book, std::move(request.request_id), request.content});
  }
  return facts;
}

}  // namespace

absl::StatusOr<std::unique_ptr<FactReader>> OpenExport(const Dsn& dsn, Worker& worker) {
  ASSIGN_OR_RETURN(std::unique_ptr<Connection> connection, Connection::Open(dsn));
  RETURN_IF_ERROR(connection
                      ->Run(absl::StrCat("SET SESSION wait_timeout=", kIdleLimitSeconds,
                                         ";SET TRANSACTION ISOLATION LEVEL REPEATABLE READ;"
                                         "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"))
                      .status());
  return std::make_unique<Export>(std::move(connection), worker);
}

}  // namespace inventory
