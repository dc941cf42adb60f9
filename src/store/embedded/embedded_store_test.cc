#include "store/embedded/embedded_store.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <numeric>
#include <string>
#include <vector>

#include "base/status_matchers.h"
#include "store/embedded/database.h"
#include "store/embedded/embedded_store_testing.h"
#include "store/embedded/rows.h"

namespace inventory {
namespace {

TEST_F(EmbeddedStoreTest, RemembersEverythingAcrossARestart) {
  EXPECT_TRUE(created_);
  Do(Restock{1, 100, "r1", "first"});
  EXPECT_EQ(Do(Deduct{1, 1001, 5}).available, 95);
  EXPECT_EQ(Do(Release{1, 1002, 0, ""}).outcome, Outcome::kNothingToRelease);
  EXPECT_EQ(Do(Reserve{7, {{1, 10}}, 60'000}).outcome, Outcome::kReserved);
  EXPECT_EQ(Do(Cancel{8, ""}).outcome, Outcome::kReservationNotFound);
  *now_ += 500;
  EXPECT_EQ(Do(Deduct{1, 1003, 1}).outcome, Outcome::kDeducted);
  Reopen();

  EXPECT_FALSE(created_);
  EXPECT_EQ(not_before_, 1'000'500) << "the clock may not start before the last recorded time";
  EXPECT_EQ(Stock(1), (Balance{84, 10, 4}));
  EXPECT_EQ(Do(Restock{1, 100, "r1", "again"}).outcome, Outcome::kDuplicateRequest);
  EXPECT_EQ(Do(Restock{1, 99, "r1", ""}).outcome, Outcome::kRequestIdReused);
  EXPECT_EQ(Do(Deduct{1, 1001, 5}).outcome, Outcome::kDuplicateOrder);
  EXPECT_EQ(Do(Deduct{1, 1002, 1}).outcome, Outcome::kOrderReleased) << "a tombstone holds";
  EXPECT_EQ(Do(Reserve{8, {{1, 1}}, 1'000}).outcome, Outcome::kOrderReleased);
  EXPECT_EQ(Do(Confirm{7}).outcome, Outcome::kConfirmed);
  EXPECT_EQ(Stock(1), (Balance{84, 0, 5}));
}

TEST_F(EmbeddedStoreTest, SavedLinesLeaveMemoryAndAreStillFound) {
  settings_.cached_lines = 1'000;
  Reopen();
  Do(Restock{1, 1'000'000, "", ""});
  Do(Reserve{5, {{1, 3}}, 1'000'000});
  Do(Restock{2, 10, "kept", ""});
  for (int round = 0; round < 40; ++round) Sell(1, 1'000 + 500 * round, 500);

  EXPECT_LT(Figure("order_lines_in_memory"), 2'000);
  EXPECT_EQ(Do(Deduct{1, 1'000, 1}).outcome, Outcome::kDuplicateOrder);
  EXPECT_EQ(Do(Deduct{1, 1'001, 2}).outcome, Outcome::kOrderConflict);
  EXPECT_EQ(Do(Release{1, 1'002, 1, ""}).outcome, Outcome::kReleased);
  EXPECT_EQ(Do(Restock{2, 10, "kept", ""}).outcome, Outcome::kDuplicateRequest);
  EXPECT_EQ(Do(Confirm{5}).outcome, Outcome::kConfirmed);
  ASSERT_EQ(Order(1'002).movements.size(), 2u);
  EXPECT_EQ(Order(1'002).movements[1].type, ChangeType::kRelease);

  Reopen();
  EXPECT_GT(Figure("checkpoint_record"), 0);
  EXPECT_EQ(Do(Deduct{1, 1'000, 1}).outcome, Outcome::kDuplicateOrder);
  EXPECT_EQ(Do(Deduct{1, 1'002, 1}).outcome, Outcome::kOrderReleased);
  EXPECT_EQ(Do(Confirm{5}).outcome, Outcome::kDuplicateOrder);
  EXPECT_EQ(Stock(1).available, 1'000'000 - 3 - 20'000 + 1);
}

TEST_F(EmbeddedStoreTest, FiguresTellWhatHappened) {
  Do(Restock{1, 100, "", ""});
  Sell(1, 1, 10);
  EXPECT_EQ(Do(Release{1, 11, 1, ""}).outcome, Outcome::kNothingToRelease);
  EXPECT_EQ(Do(Release{1, 11, 1, ""}).outcome, Outcome::kNothingToRelease);  // the same tombstone
  EXPECT_EQ(Do(Reserve{12, {{1, 5}}, 60'000}).outcome, Outcome::kReserved);
  Order(12);  // the engine is done with all that by now
  EXPECT_EQ(Figure("tombstones"), 1);
  EXPECT_EQ(Figure("open_reservations"), 1);
  EXPECT_EQ(Figure("checkpoint_lag"), Figure("journal_record"));  // nothing was saved yet
  EXPECT_GT(Figure("journal_bytes"), 0);

  std::map<std::string, std::uint64_t> counts;
  for (const auto& times : store_->Status().distributions) {
    counts[times.name] =
        std::accumulate(times.counts.begin(), times.counts.end(), std::uint64_t{0});
  }
  // Five batches were decided, and those that changed something committed.
  EXPECT_EQ(counts.at("decide_seconds"), 5);
  EXPECT_GE(counts.at("commit_seconds"), 1);
  EXPECT_LE(counts.at("commit_seconds"), 4);
  EXPECT_EQ(counts.at("commit_seconds"), Figure("journal_syncs"));
}

TEST_F(EmbeddedStoreTest, ALogIsReadByPageByTokenAndByTime) {
  Do(Restock{1, 1'000'000, "", ""});
  Do(Restock{2, 1'000'000, "", ""});
  for (int round = 0; round < 30; ++round) {
    *now_ += 1'000;
    Sell(1, 1 + 100 * round, 100);
    Sell(2, 1'000'000 + 100 * round, 7);
  }
  const MovementPage newest = Movements({1, 0, 0, 20, 0, {}, 0, 0});
  EXPECT_EQ(newest.last_sequence, 3'001u);
  ASSERT_EQ(newest.movements.size(), 20u);
  EXPECT_EQ(newest.movements[0].sequence, 3'001u);
  EXPECT_EQ(newest.next_below, 2'982u);

  const MovementPage deep = Movements({1, 0, 2'000, 20, 0, {}, 0, 0});
  ASSERT_EQ(deep.movements.size(), 20u);
  EXPECT_EQ(deep.movements[0].sequence, 1'001u);

  std::uint64_t expected = 3'001;
  MovementQuery query{1, 0, 0, 100, 0, {}, 0, 0};
  do {
    const MovementPage page = Movements(query);
    for (const Movement& movement : page.movements) {
      ASSERT_EQ(movement.sequence, expected--);
      ASSERT_EQ(movement.book, 1u);
    }
    query.below_sequence = page.next_below;
  } while (query.below_sequence != 0);
  EXPECT_EQ(expected, 0u) << "every movement was read once";

  MovementQuery second_ten{1, 0, 0, 1'000, 0, {}, 1'011'000, 1'021'000};
  const MovementPage timed = Movements(second_ten);
  ASSERT_EQ(timed.movements.size(), 1'000u);
  EXPECT_EQ(timed.movements.front().time, 1'020'000);
  EXPECT_EQ(timed.movements.back().time, 1'011'000);

  MovementQuery of_order{1, 0, 0, 20, 250, {}, 0, 0};
  ASSERT_EQ(Movements(of_order).movements.size(), 1u);
  EXPECT_EQ(Movements(of_order).movements[0].order, 250u);
}

TEST_F(EmbeddedStoreTest, DeepPagesAreFoundThroughTheIndexAfterACheckpoint) {
  settings_.cached_lines = 1'000;
  Reopen();
  Do(Restock{1, 1'000'000, "", ""});
  for (int round = 0; round < 40; ++round) {
    *now_ += 1'000;
    Sell(1, 1 + 500 * round, 500);
  }
  ASSERT_GT(Figure("checkpoint_record"), 0);
  for (const std::uint64_t skip : {0, 100, 127, 128, 129, 5'000, 19'990}) {
    const MovementPage page = Movements({1, 0, skip, 5, 0, {}, 0, 0});
    ASSERT_EQ(page.movements.size(), 5u) << skip;
    EXPECT_EQ(page.movements[0].sequence, 20'001 - skip);
  }
  MovementQuery early{1, 0, 0, 5, 0, {}, 0, 1'002'000};
  ASSERT_EQ(Movements(early).movements.size(), 5u);
  EXPECT_EQ(Movements(early).movements[0].sequence, 501u);
}

TEST_F(EmbeddedStoreTest, ASecondOwnerIsRefused) {
  EXPECT_THAT(OpenEmbeddedStore(settings_),
              StatusIs(absl::StatusCode::kFailedPrecondition, "another process"));
}

TEST_F(EmbeddedStoreTest, ANewerFormatIsRefused) {
  ASSERT_OK(store_->Close());
  {
    auto database = Database::Open(settings_.path + "/db", nullptr);
    ASSERT_OK(database);
    ASSERT_TRUE((*database)
                    ->db()
                    .Put({}, (*database)->family(Family::kMeta), "format", std::string(1, 2))
                    .ok());
  }
  EXPECT_THAT(OpenEmbeddedStore(settings_),
              StatusIs(absl::StatusCode::kFailedPrecondition, "format 2"));
}

// Bends one stored journal record and opens again.
class DamagedJournalTest : public EmbeddedStoreTest {
 protected:
  void Damage(std::function<void(Database&)> damage) {
    Do(Restock{1, 1'000, "", ""});
    for (int i = 0; i < 10; ++i) Sell(1, 1 + 10 * i, 10);
    ASSERT_OK(store_->Close());
    auto database = Database::Open(settings_.path + "/db", nullptr);
    ASSERT_OK(database);
    damage(**database);
  }
};

TEST_F(DamagedJournalTest, AGapIsRefused) {
  Damage([](Database& database) {
    ASSERT_TRUE(database.db().Delete({}, database.family(Family::kJournal), RecordKey(5)).ok());
  });
  EXPECT_THAT(OpenEmbeddedStore(settings_),
              StatusIs(absl::StatusCode::kDataLoss, "gap at record 5"));
}

TEST_F(DamagedJournalTest, AnUnreadableRecordIsRefused) {
  Damage([](Database& database) {
    ASSERT_TRUE(
        database.db().Put({}, database.family(Family::kJournal), RecordKey(5), "\x01garbage").ok());
  });
  EXPECT_THAT(OpenEmbeddedStore(settings_), StatusIs(absl::StatusCode::kDataLoss, "record 5"));
}

TEST_F(DamagedJournalTest, AJournalThatEndsBeforeTheCheckpointIsRefused) {
  Damage([](Database& database) {
    ASSERT_TRUE(database.db()
                    .Put({}, database.family(Family::kMeta), "checkpoint", std::string(1, 100))
                    .ok());
  });
  EXPECT_THAT(OpenEmbeddedStore(settings_),
              StatusIs(absl::StatusCode::kDataLoss, "before the checkpoint"));
}

TEST_F(EmbeddedStoreTest, AFlippedByteInTheMiddleOfTheJournalIsRefused) {
  Do(Restock{1, 1'000'000, "", ""});
  for (int i = 0; i < 200; ++i) Sell(1, 1 + 100 * i, 100);
  // A copy of the live folder is what a crash leaves: the log has not been flushed to a table.
  const std::string copy = settings_.path + "/copy";
  std::filesystem::create_directory(copy);
  std::filesystem::copy(settings_.path + "/db", copy + "/db",
                        std::filesystem::copy_options::recursive);
  std::filesystem::path log;
  for (const auto& file : std::filesystem::directory_iterator(copy + "/db")) {
    if (file.path().extension() == ".log" && file.file_size() > 100'000) log = file.path();
  }
  ASSERT_FALSE(log.empty());
  std::fstream bytes(log, std::ios::in | std::ios::out | std::ios::binary);
  bytes.seekg(50'000);
  const char flipped = static_cast<char>(bytes.peek() ^ 0x20);
  bytes.seekp(50'000);
  bytes.put(flipped);
  bytes.close();

  EmbeddedSettings damaged = settings_;
  damaged.path = copy;
  EXPECT_THAT(OpenEmbeddedStore(damaged), StatusIs(absl::StatusCode::kDataLoss, "backup"));
}

TEST_F(EmbeddedStoreTest, ABackupIsAStoreOfItsOwn) {
  Do(Restock{1, 100, "", ""});
  Do(Deduct{1, 1, 30});
  auto backup = Await<BackupResult>([&](auto done) { store_->Backup("monday", std::move(done)); });
  ASSERT_OK(backup);
  EXPECT_GT(backup->bytes, 0u);
  Do(Deduct{1, 2, 30});
  EXPECT_THAT(Await<BackupResult>([&](auto done) { store_->Backup("monday", std::move(done)); }),
              StatusIs(absl::StatusCode::kAlreadyExists, "monday"));
  ASSERT_OK(store_->Close());
  settings_.path = backup->path;
  Open();
  EXPECT_EQ(Stock(1), (Balance{70, 0, 2}));
}

TEST_F(EmbeddedStoreTest, HasNothingToTakeOver) {
  EXPECT_THAT(Await<AdoptedStock>([&](auto done) { store_->Adopt(false, std::move(done)); }),
              StatusIs(absl::StatusCode::kUnimplemented, "store: mysql"));
}

TEST_F(EmbeddedStoreTest, AfterCloseEverythingIsRefusedWithoutEffect) {
  ASSERT_OK(store_->Close());
  std::vector<Command> batch;
  batch.push_back({Restock{1, 1, "", ""}, nullptr});
  EXPECT_THAT(Await<std::vector<Reply>>(
                  [&](auto done) { store_->Apply(std::move(batch), std::move(done)); }),
              StatusIs(absl::StatusCode::kUnavailable, "nothing was done"));
}

}  // namespace
}  // namespace inventory
