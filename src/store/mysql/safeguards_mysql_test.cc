// What keeps stock right when instances and the database's connections get into each other's way.
// Each test fails on a build without its safeguard (mysql/fault.h).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_matchers.h"
#include "mysql/connection.h"
#include "store/mysql/mysql_store.h"
#include "tests/support/connection_gate.h"
#include "tests/support/mariadb_server.h"
#include "tests/support/store_calls.h"

namespace inventory {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

constexpr BookId kBook = 1;
// The end of a transaction, and of nothing else: sessions begin with READ COMMITTED.
constexpr char kCommit[] = ";COMMIT";

class SafeguardsTest : public testing::Test {
 protected:
  SafeguardsTest() : database_(TestDatabase::Make()) {
    a_ = Open(database_.dsn());
    b_ = Open(database_.dsn());
    EXPECT_EQ(Run(*a_, Restock{kBook, 100, "", ""}), Outcome::kRestocked);
  }

  static std::unique_ptr<StockStore> Open(const Dsn& dsn) {
    auto store = OpenMysqlStore({.dsn = dsn});
    EXPECT_OK(store);
    return store.ok() ? *std::move(store) : nullptr;
  }
  // Through the gate, with its connections made: one unit was stocked.
  std::unique_ptr<StockStore> OpenThrough(const ConnectionGate& gate) {
    Dsn dsn = database_.dsn();
    dsn.port = gate.port();
    std::unique_ptr<StockStore> store = Open(dsn);
    EXPECT_EQ(Run(*store, Restock{kBook, 1, "", ""}), Outcome::kRestocked);
    return store;
  }
  std::unique_ptr<Connection> Connect() const {
    auto connection = Connection::Open(database_.dsn());
    EXPECT_OK(connection);
    return *std::move(connection);
  }

  using Answer = StoreAnswer<std::vector<Reply>>;
  static Answer Begin(StockStore& store, std::vector<Command> batch) {
    Answer answer;
    store.Apply(std::move(batch), answer.callback());
    return answer;
  }
  static std::vector<Outcome> End(Answer& answer) {
    const absl::StatusOr<std::vector<Reply>> replies = answer.Wait();
    EXPECT_OK(replies);
    std::vector<Outcome> outcomes;
    if (replies.ok()) {
      for (const Reply& reply : *replies) outcomes.push_back(reply.outcome);
    }
    return outcomes;
  }
  template <typename Verb>
  static Outcome Run(StockStore& store, Verb verb) {
    Answer answer = Begin(store, {Command{std::move(verb), nullptr}});
    const std::vector<Outcome> outcomes = End(answer);
    return outcomes.empty() ? Outcome::kTooManyItems : outcomes.front();
  }

  Balance Stock(BookId book) {
    const auto stock = ReadStock(*b_, {book});
    EXPECT_OK(stock);
    return stock.ok() ? stock->front().balance : Balance{};
  }
  std::vector<Movement> Log(BookId book) {
    const auto page = ReadMovements(*b_, {.book = book, .limit = 100});
    EXPECT_OK(page);
    return page.ok() ? page->movements : std::vector<Movement>();
  }
  // The log's sums are the book's figures, and nothing is missing from it (I3, I8).
  void ExpectLogAgrees(BookId book) {
    const std::vector<Movement> log = Log(book);
    const Balance balance = Stock(book);
    ASSERT_THAT(log, SizeIs(balance.sequence));
    Quantity after = balance.available;
    for (const Movement& movement : log) {
      EXPECT_EQ(movement.after, after);
      after = movement.before;
    }
    EXPECT_EQ(after, 0);
  }

  // Until so many transactions wait for a lock of another.
  void AwaitLockWaits(Connection& connection, std::uint64_t transactions) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (std::chrono::steady_clock::now() < end) {
      auto rows = connection.Run("SHOW GLOBAL STATUS LIKE 'Innodb_row_lock_current_waits'");
      ASSERT_OK(rows);
      ASSERT_TRUE(rows->front().Next());
      if (rows->front().U64(1) >= transactions) return;
    }
    FAIL() << "nobody waited for the lock";
  }

  TestDatabase database_;
  std::unique_ptr<StockStore> a_;
  std::unique_ptr<StockStore> b_;
};

TEST_F(SafeguardsTest, TwoInstancesMakeTheSameBook) {
  for (BookId book = 100; book < 140; ++book) {
    Answer one = Begin(*a_, {{Restock{book, 3, "", ""}, nullptr}});
    Answer other = Begin(*b_, {{Restock{book, 4, "", ""}, nullptr}});
    EXPECT_THAT(End(one), ElementsAre(Outcome::kRestocked));
    EXPECT_THAT(End(other), ElementsAre(Outcome::kRestocked));
    EXPECT_EQ(Stock(book).available, 7) << "book " << book;
    ExpectLogAgrees(book);
  }
}

TEST_F(SafeguardsTest, ATombstoneAgainstASaleInFlight) {
  const std::unique_ptr<Connection> other = Connect();
  for (OrderId order = 1; order <= 10; ++order) {
    // Both have begun, and neither knows of the other, when the book becomes free.
    ASSERT_OK(other->Run("START TRANSACTION;SELECT * FROM inventory WHERE book_id=1 FOR UPDATE"));
    Answer sale = Begin(*a_, {{Deduct{kBook, order, 1}, nullptr}});
    AwaitLockWaits(*other, 1);
    Answer release = Begin(*b_, {{Release{kBook, order, 0, ""}, nullptr}});
    AwaitLockWaits(*other, 2);
    ASSERT_OK(other->Run("COMMIT"));
    const Outcome sold = End(sale).front();
    const Outcome released = End(release).front();
    if (sold == Outcome::kDeducted) {
      EXPECT_EQ(released, Outcome::kReleased) << "order " << order << " is sold and nobody knows";
    } else {
      EXPECT_EQ(sold, Outcome::kOrderReleased);
      EXPECT_EQ(released, Outcome::kNothingToRelease);
    }
    ExpectLogAgrees(kBook);
  }
}

TEST_F(SafeguardsTest, ALockWaitInTheMiddleOfABatchUndoesAllOfIt) {
  const std::unique_ptr<Connection> other = Connect();
  ASSERT_OK(other->Run(
      "START TRANSACTION;INSERT INTO request_ids VALUES (1, 'r', 'restock', 0, 5, NULL)"));
  Answer answer =
      Begin(*a_, {{Deduct{kBook, 7, 2}, nullptr}, {Restock{kBook, 5, "r", ""}, nullptr}});
  // The order's line is written, the request id is not, when the first attempt ends.
  const auto conflicts = [&] {
    for (const auto& figure : a_->Status().figures) {
      if (figure.name == "conflicts") return figure.value;
    }
    return std::int64_t{-1};
  };
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (conflicts() == 0 && std::chrono::steady_clock::now() < end) {
    ASSERT_OK(other->Run("DO 1"));  // keeps the session
    std::this_thread::yield();
  }
  ASSERT_OK(other->Run("ROLLBACK"));
  EXPECT_THAT(End(answer), ElementsAre(Outcome::kDeducted, Outcome::kRestocked));
  EXPECT_EQ(Stock(kBook).available, 103);
  ExpectLogAgrees(kBook);
}

TEST_F(SafeguardsTest, ACommitThatArrivesLateCountsOnce) {
  ConnectionGate gate(database_.dsn().port);
  const std::unique_ptr<StockStore> store = OpenThrough(gate);
  gate.CutAndHoldBack(kCommit, std::chrono::seconds(2));
  // Without a request id: nothing but the writer's row can tell whether it was done.
  EXPECT_EQ(Run(*store, Restock{kBook, 10, "", ""}), Outcome::kRestocked);
  EXPECT_TRUE(gate.has_cut());
  EXPECT_EQ(Stock(kBook).available, 111);
  ExpectLogAgrees(kBook);
}

TEST_F(SafeguardsTest, ACommitThatNeverArrivesIsDoneAgain) {
  ConnectionGate gate(database_.dsn().port);
  const std::unique_ptr<StockStore> store = OpenThrough(gate);
  gate.CutBefore(kCommit);
  EXPECT_EQ(Run(*store, Restock{kBook, 10, "", ""}), Outcome::kRestocked);
  EXPECT_TRUE(gate.has_cut());
  EXPECT_EQ(Stock(kBook).available, 111);
  ExpectLogAgrees(kBook);
}

TEST_F(SafeguardsTest, AWriterWhoseRegistrationWasLostWritesOn) {
  ConnectionGate gate(database_.dsn().port);
  Dsn dsn = database_.dsn();
  dsn.port = gate.port();
  const std::unique_ptr<StockStore> store = Open(dsn);
  gate.CutAtTheAnswer("INSERT INTO writers");
  EXPECT_EQ(Run(*store, Restock{kBook, 10, "", ""}), Outcome::kRestocked);
  EXPECT_TRUE(gate.has_cut());
  EXPECT_EQ(Stock(kBook).available, 110);
}

TEST_F(SafeguardsTest, AWriterWhoseRowIsGoneWritesOnAtOnce) {
  const auto store = OpenMysqlStore({.dsn = database_.dsn(), .max_connections = 3});
  ASSERT_OK(store);  // with one writer
  EXPECT_EQ(Run(**store, Restock{kBook, 1, "", ""}), Outcome::kRestocked);
  // As another instance's start removes it after an idle day.
  ASSERT_OK(Connect()->Run("DELETE FROM writers"));
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(Run(**store, Restock{kBook, 10, "", ""}), Outcome::kRestocked);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(3))
      << "it waited until its connection was renewed";
  EXPECT_EQ(Stock(kBook).available, 111);
}

TEST_F(SafeguardsTest, ADatabaseThatNamesNoOwnerIsNotWrittenTo) {
  ASSERT_OK(Connect()->Run("DELETE FROM store_owner"));
  Answer answer = Begin(*a_, {{Restock{kBook, 10, "", ""}, nullptr}});
  EXPECT_THAT(answer.Wait(), StatusIs(absl::StatusCode::kUnavailable, "restart this instance"));
  EXPECT_EQ(Stock(kBook).available, 100);
}

TEST_F(SafeguardsTest, AnInstanceThatVanishesInsideATransactionIsShakenOff) {
  ConnectionGate gate(database_.dsn().port);
  const std::unique_ptr<StockStore> vanishing = OpenThrough(gate);
  gate.CutAndHoldBack(kCommit, std::chrono::hours(1));
  Answer lost = Begin(*vanishing, {{Deduct{kBook, 7, 1}, nullptr}});
  while (!gate.has_cut()) std::this_thread::yield();
  // Its session holds the book's lock until the server ends it.
  EXPECT_EQ(Run(*b_, Deduct{kBook, 8, 1}), Outcome::kDeducted);
  EXPECT_THAT(End(lost), ElementsAre(Outcome::kDeducted));
  EXPECT_EQ(Stock(kBook).available, 99);
  ExpectLogAgrees(kBook);
}

}  // namespace
}  // namespace inventory
