// Taking over what the earlier Go service has in Redis: what comes of it, what is refused, and what
// a crash leaves.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/status_matchers.h"
#include "ledger/mysql_ledger.h"
#include "mysql/connection.h"
#include "stock/origin_figures.h"
#include "store/mysql/mysql_store.h"
#include "tests/stack/redis_stack.h"
#include "tests/stack/stack_testing.h"
#include "tests/support/ask_sql.h"
#include "tests/support/connection_gate.h"
#include "tests/support/go_tables.h"
#include "tests/support/mariadb_server.h"
#include "tests/support/redis_server.h"
#include "tests/support/store_calls.h"

namespace inventory {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// Book 1 as Redis has it, book 2 with sales that never came here, book 4 without a key.
constexpr char kGoRows[] =
    "INSERT INTO inventory VALUES (1, 95, 0, 95, NOW(3), NOW(3)), (2, 50, 3, 53, NOW(3), NOW(3)),"
    " (4, 0, 0, 0, NOW(3), NOW(3));"
    "INSERT INTO inventory_logs (book_id, change_type, quantity, before_stock, after_stock,"
    " order_id) VALUES (1, 'RESTOCK', 100, 0, 100, NULL), (1, 'DEDUCT', -5, 100, 95, 1001)";

class AdoptRedisTest : public testing::Test {
 protected:
  AdoptRedisTest() : database_(TestDatabase::Make()) {
    settings_.dsn = database_.socket_dsn();
    settings_.store.endpoint = RedisServer::NewDatabase();
  }

  RedisReply Redis(std::string_view words) const {
    const std::vector<std::string> command = absl::StrSplit(std::string(words), ' ');
    const auto reply = RedisServer::Shared().Ask(command, settings_.store.endpoint.db);
    EXPECT_OK(reply);
    EXPECT_FALSE(reply.ok() && reply->is(RedisReply::Kind::kError)) << words;
    return reply.ok() ? *reply : RedisReply();
  }
  // What the Go service leaves: book 1 was sold to 1001 and 1002, and 1002 gave it back.
  void FillRedis() const {
    for (const char* const command :
         {"SET stock:1 95", "SET stock:2 20", "SET stock:3 0", "SET deduct:stock:1:1001 1 EX 3600",
          "SET deduct:stock:1:1002 1 EX 3600", "SET release:stock:1:1002 1 EX 3600",
          "SET deduct:stock:2:1001 1 EX 3600", "SET deduct:stock:1:0 1 EX 3600"}) {
      Redis(command);
    }
  }
  // A session each, as they are short-lived.
  std::vector<std::string> Ask(std::string_view sql) const {
    auto connection = Connection::Open(settings_.dsn);
    EXPECT_OK(connection);
    return connection.ok() ? AskSql(**connection, sql) : std::vector<std::string>();
  }

  std::unique_ptr<StockStore> Start() const {
    auto store = StartRedisStack(settings_);
    EXPECT_OK(store);
    return store.ok() ? *std::move(store) : nullptr;
  }
  static absl::StatusOr<AdoptedStock> Adopt(StockStore& store, bool dry_run = false) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    absl::StatusOr<AdoptedStock> adopted;
    do {  // it may not have connected yet
      StoreAnswer<AdoptedStock> asked;
      store.Adopt(dry_run, asked.callback());
      adopted = asked.Wait();
    } while (absl::IsUnavailable(adopted.status()) && std::chrono::steady_clock::now() < end);
    return adopted;
  }
  std::vector<std::string> Log() const {
    return Ask(
        "SELECT CONCAT_WS(' ', book_id, sequence, change_type, quantity, before_stock,"
        " after_stock, COALESCE(order_id, '-'), COALESCE(request_id, '-')) FROM inventory_logs"
        " ORDER BY book_id, sequence");
  }
  std::vector<std::string> Lines() const {
    return Ask(
        "SELECT CONCAT_WS(' ', book_id, order_id, state, quantity, released_quantity) FROM"
        " order_lines ORDER BY book_id, order_id");
  }

  // The stock of FillRedis, without the tables of the Go service.
  void ExpectWhole() const {
    EXPECT_THAT(Log(), ElementsAre("1 1 restock 95 0 95 - adopt:1", "1 2 deduct 0 95 95 1001 -",
                                   "1 3 deduct 0 95 95 1002 -", "1 4 release 0 95 95 1002 -",
                                   "2 1 restock 20 0 20 - adopt:2", "2 2 deduct 0 20 20 1001 -",
                                   "3 1 adjust 0 0 0 - adopt:3"));
    EXPECT_THAT(Lines(), ElementsAre("1 1001 sold_by_deduct 0 0", "1 1002 returned 0 0",
                                     "2 1001 sold_by_deduct 0 0"));
    EXPECT_THAT(Ask("SELECT CONCAT_WS(' ', book_id, stock, locked_stock, sequence) FROM inventory"),
                ElementsAre("1 95 0 4", "2 20 0 2", "3 0 0 1"));
    EXPECT_THAT(Ask("SELECT CONCAT(store, ' ', generation) FROM store_owner"),
                ElementsAre("redis 1"));
    EXPECT_EQ(Redis("HGET book:1 available").text, "95");
    EXPECT_EQ(Redis("HGET epoch epoch").text, "2");
    // Another store takes all of it.
    const std::unique_ptr<StockStore> store = Start();
    ASSERT_OK(AwaitServing(*store));
    const auto facts = Export(*store);
    ASSERT_OK(facts);
    const TestDatabase database = TestDatabase::Make();
    auto other = OpenMysqlStore({.dsn = database.socket_dsn()});
    ASSERT_OK(other);
    EXPECT_OK(Import(**other, *facts));
    const auto again = Export(**other);
    ASSERT_OK(again);
    EXPECT_TRUE(*again == *facts);
  }

  const TestDatabase database_;
  RedisStackSettings settings_;
};

TEST_F(AdoptRedisTest, TakesTheStockOverAndServesIt) {
  FillRedis();
  const std::unique_ptr<StockStore> store = Start();
  const std::unique_ptr<StockStore> other = Start();
  AwaitHealth(*store, "inventoryctl adopt");
  const auto adopted = Adopt(*store);
  ASSERT_OK(adopted);
  EXPECT_EQ(adopted->books, 3u);
  EXPECT_EQ(adopted->units, 115u);
  EXPECT_EQ(adopted->sold_out_books, 1u);
  EXPECT_EQ(adopted->lines, 3u);
  EXPECT_EQ(adopted->unknown_quantities, 3u);
  EXPECT_EQ(adopted->corrected_books, 0u);
  ASSERT_OK(AwaitServing(*store));
  ASSERT_OK(AwaitServing(*other)) << "no call has told it";
  ExpectWhole();

  EXPECT_THAT(
      RunAll(*store, {{Deduct{1, 1001, 5}, {}},
                      {Deduct{1, 1001, 7}, {}},
                      {Deduct{1, 1002, 5}, {}},
                      {Release{1, 1002, 5, ""}, {}},
                      {Release{1, 1002, 0, ""}, {}},
                      {Release{1, 1001, 0, ""}, {}},
                      {Deduct{1, 1003, 95}, {}},
                      {Deduct{1, 1004, 1}, {}}}),
      ElementsAre(Outcome::kDuplicateOrder, Outcome::kDuplicateOrder, Outcome::kOrderReleased,
                  Outcome::kDuplicateRelease, Outcome::kDuplicateRelease, Outcome::kOrderConflict,
                  Outcome::kDeducted, Outcome::kInsufficientStock));
  // What it bought comes back as the caller says, once.
  EXPECT_THAT(RunAll(*other, {{Release{1, 1001, 5, "late"}, {}},
                              {Release{1, 1001, 5, "late"}, {}},
                              {Release{1, 1001, 6, "late"}, {}},
                              {Deduct{1, 1001, 5}, {}}}),
              ElementsAre(Outcome::kReleased, Outcome::kDuplicateRelease,
                          Outcome::kDuplicateRelease, Outcome::kOrderReleased));
  const auto stock = ReadStock(*store, {1});
  ASSERT_OK(stock);
  EXPECT_EQ(stock->front().balance, (Balance{5, 0, 6}));
  EXPECT_THAT(Adopt(*store),
              StatusIs(absl::StatusCode::kFailedPrecondition, "nothing to take over"));
}

TEST_F(AdoptRedisTest, WhatTheTablesSayIsCorrectedByWhatRedisSays) {
  FillRedis();
  Ask(kGoTables);
  Ask(kGoRows);
  const std::unique_ptr<StockStore> store = Start();
  AwaitHealth(*store, "inventoryctl adopt");
  const auto adopted = Adopt(*store);
  ASSERT_OK(adopted);
  EXPECT_EQ(adopted->books, 4u);
  EXPECT_EQ(adopted->units, 115u);
  EXPECT_EQ(adopted->locked_units, 3u);
  EXPECT_EQ(adopted->log_rows, 2u);
  EXPECT_EQ(adopted->lines, 3u);
  EXPECT_EQ(adopted->unknown_quantities, 2u) << "of order 1001 the log tells";
  EXPECT_EQ(adopted->corrected_books, 1u);
  ASSERT_OK(AwaitServing(*store));
  EXPECT_THAT(Log(), ElementsAre("1 1 restock 100 0 100 - adopt:1", "1 2 deduct 5 100 95 1001 -",
                                 "1 3 deduct 0 95 95 1002 -", "1 4 release 0 95 95 1002 -",
                                 "2 1 restock 50 0 50 - adopt:2", "2 2 adjust 30 50 20 - -",
                                 "2 3 deduct 0 20 20 1001 -", "3 1 adjust 0 0 0 - adopt:3",
                                 "4 1 adjust 0 0 0 - adopt:4"));
  EXPECT_THAT(Ask("SELECT remark FROM inventory_logs WHERE book_id=2 AND sequence=2"),
              ElementsAre(testing::HasSubstr("it sold by this figure, in Redis")));
  EXPECT_THAT(Ask("SELECT stock FROM origin_inventory ORDER BY book_id"),
              ElementsAre("95", "50", "0"));
  EXPECT_THAT(RunAll(*store, {{Deduct{1, 1001, 5}, {}},
                              {Deduct{1, 1001, 6}, {}},
                              {Release{1, 1001, 0, ""}, {}},
                              {Deduct{4, 1, 1}, {}}}),
              ElementsAre(Outcome::kDuplicateOrder, Outcome::kOrderConflict, Outcome::kReleased,
                          Outcome::kInsufficientStock));
}

TEST_F(AdoptRedisTest, AMarkerThatSaysHowMuchIsBelieved) {
  Redis("SET stock:1 95");
  Redis("SET deduct:stock:1:7 5");
  Redis("SET deduct:stock:1:8 2147483647");  // more than the book could ever have had
  Redis("SET stock:2 95");
  Redis("SET deduct:stock:2:7 5");
  const std::unique_ptr<StockStore> store = Start();
  ASSERT_OK(Adopt(*store));
  EXPECT_THAT(Lines(), ElementsAre("1 7 sold_by_deduct 0 0", "1 8 sold_by_deduct 0 0",
                                   "2 7 sold_by_deduct 5 0"));
  EXPECT_THAT(Ask("SELECT stock FROM inventory"), ElementsAre("95", "95"));
}

TEST_F(AdoptRedisTest, ADryRunChangesNothing) {
  FillRedis();
  Ask(kGoTables);
  Ask(kGoRows);
  const std::unique_ptr<StockStore> store = Start();
  const auto seen = Adopt(*store, /*dry_run=*/true);
  ASSERT_OK(seen);
  EXPECT_EQ(seen->books, 4u);
  EXPECT_EQ(seen->corrected_books, 1u);
  EXPECT_THAT(Ask("SHOW TABLES"), ElementsAre("inventory", "inventory_logs"));
  EXPECT_EQ(Redis("DBSIZE").integer, 8);
  EXPECT_EQ(Redis("GET stock:1").text, "95");
  AwaitHealth(*store, "inventoryctl adopt");
}

TEST_F(AdoptRedisTest, RefusesKeysThatNoStockCanBeMadeOf) {
  FillRedis();
  const std::unique_ptr<StockStore> closed = Start();
  AwaitHealth(*closed, "inventoryctl adopt");
  for (const auto& [command, named] : std::vector<std::pair<std::string, std::string>>{
           {"SET stock:5 many", "stock:5 holds 'many'"},
           {"SET stock:5 -1", "stock:5 holds '-1'"},
           {"SET stock:5 2147483648", "stock:5 holds '2147483648'"},
           {"HSET stock:5 available 1", "stock:5 is a hash"},
           {"SET stock:0 1", "stock:0 names no book"},
           {"SET stock:x 1", "stock:x names no book"},
           {"SADD deduct:stock:1:9 1", "deduct:stock:1:9 is a set"},
           {"SET deduct:stock:1 1", "deduct:stock:1 names no book and order"},
           {"SET release:stock:9:9 1", "release:stock:9:9 without stock:9"}}) {
    SCOPED_TRACE(command);
    Redis(command);
    for (const bool dry_run : {true, false}) {
      const auto refused = Adopt(*closed, dry_run);
      EXPECT_THAT(refused, StatusIs(absl::StatusCode::kFailedPrecondition, named));
      EXPECT_THAT(refused, StatusIs(absl::StatusCode::kFailedPrecondition, "1 keys in Redis"));
    }
    const std::vector<std::string> words = absl::StrSplit(command, ' ');
    Redis(absl::StrCat("DEL ", words[1]));
  }
  EXPECT_THAT(closed->Status().health, testing::Not(IsOk()));
  EXPECT_OK(Adopt(*closed));
}

TEST_F(AdoptRedisTest, RefusesABookThatOnlyTheTablesHaveInStock) {
  FillRedis();
  Ask(kGoTables);
  Ask(kGoRows);
  Ask("UPDATE inventory SET stock=12 WHERE book_id=4");
  const std::unique_ptr<StockStore> store = Start();
  EXPECT_THAT(Adopt(*store), StatusIs(absl::StatusCode::kFailedPrecondition,
                                      "no key in Redis: book 4 with stock "
                                      "12"));
  EXPECT_THAT(Ask("SHOW TABLES"), ElementsAre("inventory", "inventory_logs"));
  Redis("FLUSHDB");
  EXPECT_THAT(Adopt(*store),
              StatusIs(absl::StatusCode::kFailedPrecondition, "Redis holds no keys stock:*"));
}

TEST_F(AdoptRedisTest, AStoreThatHasItsStockTakesNothingOver) {
  const std::unique_ptr<StockStore> store = Start();
  ASSERT_OK(AwaitServing(*store));
  EXPECT_THAT(RunAll(*store, {{Restock{1, 100, "", ""}, {}}}), ElementsAre(Outcome::kRestocked));
  EXPECT_THAT(Adopt(*store), StatusIs(absl::StatusCode::kFailedPrecondition, "this service's own"));
}

// ---- crashes, and a Go service that runs on ---------------------------------------------------

class LedgerAdoptionTest : public AdoptRedisTest {
 protected:
  // As read from FillRedis.
  static OriginFigures Figures() {
    return {{{1, 95}, {2, 20}, {3, 0}},
            {{{1001, 1}, false, 0}, {{1002, 1}, true, 0}, {{1001, 2}, false, 0}}};
  }
  static absl::StatusOr<bool> Unchanged() { return false; }
  absl::StatusOr<AdoptedStock> AdoptAt(const Dsn& dsn,
                                       const OriginLooker& look_again = Unchanged) const {
    MysqlLedger ledger({dsn});
    return ledger.Adopt(Figures(), false, look_again);
  }
};

TEST_F(LedgerAdoptionTest, WhatChangesMeanwhileUndoesAll) {
  FillRedis();
  Ask(kGoTables);
  Ask(kGoRows);
  int looks = 0;
  EXPECT_THAT(AdoptAt(database_.socket_dsn(),
                      [&looks]() -> absl::StatusOr<bool> {
                        if (++looks < 3) return true;
                        return absl::FailedPreconditionError("stock:1 has changed meanwhile");
                      }),
              StatusIs(absl::StatusCode::kFailedPrecondition, "begins again"));
  EXPECT_EQ(looks, 3);
  EXPECT_THAT(Log(), IsEmpty());
  EXPECT_THAT(Ask("SELECT store FROM store_owner"), IsEmpty());
  const std::unique_ptr<StockStore> store = Start();
  AwaitHealth(*store, "cut short");
  const auto replies = Apply(*store, {{Restock{1, 1, "", ""}, nullptr}});
  ASSERT_OK(replies);
  EXPECT_THAT(replies->front().fault, StatusIs(absl::StatusCode::kUnavailable, "nothing was done"));
  ASSERT_OK(Adopt(*store));
  EXPECT_EQ(Log().size(), 9u);
}

TEST_F(LedgerAdoptionTest, TakesOverOnceAndNeverOverStock) {
  ASSERT_OK(AdoptAt(database_.socket_dsn()));
  const std::vector<std::string> log = Log();
  EXPECT_THAT(AdoptAt(database_.socket_dsn()),
              StatusIs(absl::StatusCode::kFailedPrecondition, "in this database already"));
  Ask("DELETE FROM redis_epochs;DELETE FROM ledger_cursor");
  EXPECT_THAT(AdoptAt(database_.socket_dsn()),
              StatusIs(absl::StatusCode::kFailedPrecondition, "holds stock already"));
  EXPECT_EQ(Log(), log);
  Ask("UPDATE store_owner SET store='mysql'");
  EXPECT_THAT(AdoptAt(database_.socket_dsn()),
              StatusIs(absl::StatusCode::kFailedPrecondition, "the mysql store's"));
}

// More lines of one book than are written at a time.
TEST_F(LedgerAdoptionTest, TakesABookWithManyOrders) {
  OriginFigures figures{{{1, 5}, {2, 7}}, {}};
  for (OrderId order = 1; order <= 12'000; ++order) {
    figures.lines.push_back({{order, 1}, order % 2 == 0, order % 3 == 0 ? 2 : 0});
  }
  figures.lines.push_back({{1, 2}, false, 0});
  MysqlLedger ledger({settings_.dsn});
  const auto adopted = ledger.Adopt(figures, false, Unchanged);
  ASSERT_OK(adopted);
  EXPECT_EQ(adopted->lines, 12'001u);
  EXPECT_EQ(adopted->unknown_quantities, 10'001u) << "of 2,000 that gave nothing back it is known";
  EXPECT_THAT(Ask("SELECT CONCAT_WS(' ', book_id, stock, sequence) FROM inventory"),
              ElementsAre("1 5 18001", "2 7 2"));
  EXPECT_THAT(Ask("SELECT CONCAT_WS(' ', state, COUNT(*), SUM(quantity)) FROM order_lines WHERE"
                  " book_id=1 GROUP BY state"),
              ElementsAre("sold_by_deduct 6000 4000", "returned 6000 0"));
  EXPECT_THAT(Ask("SELECT COUNT(*) FROM inventory_logs b LEFT JOIN inventory_logs a ON"
                  " a.book_id=b.book_id AND a.sequence=b.sequence-1 WHERE"
                  " COALESCE(a.after_stock, 0)<>b.before_stock OR (b.sequence>1 AND a.id IS NULL)"),
              ElementsAre("0"));
}

// The connection breaks at a statement, before the server has it or when it answers; then adopting
// goes on from whatever that left. What the store knows at the end.
class CutShortTest : public LedgerAdoptionTest {
 protected:
  // Alone in its packet, behind the command's byte; a session's beginning says READ COMMITTED.
  static constexpr char kCommit[] = "\003COMMIT";

  std::vector<std::string> AdoptCutAt(const std::string& at, bool at_the_answer, bool with_tables) {
    const TestDatabase database = TestDatabase::Make();
    Dsn dsn = database.dsn();
    if (with_tables) {
      auto connection = Connection::Open(dsn);
      EXPECT_OK(connection);
      AskSql(**connection, kGoTables);
      AskSql(**connection, kGoRows);
    } else {
      EXPECT_OK(MysqlLedger({dsn}).Open());
    }
    ConnectionGate gate(dsn.port);
    dsn.port = gate.port();
    if (at_the_answer) {
      gate.CutAtTheAnswer(at);
    } else {
      gate.CutBefore(at);
    }
    EXPECT_THAT(AdoptAt(dsn), testing::Not(IsOk()));
    EXPECT_TRUE(gate.has_cut());

    settings_.dsn = database.dsn();
    settings_.store.endpoint = RedisServer::NewDatabase();
    FillRedis();
    const std::unique_ptr<StockStore> store = Start();
    const bool done = at == kCommit && at_the_answer;
    if (!done) {
      AwaitHealth(*store, "inventoryctl adopt");
      EXPECT_OK(Adopt(*store));
    }
    EXPECT_OK(AwaitServing(*store));
    return Known(*store);
  }

  std::vector<std::string> Known(StockStore& store) {
    const auto stock = ReadStock(store, {2});
    EXPECT_OK(stock);
    EXPECT_EQ(stock.ok() ? stock->front().balance.available : -1, 20);
    EXPECT_THAT(RunAll(store, {{Deduct{1, 1001, 5}, {}}}), ElementsAre(Outcome::kDuplicateOrder));
    std::vector<std::string> known = Log();
    for (std::string& line : Lines()) known.push_back(std::move(line));
    return known;
  }
};

TEST_F(CutShortTest, ItEndsInTheSameState) {
  for (const char* const at :
       {"INSERT INTO order_lines", "INSERT INTO redis_epochs", "DO 0", kCommit}) {
    for (const bool at_the_answer : {false, true}) {
      SCOPED_TRACE(absl::StrCat(at, at_the_answer ? " answered" : ""));
      EXPECT_EQ(AdoptCutAt(at, at_the_answer, /*with_tables=*/false).size(), 10u);
    }
  }
}

TEST_F(CutShortTest, WithTablesItEndsInTheSameState) {
  for (const char* const at : {"RENAME TABLE", "CREATE TABLE ledger_cursor",
                               "INSERT INTO store_owner", "INSERT INTO redis_epochs", kCommit}) {
    for (const bool at_the_answer : {false, true}) {
      SCOPED_TRACE(absl::StrCat(at, at_the_answer ? " answered" : ""));
      EXPECT_EQ(AdoptCutAt(at, at_the_answer, /*with_tables=*/true).size(), 12u);
    }
  }
}

}  // namespace
}  // namespace inventory
