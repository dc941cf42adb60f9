// The stored bytes are a promise to every later version: what this version wrote must be read for
// ever. Golden bytes for the parts, and a folder of this version kept in tests/fixtures.
//
// To make the folder anew after a format change (a new number in kStoredFormat, a new folder; the
// old one stays):
//   store_embedded_test --gtest_also_run_disabled_tests --gtest_filter='*WriteTheFixture'
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <string_view>

#include "absl/strings/escaping.h"
#include "store/embedded/embedded_store_testing.h"
#include "store/embedded/journal_record.h"
#include "store/embedded/rows.h"

namespace inventory {
namespace {

template <typename Row>
std::string Hex(const Row& row) {
  std::string bytes;
  Encode(row, bytes);
  return absl::BytesToHexString(bytes);
}

TEST(StoredFormat, RowsHaveTheseBytes) {
  EXPECT_EQ(Hex(BookRow{{95, 7, 300}, 1'000}), "e8075f07ac02");
  EXPECT_EQ(Hex(LineRow::Make({LineState::kReturned, 5, 2}, 200)), "c801040502");
  EXPECT_EQ(Hex(ReservationRow{{ReservationState::kExpired, 500, false, {{3, 4}}}, 1}),
            "0104f4030001"
            "0304");
  EXPECT_EQ(Hex(RequestRow{{ChangeType::kAdjust, true, -3, true, -1}, 2}), "0208010502");
  EXPECT_EQ(absl::BytesToHexString(LineRowKey({258, 1})), "00000000000001020000000000000001");
  EXPECT_EQ(absl::BytesToHexString(RequestKey(1, "ab")), "00000000000000016162");
}

TEST(StoredFormat, AJournalRecordHasTheseBytes) {
  RecordWriter writer;
  writer.Begin(42, 1'000, 500);
  Movement movement;
  movement.book = 1;
  movement.sequence = 300;
  movement.type = ChangeType::kDeduct;
  movement.quantity = 5;
  movement.before = 100;
  movement.after = 95;
  movement.locked_after = 7;
  movement.order = 1'001;
  movement.time = 1'000;
  writer.AddMovement(movement, 41, 0);
  writer.AddLine({1'001, 1}, {LineState::kSoldByDeduct, 5, 0});
  EXPECT_EQ(absl::BytesToHexString(writer.bytes()),
            "01e807f403"          // version, time, first_id
            "510101ac0205645f07"  // tag, type, book, sequence, quantity, before, after, locked
            "02e9070002");        // book_back, order, line_back, state
}

TEST(StoredFormat, AnImportedMovementHasATimeOfItsOwn) {
  RecordWriter writer;
  writer.Begin(42, 1'000, 500);
  Movement movement;
  movement.book = 1;
  movement.sequence = 1;
  movement.type = ChangeType::kRestock;
  movement.quantity = 5;
  movement.after = 5;
  movement.time = 999;
  writer.AddMovement(movement, 0, 0);
  EXPECT_EQ(absl::BytesToHexString(writer.bytes()),
            "01e807f403"        // version, time, first_id
            "8103010105000500"  // tag, type, book, sequence, quantity, before, after, locked
            "0001");            // book_back, time
}

TEST(StoredFormat, RowsOfForeignBytesAreRefused) {
  BookRow book;
  LineRow line;
  ReservationRow reservation;
  RequestRow request;
  for (const std::string_view bytes :
       {"", "\xff", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"}) {
    EXPECT_FALSE(Decode(bytes, book));
    EXPECT_FALSE(Decode(bytes, line));
    EXPECT_FALSE(Decode(bytes, reservation));
    EXPECT_FALSE(Decode(bytes, request));
  }
  const std::string unknown_state = {1, 9, 1, 0};
  EXPECT_FALSE(Decode(unknown_state, line));
}

class FixtureTest : public EmbeddedStoreTest {
 protected:
  const std::filesystem::path fixture_ =
      std::filesystem::path(INVENTORY_SOURCE_DIR) / "tests/fixtures/embedded-format-1";
};

// Every kind of fact, some of them behind a checkpoint and some only in the journal.
TEST_F(FixtureTest, DISABLED_WriteTheFixture) {
  settings_.cached_lines = 40;
  Reopen();
  Do(Restock{1, 1'000, "first", "采购入库"});
  Do(Adjust{2, true, 50, {}, "count", "stocktaking"});
  Do(Deduct{1, 1'001, 5});
  Do(Release{1, 1'001, 5, "cancelled"});
  Do(Release{1, 1'002, 0, ""});
  Do(Reserve{7, {{1, 10}, {2, 3}}, 900'000});
  Do(Reserve{8, {{2, 1}}, 900'000});
  Do(Confirm{8});
  Do(Cancel{9, ""});
  *now_ += 1'000;
  for (OrderId order = 2'000; order < 2'200; order += 10) Sell(1, order, 10);
  while (Figure("checkpoint_record") == 0) Sell(1, 3'000 + Stock(1).sequence, 1);
  Reopen();
  Do(Deduct{1, 4'000, 2});
  Do(Reserve{10, {{1, 1}}, 1});
  ASSERT_OK(store_->Close());
  std::filesystem::remove_all(fixture_);
  std::filesystem::create_directories(fixture_);
  std::filesystem::copy(settings_.path + "/db", fixture_ / "db",
                        std::filesystem::copy_options::recursive);
  for (const auto& file : std::filesystem::directory_iterator(fixture_ / "db")) {
    if (file.path().filename().string().rfind("LO", 0) == 0) std::filesystem::remove(file.path());
  }
  Open();
}

TEST_F(FixtureTest, AFolderOfThisFormatIsRead) {
  ASSERT_OK(store_->Close());
  store_.reset();
  std::filesystem::remove_all(settings_.path);
  std::filesystem::copy(fixture_, settings_.path, std::filesystem::copy_options::recursive);
  Open();

  EXPECT_FALSE(created_);
  EXPECT_GT(Figure("checkpoint_record"), 0);
  EXPECT_EQ(Do(Restock{1, 1'000, "first", ""}).outcome, Outcome::kDuplicateRequest);
  EXPECT_EQ(Do(Adjust{2, true, 50, {}, "count", ""}).outcome, Outcome::kDuplicateRequest);
  EXPECT_EQ(Do(Deduct{1, 1'001, 5}).outcome, Outcome::kOrderReleased);
  EXPECT_EQ(Do(Deduct{1, 1'002, 5}).outcome, Outcome::kOrderReleased);
  EXPECT_EQ(Do(Deduct{1, 2'005, 1}).outcome, Outcome::kDuplicateOrder);
  EXPECT_EQ(Do(Deduct{1, 4'000, 2}).outcome, Outcome::kDuplicateOrder);
  EXPECT_EQ(Do(Reserve{9, {{1, 1}}, 1'000}).outcome, Outcome::kOrderReleased);
  EXPECT_EQ(Do(Confirm{8}).outcome, Outcome::kDuplicateOrder);
  EXPECT_EQ(Do(Confirm{7}).outcome, Outcome::kConfirmed);
  *now_ += 1'000'000;
  EXPECT_EQ(Do(Confirm{10}).outcome, Outcome::kReservationExpired);
  EXPECT_EQ(Stock(2), (Balance{46, 0, 5}));

  const OrderFacts order = Order(1'001);
  ASSERT_EQ(order.movements.size(), 2u);
  EXPECT_EQ(order.movements[1].remark, "cancelled");
  const MovementPage log = Movements({1, 0, 0, 1'000, 0, {}, 0, 0});
  ASSERT_EQ(log.movements.size(), log.last_sequence);
  EXPECT_EQ(log.movements.back().remark, "采购入库");
  EXPECT_EQ(log.movements.back().time, 1'000'000);
}

}  // namespace
}  // namespace inventory
