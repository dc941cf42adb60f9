#include "redis/outbox_entry.h"

#include <gmock/gmock.h>

#include <limits>
#include <random>
#include <string>
#include <vector>

#include "base/status_matchers.h"

namespace inventory {
namespace {

constexpr TimeMs kTime = 1'700'000'000'123;
constexpr std::uint64_t kMaxId = std::numeric_limits<std::uint64_t>::max();

// The only fact of a text that must be one.
template <typename Kind>
Kind Decoded(const std::string& changes) {
  const absl::StatusOr<std::vector<Fact>> facts = DecodeChanges(changes, kTime);
  EXPECT_OK(facts) << changes;
  if (!facts.ok()) return {};
  EXPECT_EQ(facts->size(), 1u);
  EXPECT_EQ(EncodeChanges(*facts), changes);
  const auto* const fact = std::get_if<Kind>(&facts->front());
  EXPECT_NE(fact, nullptr) << changes;
  return fact != nullptr ? *fact : Kind{};
}

TEST(OutboxEntryTest, ReadsAMovement) {
  const Movement movement = Decoded<Movement>("4 7 12 3 10 7 5 1001\n");
  EXPECT_EQ(movement,
            (Movement{0, 7, 12, ChangeType::kReserve, 3, 10, 7, 5, 1001, kTime, "", "", ""}));
  EXPECT_EQ(Decoded<Movement>("3 18446744073709551615 18446744073709551615 2147483647 0 "
                              "2147483647 0 0\n"),
            (Movement{0, kMaxId, kMaxId, ChangeType::kRestock, 2'147'483'647, 0, 2'147'483'647, 0,
                      0, kTime, "", "", ""}));
}

TEST(OutboxEntryTest, ReadsAMovementThatWasOnlyConfirmed) {
  EXPECT_EQ(Decoded<Movement>("1 7 0 0 0 0 0 1001\n").sequence, 0u);
}

TEST(OutboxEntryTest, ReadsTextsOfAnyBytes) {
  const Movement movement = Decoded<Movement>("3 7 1 5 0 5 0 0 4:a\n:b0:6:caf\xc3\xa9\xff\n");
  EXPECT_EQ(movement.request_id, "a\n:b");
  EXPECT_EQ(movement.remark, "");
  EXPECT_EQ(movement.actor, "caf\xc3\xa9\xff");
  const std::string zero("8 7 1 5 0 5 0 0 0:3:a\0b0:\n", 26);
  EXPECT_EQ(Decoded<Movement>(zero).remark, std::string("a\0b", 3));
}

TEST(OutboxEntryTest, ReadsATombstone) {
  EXPECT_EQ(Decoded<LineFact>("t 1001 7\n"), (LineFact{{1001, 7}, {LineState::kTombstone, 0, 0}}));
}

TEST(OutboxEntryTest, ReadsAReservation) {
  EXPECT_EQ(Decoded<ReservationFact>("r 9 1 1700000900000 0 7:3,5:1\n"),
            (ReservationFact{
                9, {ReservationState::kReserved, 1'700'000'900'000, false, {{7, 3}, {5, 1}}}}));
  EXPECT_EQ(Decoded<ReservationFact>("r 9 4 5 0\n"),
            (ReservationFact{9, {ReservationState::kExpired, 5, false, {}}}));
  EXPECT_EQ(Decoded<ReservationFact>("r 9 3 0 1\n"),
            (ReservationFact{9, {ReservationState::kCancelled, 0, true, {}}}));
}

TEST(OutboxEntryTest, ReadsARequest) {
  EXPECT_EQ(Decoded<RequestFact>("q 7 3 0 100 - 4:id-1\n"),
            (RequestFact{7, "id-1", {ChangeType::kRestock, false, 100, false, 0}}));
  EXPECT_EQ(
      Decoded<RequestFact>("q 7 8 0 -2147483648 0 1:\n\n"),
      (RequestFact{
          7, "\n", {ChangeType::kAdjust, false, std::numeric_limits<Quantity>::min(), true, 0}}));
  EXPECT_EQ(Decoded<RequestFact>("q 7 8 1 5 9 1:x\n").content,
            (RequestContent{ChangeType::kAdjust, true, 5, true, 9}));
}

TEST(OutboxEntryTest, KeepsTheOrderOfRecords) {
  const std::string changes = "r 9 2 5 0\n5 7 2 3 4 4 0 9\nt 10 7\nr 9 2 5 0\n";
  const auto facts = DecodeChanges(changes, kTime);
  ASSERT_OK(facts);
  ASSERT_EQ(facts->size(), 4u);
  EXPECT_TRUE(std::holds_alternative<Movement>((*facts)[1]));
  EXPECT_EQ(EncodeChanges(*facts), changes);
  EXPECT_THAT(*DecodeChanges("", kTime), testing::IsEmpty());
}

TEST(OutboxEntryTest, WritesNoRecordOfWhatMovementsSay) {
  EXPECT_EQ(EncodeChanges(
                {BalanceFact{7, {1, 2, 3}}, LineFact{{9, 7}, {LineState::kSoldByDeduct, 1, 0}}}),
            "");
}

// ---- what no script writes ----------------------------------------------------------------------

class MalformedTest : public testing::TestWithParam<std::string> {};

TEST_P(MalformedTest, IsDataLoss) {
  EXPECT_THAT(DecodeChanges(GetParam(), kTime), StatusIs(absl::StatusCode::kDataLoss, "byte "));
  // Behind a good record, which takes nothing of it.
  EXPECT_THAT(DecodeChanges("t 1 1\n" + GetParam(), kTime),
              StatusIs(absl::StatusCode::kDataLoss, "record at byte 6"));
}

INSTANTIATE_TEST_SUITE_P(
    Movements, MalformedTest,
    testing::Values("\n", " ", "x\n", "1 7 1 1 1 0 0 9",          // no end
                    "0 7 1 1 1 0 0 9\n", "9 7 1 1 1 0 0 9\n",     // no type
                    "1 0 1 1 1 0 0 9\n",                          // no book
                    "1 7 1 1 1 0 0\n", "1 7 1 1 1 0 0 9 \n",      // too little, too much
                    "1 7 1 1 1 0 0 9 9\n", "1  7 1 1 1 0 0 9\n",  //
                    "1 7 1 1 1 0 0 0\n",
                    "3 7 1 1 0 1 0 9\n",  // an order, or none, against the type
                    "8 7 1 1 0 1 0 9\n", "01 7 1 1 1 0 0 9\n",     //
                    "1 07 1 1 1 0 0 9\n", "1 7 +1 1 1 0 0 9\n",    // not as numbers are written
                    "1 7 1 -1 1 0 0 9\n", "1 7 1 -0 1 0 0 9\n",    //
                    "1 7 1 1.5 1 0 0 9\n", "1 7 1 1e3 1 0 0 9\n",  //
                    "1 7 1 1 -1 0 0 9\n", "1 7 1 1 1 -1 0 9\n",    // no stock
                    "1 7 1 1 1 0 -1 9\n", "1 7 1 2147483648 1 0 0 9\n",
                    "4 7 1 1 1 2147483647 1 9\n",  // more than a book holds
                    "1 18446744073709551616 1 1 1 0 0 9\n", "1\t7 1 1 1 0 0 9\n",
                    "1 7 1 1 1 0 0 9\r\n"));

INSTANTIATE_TEST_SUITE_P(Texts, MalformedTest,
                         testing::Values("3 7 1 1 0 1 0 0 0:0:0:\n",  // would have been left out
                                         "3 7 1 1 0 1 0 0 1:a0:\n", "3 7 1 1 0 1 0 0 1:a0:0:0:\n",
                                         "3 7 1 1 0 1 0 0 2:a0:0:\n", "3 7 1 1 0 1 0 0 9:a0:0:\n",
                                         "3 7 1 1 0 1 0 0 1:a 0:0:\n", "3 7 1 1 0 1 0 0 01:a0:0:\n",
                                         "3 7 1 1 0 1 0 0 -1:a0:0:\n", "3 7 1 1 0 1 0 0 :a0:0:\n",
                                         "3 7 1 1 0 1 0 0 18446744073709551615:a0:0:\n",
                                         "3 7 1 1 0 1 0 0 18446744073709551616:a0:0:\n"));

INSTANTIATE_TEST_SUITE_P(Others, MalformedTest,
                         testing::Values("t 1 \n", "t 1\n", "t 0 1\n", "t 1 0\n", "t 1 1 1\n",
                                         "t\n", "t1 1\n", "r 0 1 5 0 7:3\n", "r 9 0 5 0\n",
                                         "r 9 5 5 0\n", "r 9 2 -5 0\n", "r 9 2 5\n", "r 9 2 5 2\n",
                                         "r 9 2 5 0 7:3\n", "r 9 1 5 0\n", "r 9 1 5 0 \n",
                                         "r 9 1 5 0 7:3,\n", "r 9 1 5 0 7:0\n", "r 9 1 5 0 0:3\n",
                                         "r 9 1 5 0 7:3 8:1\n", "r 9 1 5 1 7:3\n", "r 9 2 5 1\n",
                                         "r 9 2 9223372036854775808 0\n", "q 7 1 0 1 - 1:x\n",
                                         "q 7 9 0 1 - 1:x\n", "q 7 3 2 1 - 1:x\n",
                                         "q 0 3 0 1 - 1:x\n", "q 7 3 0 1 -1 1:x\n",
                                         "q 7 3 0 1 - 0:\n", "q 7 3 0 1 - 2:x\n", "q 7 3 0 1 1:x\n",
                                         "q 7 3 0 -0 - 1:x\n", "q 7 3 0 1 - x\n"));

// ---- many ---------------------------------------------------------------------------------------

// Facts that a store may come to, drawn at random.
class Draw {
 public:
  explicit Draw(unsigned seed) : random_(seed) {}

  std::vector<Fact> Facts() {
    std::vector<Fact> facts(Below(6));
    for (Fact& fact : facts) fact = Any();
    return facts;
  }
  std::uint64_t Below(std::uint64_t limit) { return random_() % limit; }

 private:
  std::uint64_t Id() { return Below(4) == 0 ? kMaxId - Below(3) : 1 + Below(1'000); }
  Quantity Figure() {
    return static_cast<Quantity>(Below(5) == 0 ? kMaxStock / 2 - Below(2) : Below(100));
  }
  std::string Text() {
    std::string text(Below(2) * Below(20), ' ');
    for (char& c : text) c = static_cast<char>(Below(3) == 0 ? Below(256) : "\n: 0"[Below(4)]);
    return text;
  }
  Fact Any() {
    switch (Below(4)) {
      case 0: return LineFact{{Id(), Id()}, {LineState::kTombstone, 0, 0}};
      case 1: return ReservationFact{Id(), AReservation()};
      case 2:
        return RequestFact{Id(),
                           "r" + Text(),
                           {Below(2) ? ChangeType::kRestock : ChangeType::kAdjust, Below(2) == 0,
                            static_cast<Quantity>(random_()), false, 0}};
      default: return AMovement();
    }
  }
  Movement AMovement() {
    Movement movement;
    movement.type = static_cast<ChangeType>(1 + Below(8));
    movement.book = Id();
    movement.sequence = Id();
    movement.quantity = Figure();
    movement.before = Figure();
    movement.after = Figure();
    movement.locked_after = Figure();
    if (movement.type != ChangeType::kRestock && movement.type != ChangeType::kAdjust) {
      movement.order = Id();
    }
    movement.time = kTime;
    movement.request_id = Text();
    movement.remark = Text();
    movement.actor = Text();
    return movement;
  }
  Reservation AReservation() {
    Reservation reservation;
    reservation.state = static_cast<ReservationState>(1 + Below(4));
    reservation.deadline = static_cast<TimeMs>(Below(1'000'000));
    reservation.remembered = reservation.state == ReservationState::kCancelled && Below(2) == 0;
    if (reservation.state == ReservationState::kReserved) {
      for (std::uint64_t i = Below(5) + 1; i > 0; --i) {
        reservation.lines.push_back({i * 7, Figure() + 1});
      }
    }
    return reservation;
  }

  std::mt19937_64 random_;
};

TEST(OutboxEntryTest, ReadsWhatItWrites) {
  Draw draw(1);
  for (int round = 0; round < 20'000; ++round) {
    const std::vector<Fact> facts = draw.Facts();
    const std::string changes = EncodeChanges(facts);
    const auto read = DecodeChanges(changes, kTime);
    ASSERT_OK(read) << changes;
    ASSERT_EQ(*read, facts) << changes;
  }
}

// What is read from a text that was damaged is what that text says, never something near it.
TEST(OutboxEntryTest, ADamagedTextIsRefusedOrMeansWhatItSays) {
  Draw draw(2);
  int refused = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string changes = EncodeChanges(draw.Facts());
    if (changes.empty()) continue;
    const std::size_t at = draw.Below(changes.size());
    switch (draw.Below(3)) {
      case 0: changes[at] = static_cast<char>(draw.Below(256)); break;
      case 1: changes.erase(at, 1 + draw.Below(3)); break;
      default: changes.insert(at, 1, "0 -:\n,1"[draw.Below(7)]);
    }
    const auto read = DecodeChanges(changes, kTime);
    if (read.ok()) {
      ASSERT_EQ(EncodeChanges(*read), changes);
    } else {
      ASSERT_THAT(read, StatusIs(absl::StatusCode::kDataLoss, "cannot be read"));
      ++refused;
    }
  }
  EXPECT_GT(refused, 1'000);
}

// ---- ids and lines ------------------------------------------------------------------------------

TEST(OutboxIdTest, IsEpochAndNumber) {
  EXPECT_EQ(ParseOutboxId("7-12"), (OutboxId{7, 12}));
  EXPECT_EQ(ParseOutboxId("0-0"), OutboxId{});
  EXPECT_EQ(ParseOutboxId("18446744073709551615-18446744073709551615"), (OutboxId{kMaxId, kMaxId}));
  EXPECT_EQ(FormatOutboxId({7, 12}), "7-12");
  EXPECT_LT((OutboxId{7, 12}), (OutboxId{8, 0}));
  for (const char* const text : {"", "-", "7", "7-", "-7", "7-12 ", " 7-12", "7-012", "07-12",
                                 "7--1", "7-1-2", "+7-12", "*-0", "18446744073709551616-0"}) {
    EXPECT_EQ(ParseOutboxId(text), std::nullopt) << text;
  }
}

TEST(LineAfterTest, SaysWhatBecameOfTheLine) {
  const auto after = [](ChangeType type) {
    Movement movement;
    movement.type = type;
    movement.quantity = 3;
    movement.order = 9;
    return LineAfter(movement);
  };
  EXPECT_EQ(after(ChangeType::kDeduct), (OrderLine{LineState::kSoldByDeduct, 3, 0}));
  EXPECT_EQ(after(ChangeType::kRelease), (OrderLine{LineState::kReturned, 3, 3}));
  EXPECT_EQ(after(ChangeType::kReserve), (OrderLine{LineState::kReserved, 3, 0}));
  EXPECT_EQ(after(ChangeType::kConfirm), (OrderLine{LineState::kSoldByConfirm, 3, 0}));
  EXPECT_EQ(after(ChangeType::kCancel), (OrderLine{LineState::kReturned, 3, 3}));
  EXPECT_EQ(after(ChangeType::kExpire), (OrderLine{LineState::kExpired, 3, 3}));
  EXPECT_EQ(LineAfter(Movement{}), std::nullopt);
}

}  // namespace
}  // namespace inventory
