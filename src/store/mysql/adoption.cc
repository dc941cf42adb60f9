#include "store/mysql/adoption.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status_macros.h"
#include "mysql/batch_facts.h"
#include "mysql/connection.h"
#include "mysql/migrations.h"
#include "mysql/origin_tables.h"
#include "mysql/rights.h"
#include "mysql/rows.h"
#include "mysql/schema_lock.h"
#include "mysql/sql_text.h"
#include "mysql/store_owner.h"
#include "stock/rules.h"
#include "telemetry/log.h"

namespace inventory {
namespace {

// Tables are read in portions, so that no statement runs into the connection's time limits.
constexpr int kBooksAPortion = 5'000;
constexpr int kLogRowsAPortion = 200'000;
constexpr std::size_t kNamedRows = 10;
constexpr char kRemark[] = "adopted from the earlier Go service";

// ---- what is there ------------------------------------------------------------------------------

struct OriginBook {
  BookId book = 0;
  Quantity stock = 0;
};

// Reads the Go service's stock, and judges it. The connection outlives this.
class OriginStock {
 public:
  OriginStock(Connection& connection, std::string table)
      : connection_(connection), table_(std::move(table)) {}

  // Puts the next of those books into `books` that are fit to be taken over. False: there are none
  // left.
  absl::StatusOr<bool> Next(std::vector<OriginBook>& books);

  // Of all that has been read. FailedPrecondition: names the rows that are not fit.
  absl::Status Verdict() const;
  const AdoptedStock& figures() const { return figures_; }

 private:
  // Nullopt: not fit.
  std::optional<OriginBook> Judge(const SqlRows& row);

  Connection& connection_;
  const std::string table_;
  // The id read last, as text: in a column that somebody has made signed it may be anything.
  std::string last_;
  AdoptedStock figures_;
  std::uint64_t unfit_ = 0;
  std::vector<std::string> named_;
};

absl::StatusOr<bool> OriginStock::Next(std::vector<OriginBook>& books) {
  ASSIGN_OR_RETURN(
      std::vector<SqlRows> results,
      connection_.Run(absl::StrCat(
          "SELECT book_id, stock, locked_stock, book_id > 0 AND stock BETWEEN 0 AND ", kMaxStock,
          " FROM ", table_, " FORCE INDEX (PRIMARY)", last_.empty() ? "" : " WHERE book_id>", last_,
          " ORDER BY book_id LIMIT ", kBooksAPortion)));
  SqlRows& row = results.front();
  books.clear();
  while (row.Next()) {
    last_ = std::string(row.Text(0));
    if (const std::optional<OriginBook> book = Judge(row)) books.push_back(*book);
  }
  return row.size() > 0;
}

std::optional<OriginBook> OriginStock::Judge(const SqlRows& row) {
  if (row.U64(3) != 1) {  // NULL too
    ++unfit_;
    if (named_.size() < kNamedRows) {
      named_.push_back(absl::StrCat("book ", std::string(row.Text(0)), " with stock ",
                                    row.IsNull(1) ? "NULL" : std::string(row.Text(1))));
    }
    return std::nullopt;
  }
  const OriginBook book{row.U64(0), row.I32(1)};
  ++figures_.books;
  figures_.units += static_cast<std::uint64_t>(book.stock);
  if (book.stock == 0) ++figures_.sold_out_books;
  if (row.I64(2) > 0) figures_.locked_units += row.U64(2);
  return book;
}

absl::Status OriginStock::Verdict() const {
  if (unfit_ == 0) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "nothing was taken over: ", unfit_, " rows of the table ", table_,
      " are not fit: ", absl::StrJoin(named_, ", "), unfit_ > named_.size() ? ", …" : "",
      "; a book's id is at least 1, its stock between 0 and ", kMaxStock,
      ": correct or delete these rows and try again"));
}

absl::StatusOr<std::uint64_t> CountRows(Connection& connection, const std::string& table) {
  std::uint64_t rows = 0;
  for (std::string last = "0"; !last.empty();) {
    ASSIGN_OR_RETURN(
        std::vector<SqlRows> results,
        connection.Run(absl::StrCat("SELECT COUNT(*), MAX(id) FROM (SELECT id FROM ", table,
                                    " FORCE INDEX (PRIMARY) WHERE id>", last, " ORDER BY id LIMIT ",
                                    kLogRowsAPortion, ") AS counted")));
    SqlRows& row = results.front();
    if (!row.Next()) return absl::InternalError("the database does not count");
    rows += row.U64(0);
    last = std::string(row.Text(1));  // NULL: there were none
  }
  return rows;
}

// ---- taking over --------------------------------------------------------------------------------

Command Opening(const OriginBook& from) {
  const std::string request_id = absl::StrCat("adopt:", from.book);
  // A restock of nothing is no movement; an adjust to 0 is one, and makes the book.
  if (from.stock == 0) return {Adjust{from.book, true, 0, std::nullopt, request_id, kRemark}, {}};
  return {Restock{from.book, from.stock, request_id, kRemark}, {}};
}

// The schema lock is held.
class Adoption {
 public:
  Adoption(Connection& connection, StoreTime& time) : connection_(connection), time_(time) {}

  absl::StatusOr<AdoptedStock> Run(bool dry_run);

 private:
  absl::Status Look();
  absl::Status LookAtRows();
  absl::Status Fill();
  absl::StatusOr<TimeMs> Begin();
  absl::Status Write(const std::vector<OriginBook>& books, TimeMs now);

  Connection& connection_;
  StoreTime& time_;
  OriginTables origin_;
  AdoptedStock figures_;
};

absl::StatusOr<AdoptedStock> Adoption::Run(bool dry_run) {
  const absl::Status looked = Look();
  // A refusal says so itself.
  if (absl::IsFailedPrecondition(looked)) return looked;
  if (!looked.ok()) return Prefixed("nothing was done: ", looked);
  if (dry_run) return figures_;
  RETURN_IF_ERROR(SetAside(connection_, origin_));
  absl::Status done = Migrate(connection_, Migrations());
  if (done.ok()) done = Fill();
  if (done.ok()) return figures_;
  return Suffixed(done,
                  "; until the stock is taken over no store opens: `inventoryctl adopt` goes on "
                  "from here");
}

absl::Status Adoption::Look() {
  ASSIGN_OR_RETURN(origin_, FindOriginTables(connection_));
  switch (origin_.state) {
    case OriginTables::State::kNone:
      return absl::FailedPreconditionError(
          "nothing to take over: the database does not hold the table inventory of the earlier Go "
          "service, with book_id, stock, locked_stock and total_stock");
    case OriginTables::State::kTakenOver:
      return absl::FailedPreconditionError(
          absl::StrCat("nothing to take over: the stock of the earlier Go service was taken over "
                       "before; its table, as it was then, is ",
                       kOriginInventory));
    case OriginTables::State::kLive:
    case OriginTables::State::kSetAside: break;
  }
  RETURN_IF_ERROR(CheckRoom(connection_, origin_));
  return LookAtRows();
}

absl::Status Adoption::LookAtRows() {
  const bool live = origin_.state == OriginTables::State::kLive;
  OriginStock stock(connection_, live ? "inventory" : kOriginInventory);
  std::vector<OriginBook> books;
  for (bool more = true; more;) {
    ASSIGN_OR_RETURN(more, stock.Next(books));
  }
  RETURN_IF_ERROR(stock.Verdict());
  figures_ = stock.figures();
  if (!origin_.has_logs) return absl::OkStatus();
  ASSIGN_OR_RETURN(figures_.log_rows,
                   CountRows(connection_, live ? "inventory_logs" : kOriginLogs));
  return absl::OkStatus();
}

// Nobody else is at these tables: without an owner no store opens. A transaction that is not
// committed ends with the connection.
absl::Status Adoption::Fill() {
  ASSIGN_OR_RETURN(const TimeMs now, Begin());
  OriginStock stock(connection_, kOriginInventory);
  std::vector<OriginBook> books;
  for (bool more = true; more;) {
    ASSIGN_OR_RETURN(more, stock.Next(books));
    RETURN_IF_ERROR(Write(books, now));
  }
  // The Go service may have sold between the look and the renaming.
  RETURN_IF_ERROR(stock.Verdict());
  RETURN_IF_ERROR(connection_.Run("COMMIT").status());
  const std::uint64_t log_rows = figures_.log_rows;
  figures_ = stock.figures();
  figures_.log_rows = log_rows;
  return absl::OkStatus();
}

absl::StatusOr<TimeMs> Adoption::Begin() {
  std::string sql =
      "START TRANSACTION;"
      "INSERT INTO store_owner (id, store, generation, changed_at) VALUES (1,";
  AppendQuoted(sql, kMysqlOwner);
  sql += ",1,UTC_TIMESTAMP(3));SELECT UTC_TIMESTAMP(3)";
  ASSIGN_OR_RETURN(std::vector<SqlRows> results, connection_.Run(sql));
  const bool told = results.front().Next();
  const std::optional<TimeMs> server = told ? ParseTime(results.front().Text(0)) : std::nullopt;
  if (!server) return absl::InternalError("the database does not tell its time");
  return time_.At(*server);
}

// What the rules make of the books.
absl::Status Adoption::Write(const std::vector<OriginBook>& books, TimeMs now) {
  BatchFacts facts;
  for (const OriginBook& book : books) {
    const Outcome outcome = Decide(Opening(book), now, facts).outcome;
    if (outcome != Outcome::kRestocked && outcome != Outcome::kAdjusted) {
      return absl::InternalError(
          absl::StrCat("book ", book.book, " was refused: ", std::string(Info(outcome).message)));
    }
  }
  RowStatements statements;
  facts.Write(statements);
  for (const std::string& packet : statements.Packets("DO 0")) {
    RETURN_IF_ERROR(connection_.Run(packet).status());
  }
  return absl::OkStatus();
}

absl::StatusOr<AdoptedStock> RunLocked(Connection& connection, StoreTime& time, bool dry_run) {
  SchemaLock lock(connection);
  RETURN_IF_ERROR(lock.Take());
  return Adoption(connection, time).Run(dry_run);
}

}  // namespace

absl::StatusOr<AdoptedStock> AdoptOriginStock(const Dsn& dsn, StoreTime& time, bool dry_run) {
  ASSIGN_OR_RETURN(const std::unique_ptr<Connection> connection, Connection::Open(dsn));
  absl::StatusOr<AdoptedStock> adopted = RunLocked(*connection, time, dry_run);
  if (!adopted.ok()) return WithGrant(*connection, adopted.status(), kRenamingRights);
  if (dry_run) return adopted;
  LogInfo("took over the stock of the earlier Go service",
          {{"books", adopted->books},
           {"units", adopted->units},
           {"locked_units_left", adopted->locked_units}});
  return adopted;
}

}  // namespace inventory
