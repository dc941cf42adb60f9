#include "mysql/origin_stock.h"

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "mysql/rows.h"

namespace inventory {
namespace {

constexpr int kBooksAPortion = 5'000;
constexpr int kLogRowsAPortion = 200'000;
constexpr char kRemark[] = "adopted from the earlier Go service";

}  // namespace

absl::StatusOr<bool> OriginStockTable::Next(std::vector<OriginBook>& books) {
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

std::optional<OriginBook> OriginStockTable::Judge(const SqlRows& row) {
  if (row.U64(3) != 1) {  // NULL too
    unfit_.Add(absl::StrCat("book ", std::string(row.Text(0)), " with stock ",
                            row.IsNull(1) ? "NULL" : std::string(row.Text(1))));
    return std::nullopt;
  }
  const OriginBook book{row.U64(0), row.I32(1)};
  ++figures_.books;
  figures_.units += static_cast<std::uint64_t>(book.stock);
  if (book.stock == 0) ++figures_.sold_out_books;
  if (row.I64(2) > 0) figures_.locked_units += row.U64(2);
  return book;
}

absl::Status OriginStockTable::Verdict() const {
  if (unfit_.count() == 0) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "nothing was taken over: ", unfit_.count(), " rows of the table ", table_,
      " are not fit: ", unfit_.Names(), "; a book's id is at least 1, its stock between 0 and ",
      kMaxStock, ": correct or delete these rows and try again"));
}

absl::StatusOr<std::uint64_t> CountOriginLog(Connection& connection, const std::string& table) {
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

Command OpeningOf(const OriginBook& from) {
  const std::string request_id = absl::StrCat("adopt:", from.book);
  // A restock of nothing is no movement; an adjust to 0 is one, and makes the book.
  if (from.stock == 0) return {Adjust{from.book, true, 0, std::nullopt, request_id, kRemark}, {}};
  return {Restock{from.book, from.stock, request_id, kRemark}, {}};
}

absl::Status WriteTakenOver(Connection& connection, const BatchFacts& facts) {
  RowStatements statements;
  facts.Write(statements);
  return statements.Run(connection, "DO 0");
}

}  // namespace inventory
