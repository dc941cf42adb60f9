#include "stock/types.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

namespace inventory {
namespace {

TEST(ChangeType, NamesAreThoseOfTheWireAndFindTheirType) {
  const std::vector<std::pair<ChangeType, std::string>> all = {
      {ChangeType::kDeduct, "deduct"},   {ChangeType::kRelease, "release"},
      {ChangeType::kRestock, "restock"}, {ChangeType::kReserve, "reserve"},
      {ChangeType::kConfirm, "confirm"}, {ChangeType::kCancel, "cancel"},
      {ChangeType::kExpire, "expire"},   {ChangeType::kAdjust, "adjust"}};
  for (const auto& [type, name] : all) {
    EXPECT_EQ(Name(type), name);
    const ChangeType* found = FindChangeType(name);
    ASSERT_NE(found, nullptr) << name;
    EXPECT_EQ(*found, type);
  }
  EXPECT_EQ(FindChangeType(""), nullptr);
  EXPECT_EQ(FindChangeType("Deduct"), nullptr);
  EXPECT_EQ(FindChangeType("unknown"), nullptr);
}

// They are in journals and tables: a changed number would misread every one written before.
TEST(StoredNumbers, AreFixed) {
  EXPECT_EQ(static_cast<int>(ChangeType::kDeduct), 1);
  EXPECT_EQ(static_cast<int>(ChangeType::kRelease), 2);
  EXPECT_EQ(static_cast<int>(ChangeType::kRestock), 3);
  EXPECT_EQ(static_cast<int>(ChangeType::kReserve), 4);
  EXPECT_EQ(static_cast<int>(ChangeType::kConfirm), 5);
  EXPECT_EQ(static_cast<int>(ChangeType::kCancel), 6);
  EXPECT_EQ(static_cast<int>(ChangeType::kExpire), 7);
  EXPECT_EQ(static_cast<int>(ChangeType::kAdjust), 8);
  EXPECT_EQ(static_cast<int>(LineState::kReserved), 1);
  EXPECT_EQ(static_cast<int>(LineState::kSoldByDeduct), 2);
  EXPECT_EQ(static_cast<int>(LineState::kSoldByConfirm), 3);
  EXPECT_EQ(static_cast<int>(LineState::kReturned), 4);
  EXPECT_EQ(static_cast<int>(LineState::kExpired), 5);
  EXPECT_EQ(static_cast<int>(LineState::kTombstone), 6);
  EXPECT_EQ(static_cast<int>(ReservationState::kReserved), 1);
  EXPECT_EQ(static_cast<int>(ReservationState::kConfirmed), 2);
  EXPECT_EQ(static_cast<int>(ReservationState::kCancelled), 3);
  EXPECT_EQ(static_cast<int>(ReservationState::kExpired), 4);
}

TEST(States, HaveNamesOfTheirOwn) {
  std::set<std::string_view> names;
  for (const LineState state :
       {LineState::kReserved, LineState::kSoldByDeduct, LineState::kSoldByConfirm,
        LineState::kReturned, LineState::kExpired, LineState::kTombstone}) {
    names.insert(Name(state));
    const LineState* found = FindLineState(Name(state));
    ASSERT_NE(found, nullptr) << Name(state);
    EXPECT_EQ(*found, state);
  }
  EXPECT_EQ(FindLineState("none"), nullptr);
  EXPECT_EQ(names, (std::set<std::string_view>{"reserved", "sold_by_deduct", "sold_by_confirm",
                                               "returned", "expired", "tombstone"}));
  EXPECT_EQ(Name(ReservationState::kReserved), "reserved");
  EXPECT_EQ(Name(ReservationState::kConfirmed), "confirmed");
  EXPECT_EQ(Name(ReservationState::kCancelled), "cancelled");
  EXPECT_EQ(Name(ReservationState::kExpired), "expired");
}

TEST(Reservation, HasPassedAtItsDeadlineAndOnlyWhileReserved) {
  Reservation reservation;
  reservation.deadline = 1'000;
  EXPECT_FALSE(reservation.Passed(999));
  EXPECT_TRUE(reservation.Passed(1'000));
  reservation.state = ReservationState::kConfirmed;
  EXPECT_FALSE(reservation.Passed(1'001));
}

TEST(Balance, TotalDoesNotWrap) {
  EXPECT_EQ((Balance{2'147'483'647, 2'147'483'647, 1}).total(), 4'294'967'294);
}

}  // namespace
}  // namespace inventory
