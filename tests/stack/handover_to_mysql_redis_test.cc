// From the redis store to the mysql store, in place, and back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
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
#include "store/mysql/mysql_store.h"
#include "tests/stack/redis_stack.h"
#include "tests/stack/stack_testing.h"
#include "tests/support/ask_sql.h"
#include "tests/support/connection_gate.h"
#include "tests/support/mariadb_server.h"
#include "tests/support/redis_server.h"
#include "tests/support/store_calls.h"

namespace inventory {
namespace {

using testing::ElementsAre;
using testing::StartsWith;

class HandOverToMysqlTest : public testing::Test {
 protected:
  HandOverToMysqlTest() : database_(TestDatabase::Make()) {
    settings_.dsn = database_.dsn();
    settings_.store.endpoint = RedisServer::NewDatabase();
  }

  std::unique_ptr<StockStore> OpenRedis() const {
    auto store = OpenRedisStack(settings_);
    EXPECT_OK(store);
    return store.ok() ? *std::move(store) : nullptr;
  }
  std::unique_ptr<StockStore> OpenMysql() const {
    auto store = OpenMysqlStore({.dsn = database_.dsn()});
    EXPECT_OK(store);
    return store.ok() ? *std::move(store) : nullptr;
  }
  RedisReply Redis(std::string_view words) const {
    const std::vector<std::string> command = absl::StrSplit(std::string(words), ' ');
    const auto reply = RedisServer::Shared().Ask(command, settings_.store.endpoint.db);
    EXPECT_OK(reply);
    return reply.ok() ? *reply : RedisReply();
  }
  // A session each, as they are short-lived.
  std::vector<std::string> Ask(std::string_view sql) const {
    auto connection = Connection::Open(database_.dsn());
    EXPECT_OK(connection);
    return connection.ok() ? AskSql(**connection, sql) : std::vector<std::string>();
  }
  std::vector<std::string> Owner() const {
    return Ask("SELECT CONCAT(store, ' ', generation) FROM store_owner");
  }
  static absl::StatusOr<std::string> HandOver(StockStore& store, const std::string& to) {
    StoreAnswer<std::string> answer;
    store.HandOver(to, answer.callback());
    return answer.Wait();
  }
  static Balance BalanceIn(StockStore& store, BookId book) {
    const auto stock = ReadStock(store, {book});
    EXPECT_OK(stock);
    return stock.ok() ? stock->front().balance : Balance();
  }
  const TestDatabase database_;
  RedisStackSettings settings_;
};

TEST_F(HandOverToMysqlTest, TheMysqlStoreGoesOnWhereTheRedisStoreEndedAndBack) {
  const std::unique_ptr<StockStore> redis = OpenRedis();
  EXPECT_THAT(RunAll(*redis, {{Restock{1, 100, "delivery", ""}, {}},
                              {Deduct{1, 1001, 5}, {}},
                              {Deduct{1, 1002, 7}, {}},
                              {Release{1, 1002, 7, ""}, {}},
                              {Release{1, 1003, 0, ""}, {}},
                              {Reserve{1004, {{1, 10}}, 200}, {}},
                              {Reserve{1005, {{1, 3}}, 3'600'000}, {}},
                              {Cancel{1006, ""}, {}},
                              {Adjust{2, true, 0, std::nullopt, "count", ""}, {}}}),
              ElementsAre(Outcome::kRestocked, Outcome::kDeducted, Outcome::kDeducted,
                          Outcome::kReleased, Outcome::kNothingToRelease, Outcome::kReserved,
                          Outcome::kReserved, Outcome::kReservationNotFound, Outcome::kAdjusted));
  const auto facts = Export(*redis);
  ASSERT_OK(facts);
  const auto next = HandOver(*redis, "mysql");
  ASSERT_OK(next);
  EXPECT_THAT(*next, testing::HasSubstr("store: mysql"));
  EXPECT_THAT(Owner(), ElementsAre("mysql 2"));
  EXPECT_THAT(Redis("HGET epoch epoch").text, StartsWith("rebuilding:handover-"));
  const auto refused = Apply(*redis, {{Deduct{1, 1010, 1}, {}}});
  ASSERT_OK(refused);
  EXPECT_THAT(refused->front().fault, StatusIs(absl::StatusCode::kUnavailable, "nothing was done"));
  AwaitHealth(*redis, "write store: mysql");

  std::unique_ptr<StockStore> mysql = OpenMysql();
  ASSERT_NE(mysql, nullptr);
  const auto after = Export(*mysql);
  ASSERT_OK(after);
  EXPECT_TRUE(*after == *facts);
  EXPECT_THAT(
      RunAll(*mysql, {{Deduct{1, 1001, 5}, {}},
                      {Release{1, 1002, 7, ""}, {}},
                      {Deduct{1, 1003, 1}, {}},
                      {Restock{1, 100, "delivery", ""}, {}},
                      {Confirm{1005}, {}},
                      {Reserve{1006, {{1, 1}}, 1'000}, {}}}),
      ElementsAre(Outcome::kDuplicateOrder, Outcome::kDuplicateRelease, Outcome::kOrderReleased,
                  Outcome::kDuplicateRequest, Outcome::kConfirmed, Outcome::kOrderReleased));
  // A reservation of then ends by its deadline.
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  std::vector<OrderId> due;
  while (due.empty() && std::chrono::steady_clock::now() < end) {
    const auto read = ReadDue(*mysql, 10);
    ASSERT_OK(read);
    due = *read;
  }
  EXPECT_THAT(due, ElementsAre(1004u));
  EXPECT_THAT(RunAll(*mysql, {{Expire{1004}, {}}, {Confirm{1004}, {}}}),
              ElementsAre(Outcome::kOk, Outcome::kReservationExpired));
  EXPECT_EQ(BalanceIn(*mysql, 1), (Balance{92, 0, 8}));

  // And back: the instance that was left running serves again, in a new epoch.
  ASSERT_OK(HandOver(*mysql, "redis"));
  mysql.reset();
  ASSERT_OK(AwaitServing(*redis));
  EXPECT_THAT(Owner(), ElementsAre("redis 3"));
  EXPECT_EQ(Redis("HGET epoch epoch").text, "3");
  EXPECT_THAT(RunAll(*redis, {{Deduct{1, 1001, 5}, {}},
                              {Confirm{1005}, {}},
                              {Confirm{1004}, {}},
                              {Deduct{1, 1011, 92}, {}}}),
              ElementsAre(Outcome::kDuplicateOrder, Outcome::kDuplicateOrder,
                          Outcome::kReservationExpired, Outcome::kDeducted));
}

// Sells one unit an order, until that is refused for good, or for half a minute.
class RedisSeller {
 public:
  RedisSeller(StockStore& store, OrderId first)
      : store_(store), next_(first), thread_([this] { Run(); }) {}
  ~RedisSeller() { Stop(); }
  int sold() const { return sold_; }
  void Stop() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
  }

 private:
  void Run() {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    for (; !stop_ && std::chrono::steady_clock::now() < end; ++next_) {
      const auto replies = Apply(store_, {{Deduct{1, next_, 1}, {}}});
      if (!replies.ok()) continue;
      if (replies->front().fault.ok() && replies->front().outcome == Outcome::kDeducted) ++sold_;
    }
  }

  StockStore& store_;
  OrderId next_;
  std::atomic<int> sold_{0};
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

TEST_F(HandOverToMysqlTest, WhileTwoInstancesSellNothingIsSoldAfterItAndNothingIsLost) {
  const std::unique_ptr<StockStore> a = OpenRedis();
  const std::unique_ptr<StockStore> b = OpenRedis();
  EXPECT_THAT(RunAll(*a, {{Restock{1, 1'000'000, "", ""}, {}}}), ElementsAre(Outcome::kRestocked));
  RedisSeller one(*a, 1'000'000);
  RedisSeller two(*b, 2'000'000);
  while (one.sold() < 50 || two.sold() < 50) std::this_thread::yield();
  const auto next = HandOver(*b, "mysql");
  // What is in the database by now is all that there will ever be.
  const std::vector<std::string> then = Ask("SELECT COUNT(*) FROM inventory_logs");
  EXPECT_OK(next);
  AwaitHealth(*a, "write store: mysql");
  AwaitHealth(*b, "write store: mysql");
  one.Stop();
  two.Stop();
  const int sold = one.sold() + two.sold();
  EXPECT_EQ(Ask("SELECT COUNT(*) FROM inventory_logs"), then);
  EXPECT_THAT(Ask("SELECT SUM(quantity) FROM order_lines"), ElementsAre(absl::StrCat(sold)));
  EXPECT_THAT(Ask("SELECT stock FROM inventory"), ElementsAre(absl::StrCat(1'000'000 - sold)));
  EXPECT_THAT(Ask("SELECT COUNT(*) FROM ledger_losses"), ElementsAre("0"));
  EXPECT_THAT(HandOver(*a, "mysql"),
              StatusIs(absl::StatusCode::kFailedPrecondition, "the mysql store's"));
  EXPECT_THAT(OpenRedisStack(settings_),
              StatusIs(absl::StatusCode::kFailedPrecondition, "write store: mysql"));
}

TEST_F(HandOverToMysqlTest, WhatIsInQuarantineIsSettledFirst) {
  const std::unique_ptr<StockStore> redis = OpenRedis();
  EXPECT_THAT(RunAll(*redis, {{Restock{7, 10, "", ""}, {}}}), ElementsAre(Outcome::kRestocked));
  const auto await = [this](std::string_view sql, std::string_view wanted) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    std::vector<std::string> rows;
    do {
      rows = Ask(sql);
    } while (rows != std::vector<std::string>{std::string(wanted)} &&
             std::chrono::steady_clock::now() < end);
    EXPECT_THAT(rows, ElementsAre(std::string(wanted)));
  };
  await("SELECT stock FROM inventory", "10");
  Ask("UPDATE inventory SET stock=9, total_stock=9");  // by hand
  EXPECT_THAT(RunAll(*redis, {{Deduct{7, 1, 1}, {}}}), ElementsAre(Outcome::kDeducted));
  await("SELECT book_id FROM ledger_quarantine", "7");
  EXPECT_THAT(HandOver(*redis, "mysql"),
              StatusIs(absl::StatusCode::kFailedPrecondition, "in quarantine, of the books 7:"));
  EXPECT_OK(redis->Status().health) << "nothing was closed";
  EXPECT_THAT(RunAll(*redis, {{Deduct{7, 2, 1}, {}}}), ElementsAre(Outcome::kDeducted));
  Ask("UPDATE inventory SET stock=10, total_stock=10");
  StoreAnswer<QuarantineResult> retried;
  redis->RetryQuarantine(7, retried.callback());
  ASSERT_OK(retried.Wait());
  await("SELECT stock FROM inventory", "8");
  ASSERT_OK(HandOver(*redis, "mysql"));
  const std::unique_ptr<StockStore> mysql = OpenMysql();
  ASSERT_NE(mysql, nullptr);
  EXPECT_EQ(BalanceIn(*mysql, 7), (Balance{8, 0, 3}));
}

TEST_F(HandOverToMysqlTest, OnlyWhereItIsNot) {
  const std::unique_ptr<StockStore> redis = OpenRedis();
  EXPECT_THAT(HandOver(*redis, "redis"),
              StatusIs(absl::StatusCode::kFailedPrecondition, "the redis store's already"));
  EXPECT_OK(redis->Status().health);
  EXPECT_THAT(Owner(), ElementsAre("redis 1"));
}

// A COMMIT that is cut before it arrives is made again; one that had taken effect is not.
TEST_F(HandOverToMysqlTest, ACommitInDoubtIsLookedUp) {
  std::unique_ptr<StockStore> redis = OpenRedis();
  redis.reset();
  for (const bool arrives : {false, true}) {
    ConnectionGate gate(database_.dsn().port);
    Dsn dsn = database_.dsn();
    dsn.port = gate.port();
    MysqlLedger ledger({dsn});
    const auto row = ledger.ReadEpoch();
    ASSERT_OK(row);
    ASSERT_OK(ledger.CloseEpoch(row->epoch, "handover-x"));
    ASSERT_OK(ledger.ApplyHandIns("handover-x"));
    if (arrives) {
      gate.CutAtTheAnswer("SET store=");
    } else {
      gate.CutBefore("SET store=");
    }
    EXPECT_OK(ledger.HandOverToMysql("handover-x"));
    EXPECT_TRUE(gate.has_cut());
    EXPECT_THAT(Ask("SELECT store FROM store_owner"), ElementsAre("mysql"));
    EXPECT_THAT(ledger.ReadEpoch(),
                StatusIs(absl::StatusCode::kFailedPrecondition, "the mysql store's"));
    Ask("UPDATE store_owner SET store='redis'");
  }
  EXPECT_THAT(Owner(), ElementsAre("redis 3"));
}

// A handover that was cut short before the owner changed is a rebuild that was cut short.
TEST_F(HandOverToMysqlTest, CutShortTheRedisStoreServesAgain) {
  const std::unique_ptr<StockStore> redis = OpenRedis();
  EXPECT_THAT(RunAll(*redis, {{Restock{1, 10, "", ""}, {}}}), ElementsAre(Outcome::kRestocked));
  const TestDatabase& database = database_;
  MysqlLedger ledger({database.dsn()});
  ASSERT_OK(ledger.CloseEpoch(1, "handover-x"));
  Redis("HSET epoch epoch rebuilding:handover-x");
  AwaitHealth(*redis, "another instance is rebuilding");
  ASSERT_OK(AwaitServing(*redis));
  EXPECT_EQ(BalanceIn(*redis, 1), (Balance{10, 0, 1}));
  EXPECT_THAT(Owner(), ElementsAre("redis 1"));
}

}  // namespace
}  // namespace inventory
