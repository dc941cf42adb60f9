// Taking over the stock of the earlier Go service: what comes of it, what is refused, and what a
// crash leaves.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_matchers.h"
#include "mysql/connection.h"
#include "store/mysql/adoption.h"
#include "store/mysql/mysql_store.h"
#include "tests/support/ask_sql.h"
#include "tests/support/connection_gate.h"
#include "tests/support/go_tables.h"
#include "tests/support/mariadb_server.h"
#include "tests/support/store_calls.h"

namespace inventory {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

// One to be sold, one sold out, one partly held by orders, one at both limits.
constexpr char kGoRows[] =
    "INSERT INTO inventory VALUES (1, 100, 0, 100, NOW(3), NOW(3)), (2, 0, 0, 0, NOW(3), NOW(3)),"
    " (3, 7, 5, 12, NOW(3), NOW(3)), (18446744073709551615, 2147483647, 0, 2147483647, NOW(3),"
    " NOW(3));"
    "INSERT INTO inventory_logs (book_id, change_type, quantity, before_stock, after_stock) VALUES"
    " (1, 'RESTOCK', 101, 0, 101), (1, 'DEDUCT', -1, 101, 100);";

class AdoptionTest : public testing::Test {
 protected:
  AdoptionTest() : database_(TestDatabase::Make()) {
    auto connection = Connection::Open(database_.socket_dsn());
    EXPECT_OK(connection);
    connection_ = *std::move(connection);
  }

  std::vector<std::string> Ask(std::string_view sql) { return AskSql(*connection_, sql); }
  std::vector<std::string> Tables() { return Ask("SHOW TABLES"); }
  // For a test that does something else in between: the sessions are short-lived.
  void Reconnect() { connection_ = *Connection::Open(database_.socket_dsn()); }

  absl::StatusOr<AdoptedStock> Adopt(bool dry_run = false) {
    return AdoptOriginStock(database_.socket_dsn(), time_, dry_run);
  }

  std::unique_ptr<StockStore> Open() { return OpenOn(database_); }
  static std::unique_ptr<StockStore> OpenOn(const TestDatabase& database) {
    auto store = OpenMysqlStore({.dsn = database.socket_dsn()});
    EXPECT_OK(store);
    return store.ok() ? *std::move(store) : nullptr;
  }
  static absl::Status AwaitServing(StockStore& store) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    absl::Status health;
    do {
      health = store.Status().health;
      if (health.ok()) return health;
      std::this_thread::yield();
    } while (std::chrono::steady_clock::now() < end);
    return health;
  }
  static absl::StatusOr<AdoptedStock> AdoptBy(StockStore& store, bool dry_run = false) {
    StoreAnswer<AdoptedStock> answer;
    store.Adopt(dry_run, answer.callback());
    return answer.Wait();
  }

  static Outcome Run(StockStore& store, Command command) {
    const auto replies = Apply(store, {std::move(command)});
    EXPECT_OK(replies);
    return replies.ok() ? replies->front().outcome : Outcome::kTooManyItems;
  }

  // The stock of kGoRows, and nothing else, as facts that another store takes.
  void ExpectWhole(StockStore& store) {
    const auto facts = Export(store);
    ASSERT_OK(facts);
    std::vector<std::string> told;
    for (const Fact& fact : *facts) told.push_back(Text(fact));
    EXPECT_THAT(told,
                ElementsAre("1 restock 100: 0 -> 100 adopt:1", "2 adjust 0: 0 -> 0 adopt:2",
                            "3 restock 7: 0 -> 7 adopt:3",
                            "18446744073709551615 restock 2147483647: 0 -> 2147483647 "
                            "adopt:18446744073709551615",
                            "1: 100", "2: 0", "3: 7", "18446744073709551615: 2147483647",
                            "1 restock 100 adopt:1", "2 adjust to 0 adopt:2", "3 restock 7 adopt:3",
                            "18446744073709551615 restock 2147483647 adopt:18446744073709551615"));
    const TestDatabase database = TestDatabase::Make();
    const std::unique_ptr<StockStore> other = OpenOn(database);
    EXPECT_OK(Import(*other, *facts));
    const auto again = Export(*other);
    ASSERT_OK(again);
    EXPECT_TRUE(*again == *facts);
  }

  static std::string Text(const Fact& fact) {
    if (const auto* movement = std::get_if<Movement>(&fact)) {
      EXPECT_EQ(movement->sequence, 1u);
      EXPECT_EQ(movement->locked_after, 0);
      EXPECT_EQ(movement->remark, "adopted from the earlier Go service");
      return absl::StrCat(movement->book, " ", std::string(Name(movement->type)), " ",
                          movement->quantity, ": ", movement->before, " -> ", movement->after, " ",
                          movement->request_id);
    }
    if (const auto* balance = std::get_if<BalanceFact>(&fact)) {
      EXPECT_EQ(balance->balance.sequence, 1u);
      EXPECT_EQ(balance->balance.locked, 0);
      return absl::StrCat(balance->book, ": ", balance->balance.available);
    }
    if (const auto* request = std::get_if<RequestFact>(&fact)) {
      EXPECT_FALSE(request->content.has_expected);
      return absl::StrCat(request->book, " ", std::string(Name(request->content.type)),
                          request->content.set_to ? " to " : " ", request->content.quantity, " ",
                          request->request_id);
    }
    return NameOf(fact);
  }

  const TestDatabase database_;
  std::unique_ptr<Connection> connection_;
  StoreTime time_{nullptr};
};

TEST_F(AdoptionTest, TakesTheStockOverAndServesIt) {
  Ask(kGoTables);
  Ask(kGoRows);
  const std::unique_ptr<StockStore> store = Open();
  const std::unique_ptr<StockStore> other = Open();
  EXPECT_THAT(store->Status().health,
              StatusIs(absl::StatusCode::kUnavailable, "inventoryctl adopt"));
  EXPECT_THAT(Apply(*store, {{Restock{1, 1, "", ""}, nullptr}}),
              StatusIs(absl::StatusCode::kUnavailable, "nothing was done"));

  const auto adopted = AdoptBy(*store);
  ASSERT_OK(adopted);
  EXPECT_EQ(adopted->books, 4u);
  EXPECT_EQ(adopted->units, 107u + 2'147'483'647u);
  EXPECT_EQ(adopted->sold_out_books, 1u);
  EXPECT_EQ(adopted->locked_units, 5u);
  EXPECT_EQ(adopted->log_rows, 2u);

  ASSERT_OK(AwaitServing(*store));
  ASSERT_OK(AwaitServing(*other)) << "no call has told it";
  ExpectWhole(*other);
  EXPECT_EQ(Run(*store, {Restock{1, 100, "adopt:1", "again"}, {}}), Outcome::kDuplicateRequest);
  EXPECT_EQ(Run(*store, {Adjust{2, true, 0, {}, "adopt:2", ""}, {}}), Outcome::kDuplicateRequest);
  EXPECT_EQ(Run(*store, {Deduct{3, 77, 7}, {}}), Outcome::kDeducted);
  EXPECT_EQ(Run(*other, {Deduct{3, 78, 1}, {}}), Outcome::kInsufficientStock);
}

TEST_F(AdoptionTest, LeavesTheTablesAsTheyWereUnderOtherNames) {
  Ask(kGoTables);
  Ask(kGoRows);
  const auto before =
      Ask("SELECT CONCAT_WS(' ', book_id, stock, locked_stock, total_stock,"
          " updated_at) FROM inventory ORDER BY book_id");
  ASSERT_OK(Adopt());
  EXPECT_EQ(Ask("SELECT CONCAT_WS(' ', book_id, stock, locked_stock, total_stock, updated_at)"
                " FROM origin_inventory ORDER BY book_id"),
            before);
  EXPECT_THAT(Ask("SELECT change_type FROM origin_inventory_logs ORDER BY id"),
              ElementsAre("RESTOCK", "DEDUCT"));
  EXPECT_THAT(Ask("SELECT CONCAT(store, ' ', generation) FROM store_owner"),
              ElementsAre("mysql 1"));
  EXPECT_THAT(Ask("SELECT DISTINCT l.created_at = i.updated_at AND i.created_at = i.updated_at AND"
                  " ABS(TIMESTAMPDIFF(SECOND, l.created_at, UTC_TIMESTAMP(3))) < 60"
                  " FROM inventory_logs l JOIN inventory i USING (book_id)"),
              ElementsAre("1"));
  EXPECT_THAT(Ask("SELECT COUNT(DISTINCT created_at) FROM inventory_logs"), ElementsAre("1"));
}

TEST_F(AdoptionTest, NeedsNoLog) {
  Ask(kGoTables);
  Ask(kGoRows);
  Ask("DROP TABLE inventory_logs");
  const auto adopted = Adopt();
  ASSERT_OK(adopted);
  EXPECT_EQ(adopted->log_rows, 0u);
  ExpectWhole(*Open());
}

// More rows than are read, or written, at a time; a log longer than one count.
TEST_F(AdoptionTest, TakesManyBooks) {
  Ask(kGoTables);
  Ask("SET SESSION max_recursive_iterations=1000000;"
      "INSERT INTO inventory (book_id, stock) WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT"
      " i + 1 FROM n WHERE i < 12000) SELECT i, i % 100 FROM n;"
      "INSERT INTO inventory_logs (book_id, change_type, quantity, before_stock, after_stock)"
      " WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 200001)"
      " SELECT i, 'DEDUCT', 1, 1, 0 FROM n");
  const auto adopted = Adopt();
  ASSERT_OK(adopted);
  EXPECT_EQ(adopted->books, 12'000u);
  EXPECT_EQ(adopted->units, 120u * 4'950u);
  EXPECT_EQ(adopted->sold_out_books, 120u);
  EXPECT_EQ(adopted->log_rows, 200'001u);
  Reconnect();
  EXPECT_THAT(Ask("SELECT CONCAT_WS(' ', COUNT(*), SUM(i.stock = o.stock), SUM(i.sequence))"
                  " FROM inventory i JOIN origin_inventory o USING (book_id)"),
              ElementsAre("12000 12000 12000"));
  EXPECT_THAT(Ask("SELECT CONCAT_WS(' ', COUNT(*), SUM(after_stock)) FROM inventory_logs"),
              ElementsAre("12000 594000"));
  EXPECT_THAT(Ask("SELECT COUNT(*) FROM request_ids"), ElementsAre("12000"));
}

TEST_F(AdoptionTest, ADryRunChangesNothing) {
  Ask(kGoTables);
  Ask(kGoRows);
  const std::unique_ptr<StockStore> store = Open();
  const auto seen = AdoptBy(*store, /*dry_run=*/true);
  ASSERT_OK(seen);
  EXPECT_EQ(seen->books, 4u);
  EXPECT_EQ(seen->locked_units, 5u);
  EXPECT_EQ(seen->log_rows, 2u);
  EXPECT_THAT(Tables(), ElementsAre("inventory", "inventory_logs"));
  EXPECT_THAT(Ask("SELECT COUNT(*) FROM inventory"), ElementsAre("4"));
  EXPECT_THAT(store->Status().health, Not(IsOk()));
}

TEST_F(AdoptionTest, RefusesRowsThatNoStockCanBeMadeOf) {
  for (const auto& [row, named] : std::vector<std::pair<std::string, std::string>>{
           {"(7, -3, 0)", "book 7 with stock -3"},
           {"(8, 2147483648, 0)", "book 8 with stock 2147483648"},
           {"(0, 5, 0)", "book 0 with stock 5"}}) {
    SCOPED_TRACE(row);
    Ask("DROP TABLE IF EXISTS inventory, inventory_logs");
    Ask(kGoTables);
    Ask(kGoRows);
    Ask(
        absl::StrCat("SET sql_mode = 'NO_AUTO_VALUE_ON_ZERO';"
                     "INSERT INTO inventory (book_id, stock, locked_stock) VALUES ",
                     row));
    for (const bool dry_run : {true, false}) {
      EXPECT_THAT(
          Adopt(dry_run),
          StatusIs(absl::StatusCode::kFailedPrecondition,
                   absl::StrCat("1 rows of the table inventory are not fit: ", named, ";")));
    }
    EXPECT_THAT(Tables(), ElementsAre("inventory", "inventory_logs"));
  }
  Ask("UPDATE inventory SET stock = -1; INSERT INTO inventory (book_id, stock) WITH RECURSIVE n AS"
      " (SELECT 11 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 20) SELECT i, -1 FROM n");
  const auto refused = Adopt();
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kFailedPrecondition, "15 rows"));
  EXPECT_THAT(refused,
              StatusIs(absl::StatusCode::kFailedPrecondition, "book 16 with stock -1, …;"));
}

TEST_F(AdoptionTest, HasNothingToTakeOver) {
  EXPECT_THAT(Adopt(), StatusIs(absl::StatusCode::kFailedPrecondition, "nothing to take over"));
  EXPECT_THAT(Tables(), IsEmpty());
  const std::unique_ptr<StockStore> store = Open();
  EXPECT_THAT(AdoptBy(*store),
              StatusIs(absl::StatusCode::kFailedPrecondition, "does not hold the table"));
}

TEST_F(AdoptionTest, TakesOverOnce) {
  Ask(kGoTables);
  Ask(kGoRows);
  ASSERT_OK(Adopt());
  const std::unique_ptr<StockStore> store = Open();
  EXPECT_EQ(Run(*store, {Deduct{1, 77, 1}, {}}), Outcome::kDeducted);
  for (const bool dry_run : {true, false}) {
    EXPECT_THAT(AdoptBy(*store, dry_run),
                StatusIs(absl::StatusCode::kFailedPrecondition, "taken over before"));
  }
  EXPECT_EQ((*ReadStock(*store, {1}))[0].balance, (Balance{99, 0, 2}));
}

TEST_F(AdoptionTest, RefusesWhereTablesAreInTheWay) {
  Ask(kGoTables);
  Ask(kGoRows);
  Ask("CREATE TABLE writers (name TEXT)");
  EXPECT_THAT(Adopt(), StatusIs(absl::StatusCode::kFailedPrecondition, "needs: writers"));
  Ask("DROP TABLE writers; CREATE TABLE origin_inventory (book_id INT)");
  EXPECT_THAT(Adopt(true), StatusIs(absl::StatusCode::kFailedPrecondition, "started again"));
  EXPECT_THAT(Adopt(), StatusIs(absl::StatusCode::kFailedPrecondition, "nothing was done"));
  EXPECT_THAT(Tables(), ElementsAre("inventory", "inventory_logs", "origin_inventory"));
}

TEST_F(AdoptionTest, RefusesWhileTheGoServiceIsAtWork) {
  Ask(kGoTables);
  Ask(kGoRows);
  Ask("START TRANSACTION; UPDATE inventory SET stock = stock - 1 WHERE book_id = 1");
  const auto refused = Adopt();
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kFailedPrecondition, "are in use; stop it"));
  Ask("ROLLBACK");
  EXPECT_THAT(Tables(), ElementsAre("inventory", "inventory_logs"));
}

TEST_F(AdoptionTest, SaysWhichRightsAreMissing) {
  Ask(kGoTables);
  Ask(kGoRows);
  Dsn dsn = database_.socket_dsn();
  dsn.user = dsn.database + "_user";
  Ask(absl::StrCat("CREATE USER '", dsn.user,
                   "'@'localhost'; GRANT SELECT, INSERT, UPDATE, DELETE,"
                   " CREATE, ALTER, INDEX ON ",
                   dsn.database, ".* TO '", dsn.user, "'@'localhost'"));
  EXPECT_OK(AdoptOriginStock(dsn, time_, /*dry_run=*/true));
  EXPECT_THAT(AdoptOriginStock(dsn, time_, false),
              StatusIs(absl::StatusCode::kPermissionDenied,
                       "GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, INDEX, DROP ON"));
  EXPECT_THAT(Tables(), ElementsAre("inventory", "inventory_logs"));
  Ask(absl::StrCat("GRANT DROP ON ", dsn.database, ".* TO '", dsn.user, "'@'localhost'"));
  EXPECT_OK(AdoptOriginStock(dsn, time_, false));
  Ask(absl::StrCat("DROP USER '", dsn.user, "'@'localhost'"));
}

// ---- crashes ------------------------------------------------------------------------------------

TEST_F(AdoptionTest, GoesOnBehindTheRenaming) {
  Ask(kGoTables);
  Ask(kGoRows);
  Ask("RENAME TABLE inventory TO origin_inventory, inventory_logs TO origin_inventory_logs");
  const std::unique_ptr<StockStore> store = Open();
  EXPECT_THAT(store->Status().health, StatusIs(absl::StatusCode::kUnavailable, "cut short"));
  ASSERT_OK(AdoptBy(*store, /*dry_run=*/true));
  EXPECT_THAT(Tables(), ElementsAre("origin_inventory", "origin_inventory_logs"));
  const auto adopted = AdoptBy(*store);
  ASSERT_OK(adopted);
  EXPECT_EQ(adopted->log_rows, 2u);
  ASSERT_OK(AwaitServing(*store));
  ExpectWhole(*store);
}

TEST_F(AdoptionTest, RowsSpoiltBehindTheRenamingAreNamedAndMended) {
  Ask(kGoTables);
  Ask(kGoRows);
  Ask("RENAME TABLE inventory TO origin_inventory;"
      "UPDATE origin_inventory SET stock = -1 WHERE book_id = 3");
  EXPECT_THAT(Adopt(), StatusIs(absl::StatusCode::kFailedPrecondition, "table origin_inventory"));
  Ask("UPDATE origin_inventory SET stock = 7 WHERE book_id = 3");
  Ask("DROP TABLE inventory_logs");
  ASSERT_OK(Adopt());
  ExpectWhole(*Open());
}

// The connection breaks before each of these statements. What it says then, and that the next call
// comes to the same.
TEST_F(AdoptionTest, GoesOnWhereverItIsBrokenOff) {
  const std::string go_on = "`inventoryctl adopt` goes on from here";
  for (const auto& [before, says] : std::vector<std::pair<std::string, std::string>>{
           {"FROM inventory FORCE", "nothing was done"},
           {"RENAME TABLE", ""},
           {"CREATE TABLE request_ids", go_on},
           {"INSERT INTO store_owner", go_on},
           {"INSERT INTO inventory_logs", go_on},
           {"\x03"
            "COMMIT",
            go_on}}) {
    SCOPED_TRACE(before);
    const TestDatabase database = TestDatabase::Make();
    connection_ = *Connection::Open(database.socket_dsn());
    Ask(kGoTables);
    Ask(kGoRows);
    ConnectionGate gate(database.dsn().port);
    Dsn dsn = database.dsn();
    dsn.port = gate.port();
    gate.CutBefore(before);
    const auto broken = AdoptOriginStock(dsn, time_, false);
    EXPECT_TRUE(gate.has_cut());
    EXPECT_THAT(broken, StatusIs(absl::StatusCode::kUnavailable, says));

    const std::unique_ptr<StockStore> store = OpenOn(database);
    EXPECT_THAT(store->Status().health, StatusIs(absl::StatusCode::kUnavailable, "inventoryctl"));
    ASSERT_OK(AdoptBy(*store));
    ASSERT_OK(AwaitServing(*store));
    ExpectWhole(*store);
  }
}

TEST_F(AdoptionTest, ACommitWhoseAnswerIsLostIsFoundDone) {
  Ask(kGoTables);
  Ask(kGoRows);
  ConnectionGate gate(database_.dsn().port);
  Dsn dsn = database_.dsn();
  dsn.port = gate.port();
  gate.CutAndHoldBack(
      "\x03"
      "COMMIT",
      std::chrono::seconds(1));
  EXPECT_THAT(AdoptOriginStock(dsn, time_, false),
              StatusIs(absl::StatusCode::kUnavailable, "adopt"));
  EXPECT_TRUE(gate.has_cut());
  EXPECT_THAT(Adopt(), StatusIs(absl::StatusCode::kFailedPrecondition, "taken over before"));
  ExpectWhole(*Open());
}

}  // namespace
}  // namespace inventory
