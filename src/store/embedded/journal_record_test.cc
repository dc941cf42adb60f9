#include "store/embedded/journal_record.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "store/embedded/embedded_store_testing.h"

namespace inventory {
namespace {

class Collect : public RecordVisitor {
 public:
  void OnMovement(const JournaledMovement& movement) override { movements.push_back(movement); }
  void OnLine(LineKey key, const OrderLine& line) override { lines.emplace_back(key, line); }
  void OnReservation(OrderId order, const Reservation& reservation) override {
    reservations.emplace_back(order, reservation);
  }
  void OnRequest(BookId book, std::string_view request_id, const RequestContent& content) override {
    requests.push_back({{book, std::string(request_id)}, content});
  }

  std::vector<JournaledMovement> movements;
  std::vector<std::pair<LineKey, OrderLine>> lines;
  std::vector<std::pair<OrderId, Reservation>> reservations;
  std::vector<std::pair<std::pair<BookId, std::string>, RequestContent>> requests;
};

// One of everything, in a record that a test may cut and bend.
std::string FullRecord() {
  RecordWriter writer;
  writer.Begin(42, 1'700'000'000'000, 500);
  writer.AddMovement(SaleMovement(), 41, 0);
  writer.AddLine({1001, 1}, {LineState::kSoldByDeduct, 5, 0});
  Movement restock = SaleMovement();
  restock.order = 0;
  restock.type = ChangeType::kRestock;
  restock.request_id = "r-1";
  restock.remark = "采购入库";
  restock.actor = "anna";
  restock.sequence = 301;
  writer.AddMovement(restock, 42, 0);
  writer.AddRequest(1, "r-1", {ChangeType::kAdjust, true, -3, true, -1});
  writer.AddLine({7, 8}, {LineState::kTombstone, 0, 0});
  writer.AddReservation(9, {ReservationState::kCancelled, 99, true, {{3, 4}, {5, 2147483647}}});
  return writer.bytes();
}

TEST(JournalRecord, GivesBackWhatWasPutIn) {
  Collect read;
  RecordSummary summary;
  ASSERT_TRUE(VisitRecord(42, FullRecord(), read, summary));
  EXPECT_EQ(summary.time, 1'700'000'000'000);
  EXPECT_EQ(summary.next_id, 502u);

  ASSERT_EQ(read.movements.size(), 2u);
  EXPECT_EQ(read.movements[0].movement, SaleMovement());
  EXPECT_EQ(read.movements[0].book_previous, 41u);
  EXPECT_EQ(read.movements[0].line_previous, 0u);
  EXPECT_EQ(read.movements[1].movement.id, 501u);
  EXPECT_EQ(read.movements[1].movement.remark, "采购入库");
  EXPECT_EQ(read.movements[1].movement.actor, "anna");
  EXPECT_EQ(read.movements[1].book_previous, 42u) << "the movement before is in the same record";

  ASSERT_EQ(read.lines.size(), 2u);
  EXPECT_EQ(read.lines[0].first, (LineKey{1001, 1}));
  EXPECT_EQ(read.lines[0].second, (OrderLine{LineState::kSoldByDeduct, 5, 0}));
  EXPECT_EQ(read.lines[1].second.state, LineState::kTombstone);
  ASSERT_EQ(read.requests.size(), 1u);
  EXPECT_EQ(read.requests[0].first.second, "r-1");
  EXPECT_EQ(read.requests[0].second, (RequestContent{ChangeType::kAdjust, true, -3, true, -1}));
  ASSERT_EQ(read.reservations.size(), 1u);
  EXPECT_EQ(read.reservations[0].second,
            (Reservation{ReservationState::kCancelled, 99, true, {{3, 4}, {5, 2147483647}}}));
}

TEST(JournalRecord, AMovementMayHaveAnotherTimeThanItsRecord) {
  for (const TimeMs time : {TimeMs{0}, TimeMs{1}, TimeMs{1'999'999'999'999}, TimeMs{INT64_MAX}}) {
    RecordWriter writer;
    writer.Begin(42, 1'700'000'000'000, 500);
    Movement movement = SaleMovement();
    movement.time = time;
    movement.remark = "imported";
    writer.AddMovement(movement, 41, 7);
    writer.AddLine({1001, 1}, {LineState::kSoldByDeduct, 5, 0});
    Collect read;
    RecordSummary summary;
    ASSERT_TRUE(VisitRecord(42, writer.bytes(), read, summary));
    EXPECT_EQ(summary.time, 1'700'000'000'000);
    ASSERT_EQ(read.movements.size(), 1u);
    EXPECT_EQ(read.movements[0].movement, movement);
    EXPECT_EQ(read.movements[0].line_previous, 7u);
    EXPECT_EQ(read.lines.size(), 1u);
  }
}

TEST(JournalRecord, ATimeBelowZeroIsRefused) {
  RecordWriter writer;
  writer.Begin(42, 5, 500);
  Movement movement = SaleMovement();
  movement.time = -1;
  writer.AddMovement(movement, 41, 0);
  Collect read;
  RecordSummary summary;
  EXPECT_FALSE(VisitRecord(42, writer.bytes(), read, summary));
}

TEST(JournalRecord, ASaleIsSmall) {
  RecordWriter writer;
  writer.Begin(42, 1'700'000'000'000, 500);
  const std::size_t head = writer.bytes().size();
  writer.AddMovement(SaleMovement(), 41, 0);
  writer.AddLine({1001, 1}, {LineState::kSoldByDeduct, 5, 0});
  EXPECT_LE(writer.bytes().size() - head, 16u);
}

TEST(JournalRecord, ALineThatDoesNotMatchItsMovementStandsByItself) {
  RecordWriter writer;
  writer.Begin(1, 0, 1);
  writer.AddMovement(SaleMovement(), 0, 0);
  writer.AddLine({1001, 1}, {LineState::kReturned, 5, 2});  // a partial return, one day
  Collect read;
  RecordSummary summary;
  ASSERT_TRUE(VisitRecord(1, writer.bytes(), read, summary));
  ASSERT_EQ(read.lines.size(), 1u);
  EXPECT_EQ(read.lines[0].second, (OrderLine{LineState::kReturned, 5, 2}));
}

TEST(JournalRecord, RefusesEveryCutInsideAnEntry) {
  const std::string whole = FullRecord();
  RecordWriter empty;
  empty.Begin(42, 1'700'000'000'000, 500);
  int refused = 0;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    Collect read;
    RecordSummary summary;
    // A cut between entries leaves a shorter record; any other is refused.
    if (!VisitRecord(42, whole.substr(0, size), read, summary)) ++refused;
  }
  constexpr int kWholePrefixes = 5;  // after the head, and after each entry but the last
  EXPECT_EQ(refused, static_cast<int>(whole.size()) - kWholePrefixes);
}

// What a record's reader is told of can be written again: a line of no order would be folded into a
// movement of no order, and such a movement sets no line.
TEST(JournalRecord, RefusesOrderAndBookZero) {
  Movement movement = SaleMovement();
  movement.book = 0;
  const auto read = [](const auto& add) {
    RecordWriter writer;
    writer.Begin(1, 0, 1);
    add(writer);
    Collect collect;
    RecordSummary summary;
    return VisitRecord(1, writer.bytes(), collect, summary);
  };
  EXPECT_FALSE(read([&](RecordWriter& writer) { writer.AddMovement(movement, 0, 0); }));
  EXPECT_FALSE(read([](RecordWriter& writer) { writer.AddLine({0, 1}, {}); }));
  EXPECT_FALSE(read([](RecordWriter& writer) { writer.AddLine({1, 0}, {}); }));
  EXPECT_FALSE(read([](RecordWriter& writer) { writer.AddReservation(0, {}); }));
  EXPECT_FALSE(read([](RecordWriter& writer) {
    writer.AddReservation(1, {ReservationState::kReserved, 9, false, {{0, 4}}});
  }));
  EXPECT_FALSE(read([](RecordWriter& writer) { writer.AddRequest(0, "r-1", {}); }));
}

TEST(JournalRecord, RefusesForeignBytes) {
  Collect read;
  RecordSummary summary;
  EXPECT_FALSE(VisitRecord(1, "", read, summary));
  EXPECT_FALSE(VisitRecord(1, "\x02\x01\x01", read, summary)) << "a later version";
  std::string unknown_entry = {1, 1, 1, 9};
  EXPECT_FALSE(VisitRecord(1, unknown_entry, read, summary));
  // book_back points before record 1.
  RecordWriter writer;
  writer.Begin(42, 0, 1);
  writer.AddMovement(SaleMovement(), 2, 0);
  EXPECT_FALSE(VisitRecord(3, writer.bytes(), read, summary));
}

}  // namespace
}  // namespace inventory
