// The stored bytes are a promise to every later version: what this version wrote must be read for
// ever. Golden bytes for the parts; tests/fixtures keeps whole folders.
#include <gtest/gtest.h>

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
  Movement movement = SaleMovement();
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

}  // namespace
}  // namespace inventory
