#include "service/validate.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

namespace inventory {
namespace {

struct Row {
  const char* what;
  Command command;
  Outcome outcome;
};

const std::string kLongest(kMaxTextBytes, 'x');
const std::string kTooLong(kMaxTextBytes + 1, 'x');

std::vector<ReservedLine> Lines(std::size_t count) {
  std::vector<ReservedLine> lines;
  for (std::size_t i = 0; i < count; ++i) lines.push_back({i + 1, 1});
  return lines;
}

std::vector<Row> Rows() {
  constexpr Quantity kMost = static_cast<Quantity>(kMaxStock);
  constexpr Quantity kLeast = std::numeric_limits<Quantity>::min();
  return {
      {"deduct", {Deduct{1, 2, 3}}, Outcome::kOk},
      {"deduct the most", {Deduct{1, 2, kMost}}, Outcome::kOk},
      {"deduct no book", {Deduct{0, 2, 3}}, Outcome::kBookIdMissing},
      {"deduct no order", {Deduct{1, 0, 3}}, Outcome::kOrderIdMissing},
      {"deduct nothing", {Deduct{1, 2, 0}}, Outcome::kDeductQuantityInvalid},
      {"deduct less than nothing", {Deduct{1, 2, kLeast}}, Outcome::kDeductQuantityInvalid},
      {"deduct: all wrong", {Deduct{}}, Outcome::kBookIdMissing},
      {"deduct: order and quantity", {Deduct{1, 0, -1}}, Outcome::kOrderIdMissing},

      {"release", {Release{1, 2, 3, kLongest}}, Outcome::kOk},
      {"release all", {Release{1, 2, 0, ""}}, Outcome::kOk},
      {"release no book", {Release{0, 2, 3, ""}}, Outcome::kBookIdMissing},
      {"release no order", {Release{1, 0, 3, ""}}, Outcome::kOrderIdMissing},
      {"release a negative", {Release{1, 2, -1, ""}}, Outcome::kReleaseQuantityInvalid},
      {"release: long reason", {Release{1, 2, 3, kTooLong}}, Outcome::kTextTooLong},
      {"release: two wrong", {Release{1, 2, -1, kTooLong}}, Outcome::kReleaseQuantityInvalid},

      {"restock", {Restock{1, 3, kLongest, kLongest}}, Outcome::kOk},
      {"restock no book", {Restock{0, 3, "", ""}}, Outcome::kBookIdMissing},
      {"restock nothing", {Restock{1, 0, "", ""}}, Outcome::kRestockQuantityInvalid},
      {"restock a negative", {Restock{1, -1, "", ""}}, Outcome::kRestockQuantityInvalid},
      {"restock: long request id", {Restock{1, 3, kTooLong, ""}}, Outcome::kTextTooLong},
      {"restock: long remark", {Restock{1, 3, "", kTooLong}}, Outcome::kTextTooLong},
      {"restock: two wrong", {Restock{1, 0, kTooLong, ""}}, Outcome::kRestockQuantityInvalid},

      {"adjust", {Adjust{1, false, -3, {}, kLongest, kLongest}}, Outcome::kOk},
      {"adjust by nothing: a count", {Adjust{1, false, 0, {}, "", ""}}, Outcome::kOk},
      {"adjust no book", {Adjust{0, true, 3, {}, "", ""}}, Outcome::kBookIdMissing},
      {"adjust: long request id", {Adjust{1, true, 3, {}, kTooLong, ""}}, Outcome::kTextTooLong},
      {"adjust: long reason", {Adjust{1, true, 3, {}, "", kTooLong}}, Outcome::kTextTooLong},

      {"reserve", {Reserve{2, Lines(2), 1}}, Outcome::kOk},
      {"reserve: default ttl", {Reserve{2, Lines(1), 0}}, Outcome::kOk},
      {"reserve: most", {Reserve{2, Lines(kMaxCallItems), kMaxReservationTtl}}, Outcome::kOk},
      {"reserve: book twice", {Reserve{2, {{1, 1}, {1, 1}}, 1}}, Outcome::kOk},
      {"reserve no order", {Reserve{0, Lines(1), 1}}, Outcome::kOrderIdMissing},
      {"reserve no book", {Reserve{2, {{1, 1}, {0, 1}}, 1}}, Outcome::kBookIdMissing},
      {"reserve no units", {Reserve{2, {{1, 1}, {2, 0}}, 1}}, Outcome::kReserveQuantityInvalid},
      {"reserve fewer", {Reserve{2, {{1, -1}}, 1}}, Outcome::kReserveQuantityInvalid},
      {"reserve no lines", {Reserve{2, {}, 1}}, Outcome::kReserveLinesMissing},
      {"reserve: negative ttl", {Reserve{2, Lines(1), -1}}, Outcome::kTtlInvalid},
      {"reserve: too many", {Reserve{2, Lines(kMaxCallItems + 1), 1}}, Outcome::kTooManyItems},
      {"reserve: ttl", {Reserve{2, Lines(1), kMaxReservationTtl + 1}}, Outcome::kTtlTooLong},
      {"reserve: order and book", {Reserve{0, {{0, 1}}, 1}}, Outcome::kBookIdMissing},
      {"reserve: order and units", {Reserve{0, {{1, 0}}, 1}}, Outcome::kOrderIdMissing},
      {"reserve: no lines, ttl", {Reserve{2, {}, -1}}, Outcome::kReserveLinesMissing},
      {"reserve: many, ttl too short",
       {Reserve{2, Lines(kMaxCallItems + 1), -1}},
       Outcome::kTtlInvalid},
      {"reserve: many, ttl too long",
       {Reserve{2, Lines(kMaxCallItems + 1), kMaxReservationTtl + 1}},
       Outcome::kTooManyItems},

      {"confirm", {Confirm{2}}, Outcome::kOk},
      {"confirm no order", {Confirm{0}}, Outcome::kOrderIdMissing},
      {"cancel", {Cancel{2, kLongest}}, Outcome::kOk},
      {"cancel no order", {Cancel{0, ""}}, Outcome::kOrderIdMissing},
      {"cancel: long reason", {Cancel{2, kTooLong}}, Outcome::kTextTooLong},
      {"cancel: two wrong", {Cancel{0, kTooLong}}, Outcome::kOrderIdMissing},
      {"expire", {Expire{2}}, Outcome::kOk},
      {"expire no order", {Expire{0}}, Outcome::kOrderIdMissing},
  };
}

TEST(ValidateTest, EachRow) {
  for (const Row& row : Rows()) {
    EXPECT_EQ(Info(Validate(row.command)).enumerator, Info(row.outcome).enumerator) << row.what;
  }
}

// The rows of the outcome table that a command's own fields can deserve: none lacks a case above.
TEST(ValidateTest, EveryOutcomeOfItsOwnHasARow) {
  std::set<Outcome> seen;
  for (const Row& row : Rows()) seen.insert(row.outcome);
  for (const Outcome outcome :
       {Outcome::kBookIdMissing, Outcome::kOrderIdMissing, Outcome::kDeductQuantityInvalid,
        Outcome::kReleaseQuantityInvalid, Outcome::kRestockQuantityInvalid,
        Outcome::kReserveQuantityInvalid, Outcome::kReserveLinesMissing, Outcome::kTtlInvalid,
        Outcome::kTooManyItems, Outcome::kTextTooLong, Outcome::kTtlTooLong}) {
    EXPECT_TRUE(seen.contains(outcome)) << Info(outcome).enumerator;
  }
}

TEST(ValidateTest, LimitsAreThoseThatTheMessagesName) {
  EXPECT_NE(Info(Outcome::kTooManyItems).message.find(std::to_string(kMaxCallItems)),
            std::string_view::npos);
  EXPECT_NE(Info(Outcome::kTooManyIds).message.find(std::to_string(kMaxCallIds)),
            std::string_view::npos);
  EXPECT_NE(Info(Outcome::kTextTooLong).message.find(std::to_string(kMaxTextBytes)),
            std::string_view::npos);
  EXPECT_NE(Info(Outcome::kTtlTooLong)
                .message.find(std::to_string(kMaxReservationTtl / 86'400'000) + "天"),
            std::string_view::npos);
}

}  // namespace
}  // namespace inventory
