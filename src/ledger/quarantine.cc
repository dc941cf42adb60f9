#include "ledger/quarantine.h"

#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "ledger/ledger_rows.h"
#include "ledger/losses.h"
#include "mysql/fact_loader.h"
#include "mysql/sql_text.h"

namespace inventory {
namespace {

constexpr std::size_t kStatementBytes = 1 << 20;

// A page of the book's changes, in order.
absl::StatusOr<std::vector<QuarantinedChange>> ReadPage(Connection& connection, BookId book) {
  ASSIGN_OR_RETURN(std::vector<SqlRows> results,
                   connection.Run(absl::StrCat("SELECT ", kQuarantineColumns,
                                               " FROM ledger_quarantine WHERE book_id=", book,
                                               kQuarantineOrder, " LIMIT ", kQuarantinePage)));
  if (results.size() != 1) return UnexpectedAnswer();
  std::vector<QuarantinedChange> page;
  while (results[0].Next()) page.push_back(ReadQuarantined(results[0]));
  return page;
}

// Nothing is done to the quarantine while the store is rebuilt.
absl::StatusOr<LedgerRows> LockOpen(Connection& connection) {
  ASSIGN_OR_RETURN(LockedLedger locked, LockLedger(connection, EpochLock::kShare));
  if (!locked.rows.exist || !locked.rows.open()) {
    return absl::AbortedError(
        "the store is being rebuilt, which decides on the quarantine by itself; ask again when it "
        "serves");
  }
  return std::move(locked.rows);
}

absl::Status Commit(Connection& connection, std::vector<std::string> statements) {
  statements.push_back("COMMIT");
  return connection.RunAll(statements);
}

// Takes in what fits of the page and drops it.
absl::Status RetryPage(Connection& connection, BookId book, QuarantineResult& result, bool& more) {
  RETURN_IF_ERROR(LockOpen(connection).status());
  ASSIGN_OR_RETURN(const std::vector<QuarantinedChange> page, ReadPage(connection, book));
  NeededFacts needed;
  std::vector<DecodedEntry> entries;
  for (const QuarantinedChange& change : page) {
    entries.push_back(AsEntry(change));
    LedgerBatch::AddNeeded(entries.back(), needed);
  }
  BatchFacts rows;
  FactLoader loader(connection, FactLoader::Locks::kTake, needed, rows);
  RETURN_IF_ERROR(loader.Load());
  LedgerBatch batch;
  for (const BookId each : needed.books) {
    if (const Balance* balance = rows.FindBook(each)) batch.LoadBook({each, true, *balance});
  }
  batch.LookInto(rows);
  std::size_t fitting = 0;
  std::string why;
  while (fitting < entries.size() && why.empty()) {
    why = batch.AddFromQuarantine(entries[fitting]);
    if (why.empty()) ++fitting;
  }
  std::vector<std::string> statements;
  if (fitting > 0) {
    RowStatements written;
    batch.Write(written);
    statements = written.Packets(
        DropStatement({page.begin(), page.begin() + static_cast<std::ptrdiff_t>(fitting)}));
  }
  RETURN_IF_ERROR(Commit(connection, std::move(statements)));
  result.changes += fitting;
  result.reason = why;
  more = why.empty() && !page.empty();
  return absl::OkStatus();
}

// Entries that said nothing: what they say now goes to their books' quarantine.
absl::Status RetryUnknown(Connection& connection, QuarantineResult& result) {
  RETURN_IF_ERROR(LockOpen(connection).status());
  ASSIGN_OR_RETURN(const std::vector<QuarantinedChange> page, ReadPage(connection, 0));
  std::vector<QuarantinedChange> done;
  LedgerBatch batch;
  for (const QuarantinedChange& change : page) {
    const DecodedEntry entry = AsEntry(change);
    if (!entry.facts.ok()) {
      if (result.reason.empty()) result.reason = std::string(entry.facts.status().message());
      continue;
    }
    batch.Refuse(entry, "was not understood when it came");
    done.push_back(change);
  }
  std::vector<std::string> statements;
  if (!done.empty()) {
    statements.push_back(DropStatement(done));
    for (std::string& sql : QuarantineStatements(batch.quarantined())) {
      statements.push_back(std::move(sql));
    }
  }
  RETURN_IF_ERROR(Commit(connection, std::move(statements)));
  result.changes += done.size();
  return absl::OkStatus();
}

absl::Status SkipPage(Connection& connection, BookId book, QuarantineResult& result, bool& more) {
  ASSIGN_OR_RETURN(const LedgerRows ledger, LockOpen(connection));
  ASSIGN_OR_RETURN(const std::vector<QuarantinedChange> page, ReadPage(connection, book));
  more = !page.empty();
  if (page.empty()) return Commit(connection, {});
  std::vector<LostChange> lost;
  for (const QuarantinedChange& change : page) {
    const DecodedEntry entry = AsEntry(change);
    if (!entry.facts.ok()) continue;
    for (const Fact& fact : *entry.facts) {
      const auto* movement = std::get_if<Movement>(&fact);
      if (!movement) continue;
      lost.push_back({movement->book, movement->order, movement->type, movement->quantity,
                      absl::StrCat("given up from quarantine: ", change.reason)});
    }
  }
  std::vector<std::string> statements = LossStatements(ledger.progress.epoch, lost);
  statements.push_back(DropStatement(page));
  RETURN_IF_ERROR(Commit(connection, std::move(statements)));
  result.changes += page.size();
  return absl::OkStatus();
}

absl::Status CountLeft(Connection& connection, BookId book, QuarantineResult& result) {
  ASSIGN_OR_RETURN(
      std::vector<SqlRows> results,
      connection.Run(absl::StrCat("SELECT COUNT(*) FROM ledger_quarantine WHERE book_id=", book)));
  if (results.size() != 1 || !results[0].Next()) return UnexpectedAnswer();
  result.left = results[0].U64(0);
  return absl::OkStatus();
}

}  // namespace

QuarantinedChange ReadQuarantined(const SqlRows& row) {
  return {row.U64(0),
          {row.U64(1), row.U64(2)},
          static_cast<std::uint32_t>(row.U64(3)),
          ParseTime(row.Text(4)).value_or(0),
          std::string(row.Text(5)),
          std::string(row.Text(6))};
}

DecodedEntry AsEntry(const QuarantinedChange& change) {
  return Decode({change.entry.epoch, change.entry.number, change.time, change.changes});
}

std::vector<std::string> QuarantineStatements(const std::vector<QuarantinedChange>& changes) {
  std::vector<std::string> statements;
  for (const QuarantinedChange& change : changes) {
    if (statements.empty() || statements.back().size() > kStatementBytes) {
      statements.emplace_back(
          "INSERT INTO ledger_quarantine (bucket, book_id, epoch, number, position, time, changes,"
          " reason, found_at) VALUES (");
    } else {
      statements.back() += ",(";
    }
    std::string& sql = statements.back();
    absl::StrAppend(&sql, kBucket, ",", change.book, ",", change.entry.epoch, ",",
                    change.entry.number, ",");
    absl::StrAppend(&sql, change.position, ",", QuotedTime(change.time), ",_binary");
    AppendQuoted(sql, change.changes);
    sql += ',';
    AppendQuoted(sql, change.reason);
    sql += ",UTC_TIMESTAMP(3))";
  }
  return statements;
}

std::string DropStatement(const std::vector<QuarantinedChange>& changes) {
  std::string sql =
      absl::StrCat("DELETE FROM ledger_quarantine WHERE book_id=", changes.front().book, " AND (");
  for (std::size_t i = 0; i < changes.size(); ++i) {
    absl::StrAppend(&sql, i == 0 ? "" : " OR ", "(epoch=", changes[i].entry.epoch,
                    " AND number=", changes[i].entry.number, " AND position=", changes[i].position,
                    ")");
  }
  return sql + ")";
}

absl::StatusOr<std::vector<QuarantinedBook>> ListQuarantine(Connection& connection, BookId after,
                                                            int limit) {
  ASSIGN_OR_RETURN(
      std::vector<SqlRows> results,
      connection.Run(absl::StrCat("SELECT book_id, COUNT(*) FROM ledger_quarantine WHERE book_id>=",
                                  after == 0 ? 0 : after + 1,
                                  " GROUP BY book_id ORDER BY book_id LIMIT ", limit)));
  if (results.size() != 1) return UnexpectedAnswer();
  std::vector<QuarantinedBook> books;
  while (results[0].Next()) books.push_back({results[0].U64(0), results[0].U64(1), 0, {}});
  for (QuarantinedBook& book : books) {
    ASSIGN_OR_RETURN(std::vector<SqlRows> first,
                     connection.Run(absl::StrCat("SELECT ", kQuarantineColumns,
                                                 " FROM ledger_quarantine WHERE book_id=",
                                                 book.book, kQuarantineOrder, " LIMIT 1")));
    if (first.size() != 1 || !first[0].Next()) continue;  // settled meanwhile
    QuarantinedChange change = ReadQuarantined(first[0]);
    book.since = change.time;
    book.reason = std::move(change.reason);
  }
  return books;
}

absl::StatusOr<QuarantineResult> RetryQuarantine(Connection& connection, BookId book) {
  QuarantineResult result;
  if (book == 0) {
    RETURN_IF_ERROR(RunTransaction(connection, [&] { return RetryUnknown(connection, result); }));
  } else {
    for (bool more = true; more;) {
      RETURN_IF_ERROR(
          RunTransaction(connection, [&] { return RetryPage(connection, book, result, more); }));
    }
  }
  RETURN_IF_ERROR(CountLeft(connection, book, result));
  return result;
}

absl::StatusOr<QuarantineResult> SkipQuarantine(Connection& connection, BookId book) {
  QuarantineResult result;
  for (bool more = true; more;) {
    RETURN_IF_ERROR(
        RunTransaction(connection, [&] { return SkipPage(connection, book, result, more); }));
  }
  RETURN_IF_ERROR(CountLeft(connection, book, result));
  return result;
}

}  // namespace inventory
