#include "ledger/look_up.h"

#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "ledger/ledger_rows.h"
#include "mysql/batch_facts.h"
#include "mysql/fact_loader.h"
#include "mysql/rows.h"
#include "mysql/sql_text.h"

namespace inventory {
namespace {

NeededFacts NeededFor(const LedgerQuestion& question) {
  NeededFacts needed;
  needed.books.insert(question.books.begin(), question.books.end());
  for (const LineKey& line : question.lines) needed.orders.insert(line.order);
  needed.reservations.insert(question.reservations.begin(), question.reservations.end());
  needed.requests.insert(question.requests.begin(), question.requests.end());
  return needed;
}

template <typename T>
std::optional<T> Copy(const T* found) {
  if (!found) return std::nullopt;
  return *found;
}

// Books of the question that are in quarantine.
absl::StatusOr<std::vector<BookId>> UnsureBooks(SqlRows& quarantined,
                                                const LedgerQuestion& question) {
  std::vector<BookId> unsure;
  if (quarantined.size() == 0) return unsure;
  absl::flat_hash_set<BookId> asked(question.books.begin(), question.books.end());
  for (const LineKey& line : question.lines) asked.insert(line.book);
  for (const auto& request : question.requests) asked.insert(request.first);
  while (quarantined.Next()) {
    if (asked.contains(quarantined.U64(0))) unsure.push_back(quarantined.U64(0));
  }
  return unsure;
}

}  // namespace

absl::StatusOr<LedgerAnswer> LookUp(Connection& connection, const LedgerQuestion& question) {
  LedgerAnswer answer;
  if (question.empty()) return answer;
  ASSIGN_OR_RETURN(std::vector<SqlRows> results,
                   connection.Run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ;"
                                  "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY;"
                                  "SELECT DISTINCT book_id FROM ledger_quarantine"));
  if (results.size() != 1) return UnexpectedAnswer();
  ASSIGN_OR_RETURN(answer.unsure, UnsureBooks(results[0], question));
  NeededFacts needed = NeededFor(question);
  BatchFacts facts;
  FactLoader loader(connection, FactLoader::Locks::kNone, needed, facts);
  RETURN_IF_ERROR(loader.Load());
  RETURN_IF_ERROR(connection.Run("COMMIT").status());

  for (const BookId book : question.books) {
    const Balance* balance = facts.FindBook(book);
    answer.books.push_back({book, balance != nullptr, balance ? *balance : Balance{}});
  }
  for (const LineKey& line : question.lines) answer.lines.push_back(Copy(facts.FindLine(line)));
  for (const OrderId order : question.reservations) {
    answer.reservations.push_back(Copy(facts.FindReservation(order)));
  }
  for (const auto& [book, request_id] : question.requests) {
    answer.requests.push_back(Copy(facts.FindRequest(book, request_id)));
  }
  return answer;
}

absl::StatusOr<std::vector<OpenReservation>> ListOpenReservations(Connection& connection,
                                                                  OrderId after, int limit) {
  ASSIGN_OR_RETURN(
      std::vector<SqlRows> results,
      connection.Run(absl::StrCat("SELECT ", kReservationColumns,
                                  " FROM reservations WHERE state='reserved' AND order_id>", after,
                                  " ORDER BY order_id LIMIT ", limit)));
  if (results.size() != 1) return UnexpectedAnswer();
  std::vector<OpenReservation> open;
  std::vector<OrderId> orders;
  while (results[0].Next()) {
    ASSIGN_OR_RETURN(StoredReservation stored, ReadReservation(results[0]));
    orders.push_back(stored.order);
    open.push_back({stored.order, std::move(stored.reservation)});
  }
  if (open.empty()) return open;
  std::string sql = absl::StrCat("SELECT ", kLineColumns,
                                 " FROM order_lines FORCE INDEX (PRIMARY) WHERE"
                                 " reserved_position IS NOT NULL AND ");
  AppendIsOneOf(sql, "order_id", orders);
  ASSIGN_OR_RETURN(results, connection.Run(sql));
  if (results.size() != 1) return UnexpectedAnswer();
  absl::flat_hash_map<OrderId, std::vector<StoredLine>> lines;
  while (results[0].Next()) {
    ASSIGN_OR_RETURN(const StoredLine line, ReadLine(results[0]));
    lines[line.key.order].push_back(line);
  }
  for (OpenReservation& each : open) AddLines(lines[each.order], each.reservation);
  return open;
}

}  // namespace inventory
