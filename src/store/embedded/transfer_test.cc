// Exports and imports as this store keeps them: across restarts, crashes and small memory.
#include <gmock/gmock.h>
#include <rocksdb/env.h>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "store/embedded/embedded_store_testing.h"
#include "tests/support/movable_clock.h"
#include "tests/support/print.h"
#include "tests/support/store_calls.h"
#include "tests/support/unsynced_file_system.h"

namespace inventory {
namespace {

class TransferTest : public EmbeddedStoreTest {
 protected:
  // Three books, some hundreds of orders, and reservations that stay open.
  std::vector<Fact> SomeStock() {
    Do(Restock{1, 10'000, "r1", "first"});
    Do(Restock{2, 10'000, "r2", ""});
    Do(Reserve{7, {{2, 5}, {1, 10}}, 60'000});
    Do(Reserve{8, {{1, 1}, {2, 2}}, 60'000});
    Do(Reserve{9, {{2, 3}}, 60'000});
    Do(Release{1, 1'002, 0, ""});
    Do(Cancel{6, ""});
    for (OrderId order = 2'000; order < 2'300; order += 2) {
      *now_ += 1;
      Do(Deduct{1, order, 1});
      Do(Deduct{2, order, 1});
    }
    Sell(1, 3'000, 200);
    return Facts();
  }
  std::vector<Fact> Facts() {
    auto facts = Export(*store_);
    EXPECT_OK(facts);
    return facts.ok() ? *std::move(facts) : std::vector<Fact>{};
  }
  // A new, empty store in place of this one.
  void Fresh() {
    ASSERT_OK(store_->Close());
    store_.reset();
    std::filesystem::remove_all(settings_.path);
    Open();
  }
  void ExpectTheStock(const std::vector<Fact>& facts) {
    EXPECT_EQ(Text(Facts()), Text(facts));
    EXPECT_EQ(Do(Restock{1, 10'000, "r1", ""}).outcome, Outcome::kDuplicateRequest);
    EXPECT_EQ(Do(Deduct{1, 3'007, 1}).outcome, Outcome::kDuplicateOrder);
    EXPECT_EQ(Do(Deduct{1, 1'002, 1}).outcome, Outcome::kOrderReleased) << "a tombstone holds";
    EXPECT_EQ(Do(Reserve{6, {{1, 1}}, 1'000}).outcome, Outcome::kOrderReleased);
    EXPECT_EQ(Order(2'000).movements.size(), 2u);
    EXPECT_EQ(Movements({.book = 1, .skip = 300, .limit = 10}).movements.size(), 10u);
  }
};

TEST_F(TransferTest, WhatWasImportedOutlivesARestart) {
  const std::vector<Fact> facts = SomeStock();
  for (const std::size_t cached_lines : {4'000'000, 64}) {
    settings_.cached_lines = cached_lines;
    Fresh();
    *now_ = 1'000'000;
    ASSERT_OK(Import(*store_, facts, 50));
    ExpectTheStock(facts);
    Reopen();
    EXPECT_EQ(not_before_, 1'000'150) << "the clock may not start before an imported time";
    ExpectTheStock(facts);
  }
}

// A reservation that was imported stands in another record than its lines.
TEST_F(TransferTest, ImportedReservationsEndAfterARestart) {
  const std::vector<Fact> facts = SomeStock();
  for (const std::size_t cached_lines : {4'000'000, 64}) {
    settings_.cached_lines = cached_lines;
    Fresh();
    ASSERT_OK(Import(*store_, facts));
    Reopen();
    EXPECT_EQ(Do(Confirm{7}).outcome, Outcome::kConfirmed);
    EXPECT_EQ(Do(Cancel{8, ""}).outcome, Outcome::kCancelled);
    EXPECT_EQ(Do(Release{2, 9, 3, ""}).outcome, Outcome::kReleased);
    EXPECT_EQ(Do(Release{1, 7, 10, ""}).outcome, Outcome::kReleased);
    for (const auto& [order, movements] : {std::pair{7, 5}, {8, 4}, {9, 2}}) {
      EXPECT_EQ(Order(order).movements.size(), static_cast<std::size_t>(movements)) << order;
    }
    // One that is made from now on stands with its lines again, also behind another restart.
    Do(Reserve{70, {{2, 5}, {1, 10}}, 60'000});
    Sell(1, 9'000, 200);
    Reopen();
    EXPECT_EQ(Do(Confirm{70}).outcome, Outcome::kConfirmed);
    EXPECT_EQ(Order(70).movements.size(), 4u);
  }
}

TEST_F(TransferTest, AnExportOfWhatOnlyTheJournalHasIsWhole) {
  const std::vector<Fact> facts = SomeStock();
  Sell(1, 5'000, 3);
  Reopen();  // replayed, and not saved yet
  const std::vector<Fact> more = Facts();
  EXPECT_EQ(more.size(), facts.size() + 6);
}

TEST_F(TransferTest, ExportsAreBounded) {
  Do(Restock{1, 1, "", ""});
  std::vector<std::unique_ptr<FactReader>> readers;
  for (int i = 0; i < 4; ++i) {
    auto reader = BeginExport(*store_);
    ASSERT_OK(reader);
    readers.push_back(*std::move(reader));
  }
  EXPECT_THAT(BeginExport(*store_),
              StatusIs(absl::StatusCode::kResourceExhausted, "4 exports are running"));
  readers.pop_back();
  EXPECT_OK(BeginExport(*store_));
}

// Also where rows of it have been saved already.
TEST_F(TransferTest, AStoreClosedDuringAnImportIsEmpty) {
  const std::vector<Fact> facts = SomeStock();
  settings_.cached_lines = 64;
  Fresh();
  auto writer = BeginImport(*store_);
  ASSERT_OK(writer);
  for (std::size_t i = 0; i + 1 < facts.size(); ++i) ASSERT_OK(Add(**writer, {facts[i]}));
  ASSERT_OK(store_->Close());
  EXPECT_THAT(Add(**writer, {}), StatusIs(absl::StatusCode::kUnavailable, ""));
  writer->reset();
  store_.reset();
  Open();
  EXPECT_EQ(Figure("journal_record"), 0);
  EXPECT_EQ(Figure("checkpoint_record"), 0);
  EXPECT_EQ(Figure("books"), 0);
  EXPECT_THAT(Facts(), testing::IsEmpty());
  Do(Restock{1, 1, "", ""});
  EXPECT_EQ(Facts().size(), 2u);
  EXPECT_THAT(BeginImport(*store_), StatusIs(absl::StatusCode::kFailedPrecondition, "not empty"));
}

TEST_F(TransferTest, ACopyTakenDuringAnImportDoesNotOpen) {
  const std::vector<Fact> facts = SomeStock();
  Fresh();
  auto writer = BeginImport(*store_);
  ASSERT_OK(writer);
  ASSERT_OK(Add(**writer, {facts.begin(), facts.begin() + 100}));
  EmbeddedSettings copy = settings_;
  copy.path += "-copy";
  std::filesystem::copy(settings_.path, copy.path, std::filesystem::copy_options::recursive);
  EXPECT_THAT(
      OpenEmbeddedStore(copy).status(),
      StatusIs(absl::StatusCode::kFailedPrecondition, "an import into this store was cut short"));
  EXPECT_THAT(OpenEmbeddedStore(copy).status(),
              StatusIs(absl::StatusCode::kFailedPrecondition, copy.path + "/db, start again"));
  // What it says to do.
  std::filesystem::remove_all(copy.path + "/db");
  EXPECT_OK(OpenEmbeddedStore(copy));
  std::filesystem::remove_all(copy.path);
}

TEST_F(TransferTest, NoBackupIsMadeOfHalfAnImport) {
  auto writer = BeginImport(*store_);
  ASSERT_OK(writer);
  const auto backup =
      Await<BackupResult>([&](auto done) { store_->Backup("monday", std::move(done)); });
  EXPECT_THAT(backup, StatusIs(absl::StatusCode::kUnavailable, "an import is under way"));
}

// Power lost at every change an import makes to the disk: what opens afterwards is empty or whole,
// or it does not open and says so.
TEST_F(TransferTest, ACrashAnywhereLeavesNoHalf) {
  const std::vector<Fact> facts = SomeStock();
  const MovableClock clock;
  int whole = 0;
  int empty = 0;
  int refused = 0;
  for (std::uint64_t change = 1; whole == 0 || change < 200; change += 1 + change / 12) {
    const auto disk = std::make_shared<UnsyncedFileSystem>();
    const std::unique_ptr<rocksdb::Env> env = rocksdb::NewCompositeEnv(disk);
    EmbeddedSettings settings;
    settings.path = "/store";
    settings.cached_lines = 64;
    settings.env = env.get();
    settings.make_clock = [&](TimeMs) { return std::make_unique<BorrowedClock>(clock); };
    auto opened = OpenEmbeddedStore(settings);
    ASSERT_OK(opened);
    disk->CrashAtChange(change);
    const bool answered = Import(*opened->store, facts).ok();
    disk->Crash();
    opened->store->Close().IgnoreError();
    opened->store.reset();
    std::mt19937_64 luck(change);
    disk->Restart(change % 2 == 0 ? &luck : nullptr);

    opened = OpenEmbeddedStore(settings);
    if (!opened.ok()) {
      ++refused;
      EXPECT_FALSE(answered);
      EXPECT_THAT(opened.status(),
                  StatusIs(absl::StatusCode::kFailedPrecondition, "was cut short"));
      continue;
    }
    const auto found = Export(*opened->store);
    ASSERT_OK(found);
    ++(found->empty() ? empty : whole);
    if (!found->empty() || answered) {
      EXPECT_EQ(Text(*found), Text(facts));
    }
    EXPECT_OK(opened->store->Close());
  }
  EXPECT_GT(empty, 0);
  EXPECT_GT(refused, 0);
  EXPECT_GT(whole, 0);
}

}  // namespace
}  // namespace inventory
