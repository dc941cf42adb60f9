#include "store/redis/known_facts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace inventory {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(KnownFactsTest, LinesReadAsTheyWereWritten) {
  const std::vector<ReservedLine> lines{{1, 2}, {18'446'744'073'709'551'615U, 2'147'483'647}};
  EXPECT_EQ(LinesText(lines), "1:2,18446744073709551615:2147483647");
  EXPECT_EQ(ParseLines(LinesText(lines)), lines);
  EXPECT_THAT(ParseLines(""), IsEmpty());
  EXPECT_THAT(ParseLines("1:2,seven"), IsEmpty());
}

TEST(KnownFactsTest, SaysWhatTheLedgerKnowsAndWhatItDoesNot) {
  LedgerQuestion question;
  question.books = {1, 2};
  question.lines = {{7, 1}, {8, 1}, {9, 1}, {10, 1}};
  question.reservations = {7, 8, 9};
  question.requests = {{1, "r"}, {1, "s"}};
  LedgerAnswer answer;
  answer.books = {{1, true, {95, 5, 12}}, {2, false, {}}};
  answer.lines = {OrderLine{LineState::kSoldByConfirm, 3, 0}, std::nullopt,
                  OrderLine{LineState::kTombstone, 0, 0}, OrderLine{LineState::kReserved, 3, 0}};
  Reservation remembered;
  remembered.state = ReservationState::kCancelled;
  remembered.remembered = true;
  Reservation confirmed;
  confirmed.state = ReservationState::kConfirmed;
  confirmed.deadline = 123;
  confirmed.lines = {{1, 3}};
  answer.reservations = {confirmed, remembered, std::nullopt};
  answer.requests = {RequestContent{ChangeType::kAdjust, true, 4, true, 9}, std::nullopt};

  KnownFacts facts;
  facts.Add(question, answer);
  EXPECT_EQ(facts.books[1], "95 5 12");
  EXPECT_EQ(facts.books[2], "-");
  EXPECT_EQ((facts.lines[{7, 1}]), "confirmed 3");
  EXPECT_EQ((facts.lines[{8, 1}]), "-");
  EXPECT_EQ((facts.lines[{9, 1}]), "tombstone 0");
  EXPECT_EQ((facts.lines[{10, 1}]), "") << "its reservation is to be put back first";
  EXPECT_EQ(facts.reservations[7], "confirmed 123 1:3");
  EXPECT_EQ(facts.reservations[8], "remembered 0");
  EXPECT_EQ(facts.reservations[9], "-");
  EXPECT_EQ((facts.requests[{1, "r"}]), "8 1 4 9");
  EXPECT_EQ((facts.requests[{1, "s"}]), "-");
}

}  // namespace
}  // namespace inventory
