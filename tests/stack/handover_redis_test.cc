// From the mysql store to the redis store, in place: what the one did the other knows.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status_matchers.h"
#include "mysql/connection.h"
#include "store/mysql/mysql_store.h"
#include "tests/stack/redis_stack.h"
#include "tests/support/ask_sql.h"
#include "tests/support/mariadb_server.h"
#include "tests/support/redis_server.h"
#include "tests/support/store_calls.h"

namespace inventory {
namespace {

using testing::ElementsAre;

std::vector<Outcome> RunAll(StockStore& store, std::vector<Command> batch) {
  const auto replies = Apply(store, std::move(batch));
  EXPECT_OK(replies);
  std::vector<Outcome> outcomes;
  if (replies.ok()) {
    for (const Reply& reply : *replies) outcomes.push_back(reply.outcome);
  }
  return outcomes;
}

TEST(HandOverToRedisTest, TheRedisStoreGoesOnWhereTheMysqlStoreEnded) {
  const TestDatabase database = TestDatabase::Make();
  auto opened = OpenMysqlStore({.dsn = database.socket_dsn()});
  ASSERT_OK(opened);
  const std::unique_ptr<StockStore> mysql = *std::move(opened);
  EXPECT_THAT(RunAll(*mysql, {{Restock{1, 100, "delivery", ""}, {}},
                              {Deduct{1, 1001, 5}, {}},
                              {Reserve{1002, {{1, 10}}, 3'600'000}, {}},
                              {Release{1, 1003, 0, ""}, {}}}),
              ElementsAre(Outcome::kRestocked, Outcome::kDeducted, Outcome::kReserved,
                          Outcome::kNothingToRelease));

  RedisStackSettings settings;
  settings.dsn = database.socket_dsn();
  settings.store.endpoint = RedisServer::NewDatabase();
  EXPECT_THAT(OpenRedisStack(settings).status(),
              StatusIs(absl::StatusCode::kFailedPrecondition, "the mysql store's"));

  StoreAnswer<std::string> handed_over;
  mysql->HandOver("redis", handed_over.callback());
  ASSERT_OK(handed_over.Wait());
  auto redis_opened = OpenRedisStack(settings);
  ASSERT_OK(redis_opened);
  const std::unique_ptr<StockStore> redis = *std::move(redis_opened);

  EXPECT_THAT(
      RunAll(*redis, {{Deduct{1, 1001, 5}, {}},
                      {Deduct{1, 1003, 1}, {}},
                      {Restock{1, 100, "delivery", ""}, {}},
                      {Confirm{1002}, {}},
                      {Deduct{1, 1004, 86}, {}},
                      {Deduct{1, 1004, 85}, {}}}),
      ElementsAre(Outcome::kDuplicateOrder, Outcome::kOrderReleased, Outcome::kDuplicateRequest,
                  Outcome::kConfirmed, Outcome::kInsufficientStock, Outcome::kDeducted));
  const auto stock = ReadStock(*redis, {1});
  ASSERT_OK(stock);
  EXPECT_EQ(stock->front().balance, (Balance{0, 0, 5}));

  // And the ledger goes on with the log.
  const auto in_database = [&](std::string_view sql) {
    auto connection = Connection::Open(database.socket_dsn());
    EXPECT_OK(connection);
    return connection.ok() ? AskSql(**connection, sql) : std::vector<std::string>();
  };
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (in_database("SELECT sequence FROM inventory") != std::vector<std::string>{"5"} &&
         std::chrono::steady_clock::now() < end) {
  }
  EXPECT_THAT(in_database("SELECT CONCAT_WS(' ', stock, locked_stock, sequence) FROM inventory"),
              ElementsAre("0 0 5"));
  EXPECT_THAT(in_database("SELECT change_type FROM inventory_logs ORDER BY sequence"),
              ElementsAre("restock", "deduct", "reserve", "confirm", "deduct"));
}

}  // namespace
}  // namespace inventory
