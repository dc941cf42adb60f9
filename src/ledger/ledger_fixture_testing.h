// A ledger on a database of its own, for tests.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_matchers.h"
#include "ledger/entry_applier.h"
#include "ledger/mysql_ledger.h"
#include "ledger/outbox_maker_testing.h"
#include "mysql/connection.h"
#include "tests/support/ask_sql.h"
#include "tests/support/mariadb_server.h"

namespace inventory {

inline constexpr TimeMs kMorning = 1'800'000'000'000;

class LedgerFixture : public testing::Test {
 protected:
  static constexpr char kRun[] = "run-1";

  LedgerFixture() : database_(TestDatabase::Make()), ledger_({.dsn = database_.dsn()}) {
    EXPECT_OK(ledger_.CloseEpoch(0, "first"));
    EXPECT_OK(Reopen("first"));
    sql_ = Connect();
  }

  std::unique_ptr<Connection> Connect() const {
    auto connection = Connection::Open(database_.dsn());
    EXPECT_OK(connection);
    return *std::move(connection);
  }

  // The rest of a rebuild under the token.
  absl::Status Reopen(const std::string& token) {
    const absl::StatusOr<std::uint64_t> epoch = ledger_.NextEpoch(token, 0, kRun, "replication");
    if (!epoch.ok()) return epoch.status();
    maker_.BeginEpoch(*epoch);
    return ledger_.OpenEpoch(token);
  }

  absl::StatusOr<AppliedEntries> Apply(Connection& connection,
                                       const std::vector<RememberedEntry>& entries) {
    std::vector<DecodedEntry> decoded;
    for (const RememberedEntry& entry : entries) decoded.push_back(Decode(entry));
    ApplyTerms terms;
    terms.run_id = kRun;
    return EntryApplier(connection).Apply(decoded, terms);
  }
  absl::StatusOr<AppliedEntries> Apply(const std::vector<RememberedEntry>& entries) {
    const std::unique_ptr<Connection> connection = Connect();
    return Apply(*connection, entries);
  }

  std::vector<std::string> Ask(std::string_view sql) {
    // The session may have ended meanwhile.
    if (!sql_->Run("DO 1").ok()) sql_ = Connect();
    return AskSql(*sql_, sql);
  }
  Balance Stock(BookId book) {
    LedgerQuestion question;
    question.books = {book};
    const absl::StatusOr<LedgerAnswer> answer = ledger_.LookUp(question);
    EXPECT_OK(answer);
    return answer.ok() ? answer->books[0].balance : Balance{};
  }
  LedgerProgress Progress() {
    const absl::StatusOr<LedgerEpoch> epoch = ledger_.ReadEpoch();
    EXPECT_OK(epoch);
    return epoch.ok() ? epoch->progress : LedgerProgress{};
  }
  // The ledger's row is the fold of its log, and both are the maker's.
  void ExpectAgrees(BookId book) {
    const Balance balance = Stock(book);
    EXPECT_EQ(balance, maker_.Book(book)) << "book " << book;
    ExpectLogAgrees(book);
  }
  void ExpectLogAgrees(BookId book) {
    const Balance balance = Stock(book);
    const absl::StatusOr<MovementPage> page = ledger_.ReadMovements({.book = book, .limit = 1'000});
    ASSERT_OK(page);
    ASSERT_EQ(page->movements.size(), balance.sequence);
    Quantity after = balance.available;
    for (const Movement& movement : page->movements) {
      EXPECT_EQ(movement.after, after) << "book " << book << ", movement " << movement.sequence;
      after = movement.before;
    }
    EXPECT_EQ(after, 0);
  }

  const TestDatabase database_;
  MysqlLedger ledger_;
  OutboxMaker maker_{1};
  std::unique_ptr<Connection> sql_;
};

}  // namespace inventory
