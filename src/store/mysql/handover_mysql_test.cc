// Handing the stock over to the redis store: nothing is sold after it, nothing of before is lost.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_matchers.h"
#include "mysql/connection.h"
#include "store/mysql/handover.h"
#include "store/mysql/mysql_store.h"
#include "tests/support/ask_sql.h"
#include "tests/support/connection_gate.h"
#include "tests/support/mariadb_server.h"
#include "tests/support/store_calls.h"

namespace inventory {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr char kOwner[] = "SELECT CONCAT(store, ' ', generation) FROM store_owner";
constexpr char kEpoch[] =
    "SELECT CONCAT_WS(' ', bucket, epoch, run_id, master_replid, state, token, token_at)"
    " FROM redis_epochs";
constexpr char kCursor[] =
    "SELECT CONCAT_WS(' ', bucket, epoch, applied, movements, as_of, watermark, writer, lease_at)"
    " FROM ledger_cursor";

class HandOverTest : public testing::Test {
 protected:
  HandOverTest() : database_(TestDatabase::Make()), a_(Open()), b_(Open()) {
    EXPECT_OK(Apply(*a_, {{Restock{1, 1'000'000, "", ""}, {}}, {Restock{2, 50, "", ""}, {}}}));
  }

  std::unique_ptr<StockStore> Open() {
    auto store = OpenMysqlStore({.dsn = database_.dsn()});
    EXPECT_OK(store);
    return store.ok() ? *std::move(store) : nullptr;
  }
  // A session each, as they are short-lived.
  std::vector<std::string> Ask(std::string_view sql) {
    auto connection = Connection::Open(database_.dsn());
    EXPECT_OK(connection);
    return connection.ok() ? AskSql(**connection, sql) : std::vector<std::string>();
  }

  static StoreAnswer<std::string> BeginHandOver(StockStore& store, const std::string& to) {
    StoreAnswer<std::string> answer;
    store.HandOver(to, answer.callback());
    return answer;
  }
  static absl::StatusOr<std::string> HandOver(StockStore& store, const std::string& to = "redis") {
    return BeginHandOver(store, to).Wait();
  }

  // Until reads answer as `want` says, for 30 s at most.
  template <typename Predicate>
  static absl::Status AwaitReads(StockStore& store, Predicate want) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    absl::Status status;
    do {
      status = ReadStock(store, {1}).status();
    } while (!want(status) && std::chrono::steady_clock::now() < end);
    return status;
  }

  const TestDatabase database_;
  std::unique_ptr<StockStore> a_;
  std::unique_ptr<StockStore> b_;
};

// Sells one unit an order, one order after the other, until that is refused, or for half a minute.
class Seller {
 public:
  Seller(StockStore& store, OrderId first)
      : store_(store), next_(first), thread_([this] { Run(); }) {}
  ~Seller() { thread_.join(); }

  int sold() const { return sold_; }
  // After the thread has ended.
  void Join() {
    thread_.join();
    thread_ = std::thread([] {});
  }
  const absl::Status& refusal() const { return refusal_; }

 private:
  void Run() {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    for (; std::chrono::steady_clock::now() < end; ++next_) {
      const auto replies = Apply(store_, {{Deduct{1, next_, 1}, {}}});
      if (!replies.ok()) {
        refusal_ = replies.status();
        return;
      }
      if (replies->front().outcome == Outcome::kDeducted) ++sold_;
    }
  }

  StockStore& store_;
  OrderId next_;
  std::atomic<int> sold_{0};
  absl::Status refusal_;
  std::thread thread_;
};

TEST_F(HandOverTest, WhileTwoInstancesSellNothingIsSoldAfterItAndNothingIsLost) {
  std::vector<std::unique_ptr<Seller>> sellers;
  for (OrderId first = 1; first <= 4; ++first) {
    sellers.push_back(std::make_unique<Seller>(first % 2 == 0 ? *a_ : *b_, first * 1'000'000));
  }
  for (const auto& seller : sellers) {
    while (seller->sold() < 20) std::this_thread::yield();
  }
  const auto next = HandOver(*a_);
  // What is in the database by now is all that there will ever be.
  const std::vector<std::string> then = Ask("SELECT COUNT(*) FROM inventory_logs");
  ASSERT_OK(next);
  EXPECT_THAT(*next, AllOf(HasSubstr("store: redis"), HasSubstr("redis.addr")));
  int sold = 0;
  for (const auto& seller : sellers) {
    seller->Join();
    EXPECT_THAT(seller->refusal(), StatusIs(absl::StatusCode::kUnavailable, "nothing was done"));
    EXPECT_THAT(seller->refusal(), StatusIs(absl::StatusCode::kUnavailable,
                                            "the database's stock is the redis store's"));
    sold += seller->sold();
  }
  EXPECT_EQ(Ask("SELECT COUNT(*) FROM inventory_logs"), then);
  EXPECT_THAT(then, ElementsAre(absl::StrCat(sold + 2)));
  EXPECT_THAT(Ask("SELECT SUM(quantity) FROM order_lines"), ElementsAre(absl::StrCat(sold)));
  EXPECT_THAT(Ask("SELECT CONCAT(stock, ' ', sequence) FROM inventory WHERE book_id=1"),
              ElementsAre(absl::StrCat(1'000'000 - sold, " ", sold + 1)));
  EXPECT_THAT(Ask(kOwner), ElementsAre("redis 2"));
  EXPECT_THAT(Ask(kEpoch), ElementsAre("0 1   rebuilding handover 1970-01-01 00:00:00.000"));
  EXPECT_THAT(Ask(absl::StrCat(kCursor,
                               " WHERE watermark=(SELECT MAX(order_id) FROM order_lines)"
                               " AND as_of='1970-01-01'")),
              ElementsAre(testing::StartsWith("0 1 0 0 1970-01-01 00:00:00.000 400")));
}

TEST_F(HandOverTest, EveryCallIsRefusedThenInEveryInstance) {
  ASSERT_OK(HandOver(*a_));
  for (StockStore* store : {a_.get(), b_.get()}) {
    const absl::Status read = AwaitReads(*store, [](const absl::Status& s) { return !s.ok(); });
    for (const absl::Status& refused :
         {read, Apply(*store, {{Deduct{1, 5, 1}, {}}}).status(), ReadOrder(*store, 5).status(),
          ReadMovements(*store, {.book = 1}).status(), ReadDue(*store, 1).status(),
          BeginExport(*store).status()}) {
      EXPECT_THAT(refused, StatusIs(absl::StatusCode::kUnavailable,
                                    "the database's stock is the redis store's"));
    }
    EXPECT_THAT(store->Status().health,
                StatusIs(absl::StatusCode::kFailedPrecondition, "write store: redis"));
  }
  EXPECT_THAT(OpenMysqlStore({.dsn = database_.dsn()}),
              StatusIs(absl::StatusCode::kFailedPrecondition, "write store: redis"));
}

// The instance that did it has no need to look.
TEST_F(HandOverTest, TheInstanceThatDidItRefusesAtOnce) {
  ASSERT_OK(HandOver(*a_));
  EXPECT_THAT(ReadStock(*a_, {1}), StatusIs(absl::StatusCode::kUnavailable, "redis store's"));
  EXPECT_THAT(a_->Status().health, StatusIs(absl::StatusCode::kFailedPrecondition, "redis"));
}

TEST_F(HandOverTest, TwiceIsAnErrorAndSoIsWhereItIs) {
  EXPECT_THAT(HandOver(*a_, "mysql"),
              StatusIs(absl::StatusCode::kFailedPrecondition, "the mysql store's already"));
  EXPECT_THAT(Ask(kOwner), ElementsAre("mysql 1"));
  EXPECT_OK(Apply(*a_, {{Deduct{1, 5, 1}, {}}}));
  ASSERT_OK(HandOver(*a_));
  for (StockStore* store : {a_.get(), b_.get()}) {  // one knows, one finds out
    EXPECT_THAT(HandOver(*store), StatusIs(absl::StatusCode::kFailedPrecondition, "redis store's"));
  }
  EXPECT_THAT(HandOver(*a_, "mysql"),
              StatusIs(absl::StatusCode::kFailedPrecondition, "redis store's"));
  EXPECT_THAT(Ask(kOwner), ElementsAre("redis 2"));
}

TEST_F(HandOverTest, WaitsForATransactionThatIsUnderWay) {
  auto sale = Connection::Open(database_.dsn());
  ASSERT_OK(sale);
  AskSql(**sale,
         "START TRANSACTION;SELECT store FROM store_owner WHERE id=1 LOCK IN SHARE MODE;"
         "UPDATE inventory SET stock=stock-1, total_stock=total_stock-1 WHERE book_id=2");
  StoreAnswer<std::string> answer = BeginHandOver(*a_, "redis");
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  bool waits = false;
  while (!waits && std::chrono::steady_clock::now() < end) {
    auto rows = (*sale)->Run("SHOW GLOBAL STATUS LIKE 'Innodb_row_lock_current_waits'");
    ASSERT_OK(rows);
    waits = rows->front().Next() && rows->front().U64(1) > 0;
  }
  EXPECT_TRUE(waits);
  EXPECT_FALSE(answer.ready());
  AskSql(**sale, "COMMIT");
  EXPECT_OK(answer.Wait());
  EXPECT_THAT(Ask(kOwner), ElementsAre("redis 2"));
}

// Its COMMIT took effect, or it did not; nobody here was told.
TEST_F(HandOverTest, ACommitInDoubtIsLookedUp) {
  ConnectionGate gate(database_.dsn().port);
  Dsn dsn = database_.dsn();
  dsn.port = gate.port();
  gate.CutAtTheAnswer(";COMMIT");
  auto generation = HandOverToRedis(dsn);
  ASSERT_OK(generation);
  EXPECT_EQ(*generation, 2u);
  EXPECT_TRUE(gate.has_cut());
  EXPECT_THAT(Ask(kOwner), ElementsAre("redis 2"));

  Ask("UPDATE store_owner SET store='mysql'");
  ConnectionGate other(database_.dsn().port);
  dsn.port = other.port();
  other.CutBefore(";COMMIT");
  generation = HandOverToRedis(dsn);
  ASSERT_OK(generation);
  EXPECT_EQ(*generation, 3u);
  EXPECT_TRUE(other.has_cut());
  EXPECT_THAT(Ask(kOwner), ElementsAre("redis 3"));
}

TEST_F(HandOverTest, AnEarlierTimeWithTheRedisStoreIsGoneOnFrom) {
  Ask("INSERT INTO redis_epochs VALUES (0, 7, 'run', 'replication', 'open', 'x', UTC_TIMESTAMP(3),"
      " UTC_TIMESTAMP(3));"
      "INSERT INTO ledger_cursor VALUES (0, 7, 900, 800, UTC_TIMESTAMP(3), 5000, 3,"
      " UTC_TIMESTAMP(3))");
  EXPECT_OK(Apply(*b_, {{Deduct{1, 17, 1}, {}}}));
  ASSERT_OK(HandOver(*b_));
  EXPECT_THAT(Ask(kEpoch), ElementsAre("0 8   rebuilding handover 1970-01-01 00:00:00.000"));
  EXPECT_THAT(Ask(kCursor), ElementsAre("0 8 0 0 1970-01-01 00:00:00.000 5000 0 "
                                        "1970-01-01 00:00:00.000"));
}

TEST_F(HandOverTest, AReservationsOrderIsOldToo) {
  EXPECT_OK(Apply(*b_, {{Deduct{1, 17, 1}, {}}, {Cancel{9'000'000'000'000'000'000u, "late"}, {}}}));
  ASSERT_OK(HandOver(*b_));
  EXPECT_THAT(Ask("SELECT watermark FROM ledger_cursor"), ElementsAre("9000000000000000000"));
}

// As when the redis store hands it over: nobody restarts who has not been stopped.
TEST_F(HandOverTest, AnInstanceThatIsStillThereServesAgainWhatCameBack) {
  ASSERT_OK(HandOver(*a_));
  AwaitReads(*b_, [](const absl::Status& s) { return !s.ok(); }).IgnoreError();
  Ask("UPDATE store_owner SET store='mysql', generation=generation+1");
  for (StockStore* store : {a_.get(), b_.get()}) {
    EXPECT_OK(AwaitReads(*store, [](const absl::Status& s) { return s.ok(); }));
    EXPECT_OK(Apply(*store, {{Restock{2, 1, "", ""}, {}}}));
  }
  ASSERT_OK(HandOver(*b_));
  EXPECT_THAT(Ask(kEpoch), ElementsAre("0 2   rebuilding handover 1970-01-01 00:00:00.000"));
}

TEST_F(HandOverTest, ADatabaseThatIsAwayIsNotHandedOver) {
  Dsn dsn = database_.dsn();
  dsn.port = ConnectionGate(dsn.port).port();  // nobody listens there any more
  EXPECT_THAT(HandOverToRedis(dsn), StatusIs(absl::StatusCode::kUnavailable, "nothing was done"));
}

}  // namespace
}  // namespace inventory
