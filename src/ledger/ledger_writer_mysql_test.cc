// The writer between a real Redis and a real database.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "ledger/ledger_fixture_testing.h"
#include "ledger/ledger_writer.h"
#include "redis/event_loop.h"
#include "tests/support/redis_server.h"

namespace inventory {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class LedgerWriterTest : public LedgerFixture {
 protected:
  LedgerWriterTest() : redis_(*RedisServer::Start()) { TellRunId(); }

  void TellRunId() {
    const std::string info = AskRedis({"INFO", "server"}).text;
    const std::size_t begin = info.find("run_id:") + 7;
    run_id_ = info.substr(begin, info.find('\r', begin) - begin);
    Ask(absl::StrCat("UPDATE redis_epochs SET run_id='", run_id_, "'"));
  }
  RedisReply AskRedis(const std::vector<std::string>& command) {
    const absl::StatusOr<RedisReply> reply = redis_->Ask(command);
    EXPECT_OK(reply);
    return reply.ok() ? *reply : RedisReply();
  }
  TimeMs RedisNow() {
    const RedisReply time = AskRedis({"TIME"});
    return std::stoll(time.elements[0].text) * 1'000 + std::stoll(time.elements[1].text) / 1'000;
  }
  void Put(const RememberedEntry& entry) {
    const RedisReply put = AskRedis({"XADD", "outbox", FormatOutboxId({entry.epoch, entry.number}),
                                     "time", absl::StrCat(entry.time), "changes", entry.changes});
    EXPECT_FALSE(put.is(RedisReply::Kind::kError)) << put.text;
  }
  template <typename Verb>
  void Do(Verb verb) {
    Put(maker_.Make(RedisNow(), std::move(verb)));
  }

  std::unique_ptr<LedgerWriter> Writer(LedgerWriterSettings settings = {}) {
    settings.dsn = database_.dsn();
    settings.redis = redis_->endpoint();
    auto writer = std::make_unique<LedgerWriter>(loop_, settings);
    writer->Start();
    return writer;
  }
  template <typename Condition>
  void Await(Condition condition, const std::string& what) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!condition()) {
      ASSERT_LT(std::chrono::steady_clock::now(), end) << what;
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  }
  void AwaitApplied() {
    Await([&] { return Progress().applied == maker_.next(); }, "the outbox is not applied");
  }
  std::vector<std::string> OutboxIds() {
    std::vector<std::string> ids;
    for (const RedisReply& entry : AskRedis({"XRANGE", "outbox", "-", "+"}).elements) {
      ids.push_back(entry.elements[0].text);
    }
    return ids;
  }

  EventLoop loop_;
  std::unique_ptr<RedisServer> redis_;
  std::string run_id_;
};

TEST_F(LedgerWriterTest, CopiesABacklogAndThenWhatComes) {
  Do(Restock{1, 10'000, "", ""});
  for (OrderId order = 1; order <= 500; ++order) Do(Deduct{1, order, 1});
  const auto writer = Writer();
  AwaitApplied();
  ExpectAgrees(1);
  for (OrderId order = 501; order <= 520; ++order) Do(Deduct{1, order, 1});
  AwaitApplied();
  ExpectAgrees(1);
  EXPECT_OK(writer->health());
  Await([&] { return writer->Figures().lag == 0; }, "the lag is not known to be over");
  const LedgerWriterFigures figures = writer->Figures();
  EXPECT_TRUE(figures.has_lease);
  EXPECT_EQ(figures.applied, 521u);
  EXPECT_EQ(figures.lag_entries, 0u);
}

TEST_F(LedgerWriterTest, TellsUpToWhenEverythingIsApplied) {
  const auto writer = Writer();
  const TimeMs begin = RedisNow();
  Await([&] { return Progress().as_of >= begin; }, "an outbox that never was holds nothing");
  Do(Restock{1, 100, "", ""});
  const TimeMs after = RedisNow();
  Await([&] { return Progress().as_of >= after; }, "as_of stands still");
  EXPECT_EQ(Progress().applied, 1u);
}

TEST_F(LedgerWriterTest, TheWatermarkRisesWhenOrdersAreHalfATtlOld) {
  LedgerWriterSettings settings;
  settings.idempotency_ttl = 2'000;
  Do(Restock{1, 100, "", ""});
  const auto writer = Writer(settings);
  AwaitApplied();
  Do(Deduct{1, 7, 1});
  const TimeMs sold = RedisNow();
  AwaitApplied();
  EXPECT_EQ(Progress().watermark, 0u);
  Await([&] { return Progress().watermark == 7; }, "the watermark does not rise");
  EXPECT_GE(Progress().as_of, sold - 100 + 1'000);
}

TEST_F(LedgerWriterTest, BeginsWithEveryOrderThatTheLedgerHolds) {
  Do(Restock{1, 100, "", ""});
  Do(Deduct{1, 7, 1});
  auto writer = Writer();
  AwaitApplied();
  writer.reset();
  EXPECT_EQ(Progress().watermark, 0u);
  writer = Writer();
  Await([&] { return Progress().watermark == 7; }, "the writer before it may have known better");
}

TEST_F(LedgerWriterTest, TrimsBehindTheStoredCursor) {
  LedgerWriterSettings settings;
  settings.outbox_keep = 300;
  Do(Restock{1, 100, "", ""});
  Do(Deduct{1, 7, 1});
  const auto begin = std::chrono::steady_clock::now();
  const auto writer = Writer(settings);
  AwaitApplied();
  EXPECT_THAT(OutboxIds(), ElementsAre("1-0", "1-1"));
  Await([&] { return OutboxIds().empty(); }, "it is not trimmed");
  EXPECT_GE(std::chrono::steady_clock::now() - begin,
            std::chrono::milliseconds(settings.outbox_keep));
  Do(Deduct{1, 8, 1});
  AwaitApplied();
  EXPECT_OK(writer->health());
  ExpectAgrees(1);
}

TEST_F(LedgerWriterTest, OneWritesAndTheOtherTakesOver) {
  Do(Restock{1, 100, "", ""});
  auto one = Writer();
  AwaitApplied();
  const auto other = Writer();
  Await([&] { return other->health().ok(); }, "the other does not stand by");
  Do(Deduct{1, 7, 1});
  AwaitApplied();
  // Mostly the one; where it stood still for the length of a lease, the other.
  Await([&] { return one->Figures().has_lease != other->Figures().has_lease; },
        "it is not one of the two that writes");
  one.reset();  // gives it up
  Do(Deduct{1, 8, 1});
  AwaitApplied();
  Await([&] { return other->Figures().has_lease; }, "the other does not write");
  ExpectAgrees(1);
}

TEST_F(LedgerWriterTest, TheLeaseOfOneThatIsGoneEnds) {
  Ask("UPDATE ledger_cursor SET writer=99, lease_at=UTC_TIMESTAMP(3)");
  const std::string last = Ask("SELECT lease_at FROM ledger_cursor").front();
  Do(Restock{1, 100, "", ""});
  const auto writer = Writer();
  AwaitApplied();
  EXPECT_THAT(Ask(absl::StrCat("SELECT lease_at >= TIMESTAMPADD(MICROSECOND, ",
                               kWriterLease * 1'000, ", '", last, "') FROM ledger_cursor")),
              ElementsAre("1"))
      << "it was taken away too early";
}

TEST_F(LedgerWriterTest, ReadsNothingFromARedisThatIsNotTheEpochs) {
  Do(Restock{1, 100, "", ""});
  Ask("UPDATE redis_epochs SET run_id='another'");
  const auto writer = Writer();
  Await([&] { return !writer->health().ok(); }, "it does not say");
  Await([&] { return writer->health().message().find("rebuilt") != std::string::npos; },
        "it does not say what");
  EXPECT_EQ(Progress().applied, 0u);
  TellRunId();
  AwaitApplied();
  ExpectAgrees(1);
}

TEST_F(LedgerWriterTest, GoesOnAfterARebuild) {
  Do(Restock{1, 100, "", ""});
  const auto writer = Writer();
  AwaitApplied();
  ASSERT_OK(ledger_.CloseEpoch(1, "t"));
  Put(maker_.Make(RedisNow(), Deduct{1, 7, 1}));
  Await([&] { return !writer->Figures().has_lease; }, "it does not see that the epoch is closed");
  EXPECT_EQ(Progress().applied, 1u) << "while it is closed only who rebuilds applies";
  const std::vector<RememberedEntry> drained{
      {1, 1, kMorning,
       AskRedis({"XRANGE", "outbox", "1-1", "1-1"}).elements[0].elements[1].elements[3].text}};
  ASSERT_OK(ledger_.Drain("t", drained));
  ASSERT_OK(ledger_.NextEpoch("t", 0, run_id_, "replication"));
  ASSERT_OK(ledger_.OpenEpoch("t"));
  maker_.BeginEpoch(2);
  Do(Deduct{1, 8, 1});
  AwaitApplied();
  ExpectAgrees(1);
}

TEST_F(LedgerWriterTest, SaysWhatToDoWhereTheOutboxIsGone) {
  Do(Restock{1, 100, "", ""});
  const auto writer = Writer();
  AwaitApplied();
  const TimeMs before = Progress().as_of;
  AskRedis({"DEL", "outbox"});
  Await([&] { return absl::IsFailedPrecondition(writer->health()); }, "it does not say");
  EXPECT_THAT(writer->health(), StatusIs(absl::StatusCode::kFailedPrecondition, "rebuild"));
  const TimeMs stands = Progress().as_of;
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  EXPECT_EQ(Progress().as_of, stands) << "what was lost is not applied";
  EXPECT_GE(stands, before);
  AskRedis({"SET", "outbox", "mine"});
  Await([&] { return writer->health().message().find("no stream") != std::string::npos; },
        "it does not say");
}

TEST_F(LedgerWriterTest, OutlivesItsServers) {
  Do(Restock{1, 100, "", ""});
  const auto writer = Writer();
  AwaitApplied();
  // Every connection to the database is cut, one perhaps in a transaction.
  for (OrderId order = 1; order <= 50; ++order) {
    Do(Deduct{1, order, 1});
    if (order % 10 != 0) continue;
    for (const std::string& id :
         Ask(absl::StrCat("SELECT id FROM information_schema.processlist WHERE db='",
                          database_.dsn().database, "' AND id<>CONNECTION_ID()"))) {
      sql_->Run(absl::StrCat("KILL ", id)).status().IgnoreError();
    }
  }
  AwaitApplied();
  ExpectAgrees(1);
  EXPECT_THAT(Ask("SELECT * FROM ledger_quarantine"), IsEmpty());
}

}  // namespace
}  // namespace inventory
