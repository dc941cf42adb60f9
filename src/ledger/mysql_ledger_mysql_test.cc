// Epochs, tokens, looking up, and what a rebuild does with what was answered.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "ledger/ledger_fixture_testing.h"
#include "mysql/schema.h"
#include "tests/support/store_calls.h"

namespace inventory {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

std::string Told(const LostChange& lost) {
  return absl::StrCat(std::string(Name(lost.type)), " book ", lost.book, " order ", lost.order,
                      " quantity ", lost.quantity);
}

std::vector<std::string> Told(const std::vector<LostChange>& lost) {
  std::vector<std::string> told;
  for (const LostChange& each : lost) told.push_back(Told(each));
  return told;
}

class MysqlLedgerTest : public LedgerFixture {
 protected:
  // As after 5 s without a word of its holder.
  void LetTokenGrowOld() { Ask("UPDATE redis_epochs SET token_at = token_at - INTERVAL 6 SECOND"); }
  std::string Token() {
    const auto epoch = ledger_.ReadEpoch();
    EXPECT_OK(epoch);
    return epoch.ok() ? epoch->token : "";
  }
};

// ---- epochs -------------------------------------------------------------------------------------

TEST(EmptyLedgerTest, HasNoEpochUntilOneIsMade) {
  const TestDatabase database = TestDatabase::Make();
  MysqlLedger ledger({.dsn = database.dsn()});
  const auto before = ledger.ReadEpoch();
  ASSERT_OK(before);
  EXPECT_EQ(before->epoch, 0u);
  EXPECT_THAT(ledger.CloseEpoch(3, "t"), StatusIs(absl::StatusCode::kAborted, "epoch 0"));
  ASSERT_OK(ledger.CloseEpoch(0, "t"));
  EXPECT_THAT(ledger.CloseEpoch(0, "u"), StatusIs(absl::StatusCode::kAborted, "another"));
  const auto next = ledger.NextEpoch("t", 7, "run", "replication");
  ASSERT_OK(next);
  EXPECT_EQ(*next, 7u);
  EXPECT_EQ(ledger.ReadEpoch()->token, "t") << "it stays closed until it is opened";
  ASSERT_OK(ledger.OpenEpoch("t"));
  ASSERT_OK(ledger.OpenEpoch("t")) << "an answer that was lost";
  const auto after = ledger.ReadEpoch();
  ASSERT_OK(after);
  EXPECT_EQ(after->epoch, 7u);
  EXPECT_EQ(after->token, "");
  EXPECT_EQ(after->run_id, "run");
  EXPECT_EQ(after->replication_id, "replication");
}

TEST(EmptyLedgerTest, StockThatCameFromElsewhereIsNotTakenForItsOwn) {
  const TestDatabase database = TestDatabase::Make();
  MysqlLedger ledger({.dsn = database.dsn()});
  ASSERT_OK(ledger.Open());
  auto connection = Connection::Open(database.dsn());
  ASSERT_OK(connection);
  AskSql(**connection, "INSERT INTO inventory VALUES (1, 5, 0, 5, 1, NOW(3), NOW(3))");
  EXPECT_THAT(ledger.CloseEpoch(0, "t"),
              StatusIs(absl::StatusCode::kFailedPrecondition, "handover"));
  EXPECT_EQ(ledger.ReadEpoch()->epoch, 0u);
}

TEST(EmptyLedgerTest, ADatabaseOfTheMysqlStoreIsRefused) {
  const TestDatabase database = TestDatabase::Make();
  auto connection = Connection::Open(database.dsn());
  ASSERT_OK(connection);
  ASSERT_OK(PrepareSchema(**connection, "mysql"));
  MysqlLedger ledger({.dsn = database.dsn()});
  EXPECT_THAT(ledger.ReadEpoch(), StatusIs(absl::StatusCode::kFailedPrecondition, "mysql"));
}

TEST_F(MysqlLedgerTest, ATokenIsTakenOverOnlyWhenItsHolderIsSilent) {
  ASSERT_OK(ledger_.CloseEpoch(1, "t"));
  ASSERT_OK(ledger_.CloseEpoch(1, "t"));
  EXPECT_THAT(ledger_.CloseEpoch(1, "u"), StatusIs(absl::StatusCode::kAborted, "another"));
  LetTokenGrowOld();
  EXPECT_TRUE(ledger_.ReadEpoch()->token_is_stale);
  ASSERT_OK(ledger_.RenewToken("t"));
  EXPECT_FALSE(ledger_.ReadEpoch()->token_is_stale);
  EXPECT_THAT(ledger_.CloseEpoch(1, "u"), StatusIs(absl::StatusCode::kAborted, "another"));
  LetTokenGrowOld();
  ASSERT_OK(ledger_.CloseEpoch(1, "u"));
  EXPECT_EQ(Token(), "u");
  const absl::StatusCode aborted = absl::StatusCode::kAborted;
  EXPECT_THAT(ledger_.RenewToken("t"), StatusIs(aborted, "taken it over"));
  EXPECT_THAT(ledger_.Drain("t", {maker_.Make(kMorning, Restock{1, 1, "", ""})}),
              StatusIs(aborted, "taken it over"));
  EXPECT_THAT(ledger_.HandIn("t", 9, {}, true), StatusIs(aborted, "taken it over"));
  EXPECT_THAT(ledger_.MissingHandIns("t"), StatusIs(aborted, "taken it over"));
  EXPECT_THAT(ledger_.ApplyHandIns("t"), StatusIs(aborted, "taken it over"));
  EXPECT_THAT(ledger_.NextEpoch("t", 0, "", ""), StatusIs(aborted, "taken it over"));
  EXPECT_THAT(ledger_.OpenEpoch("t"), StatusIs(aborted, "taken it over"));
}

TEST_F(MysqlLedgerTest, TheNextEpochKnowsOfEveryOrder) {
  ASSERT_OK(Apply({maker_.Make(kMorning, Restock{1, 100, "", ""}),
                   maker_.Make(kMorning, Deduct{1, 70, 1}), maker_.Make(kMorning, Deduct{1, 7, 1}),
                   maker_.Make(kMorning, Cancel{90, ""})}));
  EXPECT_EQ(Progress().watermark, 0u);
  ASSERT_OK(ledger_.CloseEpoch(1, "t"));
  ASSERT_OK(Reopen("t"));
  EXPECT_EQ(Progress().epoch, 2u);
  EXPECT_EQ(Progress().applied, 0u);
  EXPECT_EQ(Progress().watermark, 90u);
}

TEST_F(MysqlLedgerTest, WaitsForInstancesThatLive) {
  ASSERT_OK(ledger_.Beat(5));
  ASSERT_OK(ledger_.Beat(6));
  ASSERT_OK(ledger_.Beat(7));
  ASSERT_OK(ledger_.Leave(7));
  Ask("UPDATE ledger_instances SET seen_at = seen_at - INTERVAL 4 SECOND WHERE instance=6");
  ASSERT_OK(ledger_.CloseEpoch(1, "t"));
  ASSERT_OK(ledger_.HandIn("t", 8, {}, true));  // it was never seen before
  EXPECT_THAT(*ledger_.MissingHandIns("t"), ElementsAre(5));
  ASSERT_OK(ledger_.Beat(6));
  EXPECT_THAT(*ledger_.MissingHandIns("t"), ElementsAre(5, 6));
  ASSERT_OK(ledger_.HandIn("t", 5, {}, false));
  EXPECT_THAT(*ledger_.MissingHandIns("t"), ElementsAre(5, 6));
  ASSERT_OK(ledger_.HandIn("t", 5, {}, true));
  ASSERT_OK(ledger_.Beat(5));
  EXPECT_THAT(*ledger_.MissingHandIns("t"), ElementsAre(6));
}

// ---- looking up ---------------------------------------------------------------------------------

TEST_F(MysqlLedgerTest, AnswersInTheOrderAsked) {
  ASSERT_OK(
      Apply({maker_.Make(kMorning, Restock{1, 100, "r", ""}),
             maker_.Make(kMorning, Restock{2, 100, "", ""}), maker_.Make(kMorning, Deduct{1, 7, 3}),
             maker_.Make(kMorning, Reserve{8, {{2, 5}, {1, 4}}, 100})}));
  LedgerQuestion question;
  question.books = {2, 9, 1};
  question.lines = {{8, 1}, {7, 2}, {7, 1}};
  question.reservations = {7, 8};
  question.requests = {{1, "R"}, {1, "r"}, {2, "r"}};
  const auto answer = ledger_.LookUp(question);
  ASSERT_OK(answer);
  EXPECT_THAT(answer->books,
              ElementsAre(BookStock{2, true, maker_.Book(2)}, BookStock{9, false, {}},
                          BookStock{1, true, maker_.Book(1)}));
  EXPECT_THAT(answer->lines, ElementsAre(OrderLine{LineState::kReserved, 4, 0}, std::nullopt,
                                         OrderLine{LineState::kSoldByDeduct, 3, 0}));
  ASSERT_THAT(answer->reservations, SizeIs(2));
  EXPECT_EQ(answer->reservations[0], std::nullopt);
  EXPECT_THAT(answer->reservations[1]->lines, ElementsAre(ReservedLine{2, 5}, ReservedLine{1, 4}));
  EXPECT_THAT(answer->requests,
              ElementsAre(std::nullopt, RequestContent{ChangeType::kRestock, false, 100, false, 0},
                          std::nullopt));
  EXPECT_THAT(answer->unsure, IsEmpty());
}

TEST_F(MysqlLedgerTest, ReadsAsTheStoreReads) {
  ASSERT_OK(
      Apply({maker_.Make(kMorning, Restock{1, 100, "r", ""}),
             maker_.Make(kMorning, Restock{2, 5, "", ""}),
             maker_.Make(kMorning, Reserve{8, {{2, 5}, {1, 4}}, 100}),
             maker_.Make(kMorning, Reserve{9, {{1, 4}}, 100}), maker_.Make(kMorning, Confirm{8})}));
  const auto page = ledger_.ListStock({.limit = 1});
  ASSERT_OK(page);
  EXPECT_THAT(page->books, ElementsAre(BookStock{1, true, maker_.Book(1)}));
  EXPECT_EQ(page->next_after, 1u);
  const auto before = ledger_.ReadOrder(9, true, kMorning + 99);
  const auto after = ledger_.ReadOrder(9, true, kMorning + 100);
  ASSERT_OK(before);
  ASSERT_OK(after);
  EXPECT_EQ(before->reservation->state, ReservationState::kReserved);
  EXPECT_EQ(after->reservation->state, ReservationState::kExpired);
  EXPECT_THAT(before->movements, SizeIs(1));
  const auto open = ledger_.ListOpenReservations(0, 10);
  ASSERT_OK(open);
  ASSERT_THAT(*open, SizeIs(1));
  EXPECT_EQ(open->front().order, 9u);
  EXPECT_THAT(open->front().reservation.lines, ElementsAre(ReservedLine{1, 4}));
  EXPECT_THAT(*ledger_.ListOpenReservations(9, 10), IsEmpty());
  auto reader = ledger_.Export();
  ASSERT_OK(reader);
  const auto facts = AllFacts(**reader);
  ASSERT_OK(facts);
  EXPECT_THAT(*facts, SizeIs(7 + 2 + 3 + 2 + 1));
}

TEST_F(MysqlLedgerTest, TellsWhichBooksHaveChanged) {
  ASSERT_OK(Apply({maker_.Make(kMorning, Restock{1, 100, "", ""}),
                   maker_.Make(kMorning, Restock{2, 100, "", ""})}));
  TimeMs until = 0;
  EXPECT_THAT(*ledger_.ReadChanged(until), IsEmpty());
  ASSERT_OK(Apply({maker_.Make(kMorning + 60'000, Deduct{2, 7, 1})}));
  const auto changed = ledger_.ReadChanged(until);
  ASSERT_OK(changed);
  EXPECT_THAT(*changed, testing::Contains(BookStock{2, true, maker_.Book(2)}));
  EXPECT_EQ(until, kMorning + 60'000);
  EXPECT_THAT(*ledger_.ReadChanged(until), ElementsAre(BookStock{2, true, maker_.Book(2)}));
}

TEST_F(MysqlLedgerTest, ReadsWhatAMovementLeftBehind) {
  ASSERT_OK(Apply({maker_.Make(kMorning, Restock{1, 100, "", ""}),
                   maker_.Make(kMorning, Reserve{7, {{1, 3}}, 100}),
                   maker_.Make(kMorning, Deduct{1, 8, 1})}));
  const auto logged = ledger_.ReadLogged({{1, 2}, {1, 4}, {2, 1}, {1, 1}});
  ASSERT_OK(logged);
  EXPECT_THAT(*logged,
              ElementsAre(Balance{97, 3, 2}, std::nullopt, std::nullopt, Balance{100, 0, 1}));
}

TEST_F(MysqlLedgerTest, RepairsARowThatNobodyHasChangedMeanwhile) {
  ASSERT_OK(Apply({maker_.Make(kMorning, Restock{1, 100, "", ""})}));
  const BookStock found{1, true, {105, 0, 1}};
  EXPECT_EQ(*ledger_.RepairRow(found, {100, 0, 1}), false);
  Ask("UPDATE inventory SET stock=105, total_stock=105");
  EXPECT_EQ(*ledger_.RepairRow(found, {100, 0, 1}), true);
  ExpectAgrees(1);
}

TEST_F(MysqlLedgerTest, KeepsTheRecord) {
  ASSERT_OK(ledger_.RecordLosses(3, {{1, 7, ChangeType::kDeduct, 2, "it is gone"},
                                     {1, 0, ChangeType::kRestock, 5, "so is that"}}));
  EXPECT_THAT(Ask("SELECT CONCAT_WS(' ', epoch, book_id, IFNULL(order_id, '-'), change_type,"
                  " quantity, reason) FROM ledger_losses ORDER BY id"),
              ElementsAre("3 1 7 deduct 2 it is gone", "3 1 - restock 5 so is that"));
  // Another instance, for which it was a duplicate; and in a later epoch it may be lost again.
  ASSERT_OK(ledger_.RecordLosses(3, {{1, 7, ChangeType::kDeduct, 2, "found by another"}}));
  EXPECT_THAT(Ask("SELECT COUNT(*) FROM ledger_losses"), ElementsAre("2"));
  ASSERT_OK(ledger_.RecordLosses(4, {{1, 7, ChangeType::kDeduct, 2, "it is gone"}}));
  EXPECT_THAT(Ask("SELECT COUNT(*) FROM ledger_losses"), ElementsAre("3"));
  ASSERT_OK(ledger_.RecordRepair({1, false, {}}, {1, true, {5, 1, 9}}, "it was not there"));
  EXPECT_THAT(Ask("SELECT CONCAT_WS(' ', book_id, IFNULL(found_stock, '-'), repaired_stock,"
                  " repaired_locked, repaired_sequence, reason) FROM repairs"),
              ElementsAre("1 - 5 1 9 it was not there"));
}

// ---- rebuilding ---------------------------------------------------------------------------------

class RebuildTest : public MysqlLedgerTest {
 protected:
  RebuildTest() {
    EXPECT_OK(Apply({maker_.Make(kMorning, Restock{1, 100, "", ""}),
                     maker_.Make(kMorning, Restock{2, 100, "", ""})}));
  }
  // All of a rebuild but Redis.
  HandInResult Rebuild(const std::string& token, const std::vector<RememberedEntry>& survived,
                       const std::vector<std::vector<RememberedEntry>>& remembered) {
    EXPECT_OK(ledger_.CloseEpoch(Progress().epoch, token));
    EXPECT_OK(ledger_.Drain(token, survived));
    std::uint64_t instance = 1;
    for (const auto& entries : remembered) {
      EXPECT_OK(ledger_.HandIn(token, instance++, entries, true));
    }
    const auto result = ledger_.ApplyHandIns(token);
    EXPECT_OK(result);
    EXPECT_OK(Reopen(token));
    return result.ok() ? *result : HandInResult();
  }
  // What an instance knows of an order that it was told a duplicate of.
  static RememberedEntry Duplicate(std::vector<Fact> facts) {
    for (Fact& fact : facts) {
      if (auto* movement = std::get_if<Movement>(&fact)) {
        movement->sequence = 0;
        movement->before = movement->after = movement->locked_after = 0;
      }
    }
    return {1, RememberedEntry::kNoNumber, kMorning + 50, EncodeChanges(facts)};
  }
  static Movement Sale(BookId book, OrderId order, Quantity quantity) {
    Movement movement;
    movement.book = book;
    movement.order = order;
    movement.quantity = quantity;
    return movement;
  }
};

TEST_F(RebuildTest, WhatSurvivedAndWhatIsRememberedCountsOnce) {
  const std::vector<RememberedEntry> entries{maker_.Make(kMorning + 1, Deduct{1, 7, 1}),
                                             maker_.Make(kMorning + 2, Deduct{1, 8, 2}),
                                             maker_.Make(kMorning + 3, Deduct{1, 9, 4})};
  // Redis has kept the first; both instances remember the second.
  const HandInResult result =
      Rebuild("t", {entries[0]}, {{entries[0], entries[1]}, {entries[1], entries[2]}});
  EXPECT_EQ(result.applied, 2u);
  EXPECT_THAT(result.lost, IsEmpty());
  EXPECT_EQ(Stock(1).available, 93);
  ExpectAgrees(1);
  EXPECT_THAT(Ask("SELECT * FROM ledger_hand_ins"), IsEmpty());
  EXPECT_THAT(Ask("SELECT created_at FROM inventory_logs WHERE order_id=9"),
              ElementsAre("2027-01-15 08:00:00.003"))
      << "made when it was answered";
}

TEST_F(RebuildTest, WhatIsHandedInAndAppliedIsLeftOut) {
  const RememberedEntry restock = maker_.Make(kMorning + 1, Restock{1, 10, "", ""});
  ASSERT_OK(ledger_.CloseEpoch(1, "t"));
  // Before and after it was drained.
  ASSERT_OK(ledger_.HandIn("t", 1, {restock}, true));
  ASSERT_OK(ledger_.Drain("t", {restock}));
  ASSERT_OK(ledger_.HandIn("t", 2, {restock}, true));
  EXPECT_EQ(ledger_.ApplyHandIns("t")->applied, 0u);
  ExpectAgrees(1);
}

TEST_F(RebuildTest, EveryKindOfChangeIsDecidedAgain) {
  std::vector<RememberedEntry> entries;
  const auto add = [&](TimeMs time, auto verb) {
    entries.push_back(maker_.Make(kMorning + time, verb));
  };
  add(1, Restock{3, 10, "r-1", "new"});
  add(2, Deduct{1, 1001, 3});
  add(3, Release{1, 1001, 3, "changed"});
  add(4, Release{1, 1002, 0, ""});
  add(5, Reserve{1003, {{2, 5}, {1, 7}}, 1'000});
  add(6, Confirm{1003});
  add(7, Reserve{1004, {{2, 4}}, 1'000});
  add(8, Cancel{1004, "no money"});
  add(9, Cancel{1005, ""});
  add(10, Reserve{1006, {{1, 2}}, 100});
  add(11, Reserve{1007, {{1, 2}, {2, 9}}, 10});
  add(30, Expire{1007});
  add(31, Adjust{2, true, 90, 95, "count", "stocktaking"});
  add(32, Reserve{1008, {{2, 1}}, 500});
  add(33, Release{2, 1008, 1, "the only line"});
  std::vector<RememberedEntry> mixed = entries;
  std::reverse(mixed.begin(), mixed.end());
  const HandInResult result = Rebuild("t", {}, {mixed, entries});
  EXPECT_THAT(Told(result.lost), IsEmpty());
  for (const BookId book : {1, 2, 3}) ExpectAgrees(book);
  EXPECT_THAT(
      Ask("SELECT CONCAT_WS(' ', order_id, book_id, state, quantity, released_quantity,"
          " reserved_position) FROM order_lines ORDER BY order_id, book_id"),
      ElementsAre("1001 1 returned 3 3", "1002 1 tombstone 0 0", "1003 1 sold_by_confirm 7 0 1",
                  "1003 2 sold_by_confirm 5 0 0", "1004 2 returned 4 4 0", "1006 1 reserved 2 0 0",
                  "1007 1 expired 2 2 0", "1007 2 expired 9 9 1", "1008 2 returned 1 1 0"));
  EXPECT_THAT(Ask("SELECT CONCAT_WS(' ', order_id, state, remembered, deadline) FROM reservations"
                  " WHERE order_id=1006"),
              ElementsAre("1006 reserved 0 2027-01-15 08:00:00.110"));
  EXPECT_THAT(Ask("SELECT CONCAT_WS(' ', book_id, request_id, change_type, set_to, quantity,"
                  " expected_stock) FROM request_ids ORDER BY book_id"),
              ElementsAre("2 count adjust 1 90 95", "3 r-1 restock 0 10"));
}

TEST_F(RebuildTest, OnlyADuplicateIsRemembered) {
  ASSERT_OK(Apply({maker_.Make(kMorning, Deduct{1, 6, 3})}));
  RequestFact request{1, "r-9", {ChangeType::kRestock, false, 20, false, 0}};
  Movement restock;
  restock.type = ChangeType::kRestock;
  restock.book = 1;
  restock.quantity = 20;
  restock.request_id = "r-9";
  const HandInResult result = Rebuild(
      "t", {},
      {{Duplicate({Sale(1, 6, 3)}), Duplicate({Sale(1, 7, 3)}), Duplicate({restock, request})},
       {Duplicate({Sale(1, 7, 3)}), Duplicate({request})}});
  EXPECT_EQ(result.applied, 2u);
  EXPECT_THAT(result.lost, IsEmpty());
  EXPECT_EQ(Stock(1).available, 100 - 3 - 3 + 20);
  ExpectLogAgrees(1);
}

TEST_F(RebuildTest, ASaleWhoseRestockIsLostIsReportedUnitForUnit) {
  const RememberedEntry first = maker_.Make(kMorning + 1, Deduct{1, 6, 98});
  maker_.Make(kMorning + 2, Restock{1, 50, "", ""});  // whoever was told of it is dead
  const RememberedEntry second = maker_.Make(kMorning + 3, Deduct{1, 7, 40});
  const RememberedEntry third = maker_.Make(kMorning + 4, Deduct{1, 8, 2});
  const RememberedEntry fourth = maker_.Make(kMorning + 5, Reserve{9, {{2, 1}, {1, 5}}, 100});
  const HandInResult result = Rebuild("t", {first}, {{second, third, fourth}});
  EXPECT_EQ(result.applied, 1u);
  const std::vector<std::string> lost{"deduct book 1 order 7 quantity 40",
                                      "reserve book 2 order 9 quantity 1",
                                      "reserve book 1 order 9 quantity 5"};
  EXPECT_EQ(Told(result.lost), lost);
  EXPECT_EQ(Stock(1).available, 0);
  EXPECT_EQ(Stock(2).available, 100) << "all of it or nothing";
  EXPECT_THAT(Ask("SELECT CONCAT_WS(' ', epoch, order_id, quantity) FROM ledger_losses"
                  " ORDER BY id"),
              ElementsAre("1 7 40", "1 9 1", "1 9 5"));
}

TEST_F(RebuildTest, ARebuildThatWasCutShortIsGoneOnWith) {
  const std::vector<RememberedEntry> entries{
      maker_.Make(kMorning + 1, Deduct{1, 7, 1}),
      maker_.Make(kMorning + 2, Deduct{2, 7, 1}),
      maker_.Make(kMorning + 3, Reserve{9, {{1, 3}, {2, 3}}, 1'000}),
      maker_.Make(kMorning + 4, Restock{1, 10, "", ""}),
      maker_.Make(kMorning + 5, Confirm{9}),
      maker_.Make(kMorning + 6, Deduct{2, 11, 1})};
  // The first rebuild found nothing in Redis, and one instance, which did not know all.
  ASSERT_OK(ledger_.CloseEpoch(1, "t"));
  ASSERT_OK(ledger_.HandIn("t", 1, {entries[1], entries[2], entries[3]}, true));
  ASSERT_OK(ledger_.ApplyHandIns("t"));
  EXPECT_THAT(ledger_.HandIn("t", 2, {entries[4]}, true),
              StatusIs(absl::StatusCode::kAborted, "too late"));
  // The second finds the outbox whole: a Redis that had been loading.
  LetTokenGrowOld();
  const HandInResult result = Rebuild("u", entries, {{entries[4], entries[5]}});
  EXPECT_THAT(Told(result.lost), IsEmpty());
  EXPECT_EQ(Stock(1).available, 100 - 1 - 3 + 10) << "the restock has no request id to know it by";
  EXPECT_EQ(Stock(2), maker_.Book(2));
  ExpectLogAgrees(1);
  ExpectLogAgrees(2);
  EXPECT_THAT(Ask("SELECT * FROM ledger_quarantine"), IsEmpty());
  EXPECT_THAT(Ask("SELECT CONCAT_WS(' ', order_id, book_id, state) FROM order_lines"
                  " ORDER BY order_id, book_id"),
              ElementsAre("7 1 sold_by_deduct", "7 2 sold_by_deduct", "9 1 sold_by_confirm",
                          "9 2 sold_by_confirm", "11 2 sold_by_deduct"));
}

// The second entry was decided again as if it were the first, so that it seems to follow.
TEST_F(RebuildTest, WhatWasDecidedAgainIsNotAppliedThoughItFits) {
  const std::vector<RememberedEntry> entries{maker_.Make(kMorning + 1, Restock{1, 10, "", ""}),
                                             maker_.Make(kMorning + 2, Restock{1, 10, "", ""})};
  ASSERT_OK(ledger_.CloseEpoch(1, "t"));
  ASSERT_OK(ledger_.HandIn("t", 1, {entries[1]}, true));
  ASSERT_OK(ledger_.ApplyHandIns("t"));
  LetTokenGrowOld();
  Rebuild("u", entries, {{entries[0], entries[1]}, {entries[1]}});
  EXPECT_EQ(Stock(1).available, 120);
  ExpectLogAgrees(1);
}

TEST_F(RebuildTest, WhatWasHandedInForARebuildThatDiedIsNotForgotten) {
  const RememberedEntry sale = maker_.Make(kMorning + 1, Deduct{1, 7, 1});
  ASSERT_OK(ledger_.CloseEpoch(1, "t"));
  ASSERT_OK(ledger_.HandIn("t", 1, {sale}, true));
  LetTokenGrowOld();  // and instance 1 is dead too
  ASSERT_OK(ledger_.CloseEpoch(1, "u"));
  EXPECT_THAT(ledger_.NextEpoch("u", 0, "", ""),
              StatusIs(absl::StatusCode::kFailedPrecondition, "not been decided"));
  const HandInResult result = Rebuild("u", {}, {});
  EXPECT_EQ(result.applied, 1u);
  ExpectAgrees(1);
}

TEST_F(RebuildTest, WhatIsInQuarantineIsMadeOnTheStockThatThereIs) {
  Ask("UPDATE inventory SET stock=9, total_stock=9 WHERE book_id=1");
  const auto applied =
      Apply({maker_.Make(kMorning + 1, Reserve{7, {{2, 2}, {1, 3}}, 1'000}),
             maker_.Make(kMorning + 2, Deduct{1, 8, 20}), maker_.Make(kMorning + 3, Confirm{7}),
             maker_.Make(kMorning + 4, Release{1, 8, 0, ""}),
             maker_.Make(kMorning + 5, Deduct{1, 9, 6})});
  ASSERT_OK(applied);
  EXPECT_EQ(applied->quarantined, 5u);
  const HandInResult result = Rebuild("t", {}, {});
  EXPECT_EQ(result.applied, 3u);
  EXPECT_EQ(Told(result.lost), (std::vector<std::string>{"deduct book 1 order 8 quantity 20",
                                                         "release book 1 order 8 quantity 20"}));
  EXPECT_EQ(Stock(1).available, 0);
  EXPECT_EQ(Stock(1).locked, 0);
  EXPECT_EQ(Stock(2), maker_.Book(2));
  EXPECT_THAT(Ask("SELECT * FROM ledger_quarantine"), IsEmpty());
  EXPECT_THAT(Ask("SELECT CONCAT_WS(' ', order_id, book_id, state, reserved_position) FROM"
                  " order_lines ORDER BY order_id, book_id"),
              ElementsAre("7 1 sold_by_confirm 1", "7 2 sold_by_confirm 0", "9 1 sold_by_deduct"));
}

TEST_F(RebuildTest, ManyHandInsAreDecidedInParts) {
  std::vector<RememberedEntry> entries;
  for (OrderId order = 1; order <= 700; ++order) {
    entries.push_back(maker_.Make(kMorning + 1, Restock{2, 1, "", ""}));
    if (order % 7 == 0) entries.push_back(maker_.Make(kMorning + 1, Deduct{1, order, 1}));
  }
  const HandInResult result = Rebuild("t", {}, {entries, entries, entries});
  EXPECT_EQ(result.applied, entries.size());
  ExpectAgrees(1);
  EXPECT_EQ(Stock(2), maker_.Book(2));
}

}  // namespace
}  // namespace inventory
