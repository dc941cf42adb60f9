// Entries of the outbox reach the tables, each once, whatever comes in between.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "ledger/ledger_fixture_testing.h"
#include "tests/support/connection_gate.h"

namespace inventory {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class EntryApplierTest : public LedgerFixture {};

TEST_F(EntryApplierTest, EveryKindOfChangeReadsAsItWasDecided) {
  std::vector<RememberedEntry> entries;
  const auto add = [&](TimeMs time, auto verb) {
    entries.push_back(maker_.Make(kMorning + time, verb));
  };
  add(1, Restock{1, 100, "r-1", "from the \xe5\x87\xba\xe7\x89\x88\xe7\xa4\xbe"});
  add(2, Restock{2, 50, "", ""});
  add(3, Deduct{1, 1001, 3});
  add(4, Release{1, 1001, 0, "changed my mind"});
  add(5, Release{1, 1002, 0, ""});  // a tombstone
  add(6, Reserve{1003, {{2, 5}, {1, 7}}, 1'000});
  add(7, Confirm{1003});
  add(8, Reserve{1004, {{2, 4}}, 1'000});
  add(9, Cancel{1004, "no money"});
  add(10, Cancel{1005, ""});  // remembered
  add(11, Reserve{1006, {{1, 2}}, 100});
  add(12, Reserve{1007, {{1, 2}, {2, 9}}, 10});
  add(30, Expire{1007});
  add(31, Adjust{2, true, 40, 45, "count", "stocktaking"});
  add(32, Reserve{1008, {{2, 1}}, 500});
  add(33, Release{2, 1008, 1, "the only line"});
  ASSERT_OK(Apply(entries));

  ExpectAgrees(1);
  ExpectAgrees(2);
  EXPECT_EQ(Progress().applied, entries.size());
  EXPECT_THAT(
      Ask("SELECT CONCAT_WS(' ', order_id, book_id, state, quantity, released_quantity,"
          " reserved_position) FROM order_lines ORDER BY order_id, book_id"),
      ElementsAre("1001 1 returned 3 3", "1002 1 tombstone 0 0", "1003 1 sold_by_confirm 7 0 1",
                  "1003 2 sold_by_confirm 5 0 0", "1004 2 returned 4 4 0", "1006 1 reserved 2 0 0",
                  "1007 1 expired 2 2 0", "1007 2 expired 9 9 1", "1008 2 returned 1 1 0"));
  EXPECT_THAT(Ask("SELECT CONCAT_WS(' ', order_id, state, remembered) FROM reservations"
                  " ORDER BY order_id"),
              ElementsAre("1003 confirmed 0", "1004 cancelled 0", "1005 cancelled 1",
                          "1006 reserved 0", "1007 expired 0", "1008 cancelled 0"));
  EXPECT_THAT(Ask("SELECT CONCAT_WS(' ', book_id, request_id, change_type, set_to, quantity,"
                  " expected_stock) FROM request_ids ORDER BY book_id"),
              ElementsAre("1 r-1 restock 0 100", "2 count adjust 1 40 45"));
  EXPECT_THAT(Ask("SELECT * FROM ledger_quarantine"), IsEmpty());
}

// The same in one transaction and in one an entry: rows are updated rather than inserted whole.
TEST_F(EntryApplierTest, OneByOneComesToTheSame) {
  for (const auto& entry :
       {maker_.Make(kMorning, Restock{1, 100, "", ""}),
        maker_.Make(kMorning, Restock{2, 100, "", ""}),
        maker_.Make(kMorning + 1, Reserve{7, {{2, 5}, {1, 7}}, 100}),
        maker_.Make(kMorning + 1, Reserve{8, {{2, 1}, {1, 1}}, 100}),
        maker_.Make(kMorning + 2, Confirm{7}), maker_.Make(kMorning + 3, Cancel{8, ""}),
        maker_.Make(kMorning + 4, Release{1, 7, 7, ""})}) {
    ASSERT_OK(Apply({entry}));
  }
  ExpectAgrees(1);
  ExpectAgrees(2);
  EXPECT_THAT(Ask("SELECT CONCAT_WS(' ', order_id, book_id, state, quantity, released_quantity,"
                  " reserved_position) FROM order_lines ORDER BY order_id, book_id"),
              ElementsAre("7 1 returned 7 7 1", "7 2 sold_by_confirm 5 0 0", "8 1 returned 1 1 1",
                          "8 2 returned 1 1 0"));
  EXPECT_THAT(Ask("SELECT state FROM reservations ORDER BY order_id"),
              ElementsAre("confirmed", "cancelled"));
}

TEST_F(EntryApplierTest, WhatIsAppliedIsPassedOver) {
  const std::vector<RememberedEntry> entries{maker_.Make(kMorning, Restock{1, 100, "", ""}),
                                             maker_.Make(kMorning, Deduct{1, 7, 1}),
                                             maker_.Make(kMorning, Deduct{1, 8, 1})};
  ASSERT_OK(Apply({entries[0], entries[1]}));
  ASSERT_OK(Apply(entries));
  ASSERT_OK(Apply(entries));
  ExpectAgrees(1);
  EXPECT_EQ(Progress().applied, 3u);
  EXPECT_EQ(Progress().movements, 3u);
}

TEST_F(EntryApplierTest, AGapIsRefused) {
  const RememberedEntry first = maker_.Make(kMorning, Restock{1, 100, "", ""});
  maker_.Make(kMorning, Deduct{1, 7, 1});
  const RememberedEntry third = maker_.Make(kMorning, Deduct{1, 8, 1});
  EXPECT_THAT(Apply({first, third}), StatusIs(absl::StatusCode::kDataLoss, "1-1"));
  EXPECT_EQ(Progress().applied, 0u);
}

TEST_F(EntryApplierTest, NothingIsAppliedToAnotherEpochAClosedOneOrFromAnotherServer) {
  const RememberedEntry entry = maker_.Make(kMorning, Restock{1, 100, "", ""});
  RememberedEntry other = entry;
  other.epoch = 2;
  EXPECT_THAT(Apply({other}), StatusIs(absl::StatusCode::kAborted, "epoch"));
  Ask("UPDATE redis_epochs SET run_id='run-2'");
  EXPECT_THAT(Apply({entry}), StatusIs(absl::StatusCode::kAborted, "another"));
  Ask("UPDATE redis_epochs SET run_id='run-1'");
  ASSERT_OK(ledger_.CloseEpoch(1, "t"));
  EXPECT_THAT(Apply({entry}), StatusIs(absl::StatusCode::kAborted, "rebuilt"));
  EXPECT_THAT(Ask("SELECT * FROM inventory"), IsEmpty());
}

TEST_F(EntryApplierTest, ADatabaseOfAnotherStoreIsNotWrittenTo) {
  Ask("UPDATE store_owner SET store='mysql'");
  EXPECT_THAT(Apply({maker_.Make(kMorning, Restock{1, 100, "", ""})}),
              StatusIs(absl::StatusCode::kFailedPrecondition, "mysql"));
}

TEST_F(EntryApplierTest, ACommitWhoseAnswerWasLostCountsOnce) {
  ConnectionGate gate(database_.dsn().port);
  Dsn through = database_.dsn();
  through.port = gate.port();
  auto connection = Connection::Open(through);
  ASSERT_OK(connection);
  const std::vector<RememberedEntry> entries{maker_.Make(kMorning, Restock{1, 100, "", ""}),
                                             maker_.Make(kMorning, Deduct{1, 7, 1})};
  // It arrives late: the next attempt has to wait for it.
  gate.CutAndHoldBack(";COMMIT", std::chrono::milliseconds(500));
  EXPECT_EQ(FaultOf(Apply(**connection, entries).status()), SqlFault::kGone);
  ASSERT_TRUE(gate.has_cut());
  ASSERT_OK(Apply(entries));
  ExpectAgrees(1);
  EXPECT_EQ(Progress().applied, 2u);
}

TEST_F(EntryApplierTest, TwoWritersAtOnceApplyEachEntryOnce) {
  std::vector<RememberedEntry> entries{maker_.Make(kMorning, Restock{1, 1'000, "", ""})};
  for (OrderId order = 1; order <= 400; ++order) {
    entries.push_back(maker_.Make(kMorning + 1, Deduct{1, order, 1}));
  }
  const auto write = [&] {
    const std::unique_ptr<Connection> connection = Connect();
    for (std::size_t i = 0; i < entries.size(); i += 10) {
      const std::size_t end = std::min(i + 10, entries.size());
      // The other may be ahead, never behind: it waits for the cursor's row.
      ASSERT_OK(Apply(*connection, {entries.begin() + static_cast<std::ptrdiff_t>(i),
                                    entries.begin() + static_cast<std::ptrdiff_t>(end)}));
    }
  };
  std::thread other(write);
  write();
  other.join();
  ExpectAgrees(1);
  EXPECT_EQ(Progress().applied, entries.size());
}

// ---- quarantine ---------------------------------------------------------------------------------

class QuarantineTest : public LedgerFixture {
 protected:
  // Somebody has changed the book's row.
  void Spoil(BookId book, int by) {
    Ask(absl::StrCat("UPDATE inventory SET stock=stock+", by, ", total_stock=total_stock+", by,
                     " WHERE book_id=", book));
  }
  std::vector<RememberedEntry> TwoBooks() {
    return {maker_.Make(kMorning, Restock{1, 100, "", ""}),
            maker_.Make(kMorning, Restock{2, 100, "", ""})};
  }
};

TEST_F(QuarantineTest, OneBookStandsStillWhileTheOthersGoOn) {
  ASSERT_OK(Apply(TwoBooks()));
  Spoil(1, 5);
  const auto applied =
      Apply({maker_.Make(kMorning, Deduct{1, 7, 1}), maker_.Make(kMorning, Deduct{2, 7, 1}),
             maker_.Make(kMorning, Deduct{1, 8, 1})});
  ASSERT_OK(applied);
  EXPECT_EQ(applied->quarantined, 2u);
  ExpectAgrees(2);
  EXPECT_EQ(Progress().applied, 5u);
  EXPECT_EQ(Progress().movements, 5u);
  // Later ones too, though they would fit again.
  Ask("UPDATE inventory SET stock=98, total_stock=98, sequence=3 WHERE book_id=1");
  ASSERT_OK(
      Apply({maker_.Make(kMorning, Deduct{1, 9, 1}), maker_.Make(kMorning, Deduct{2, 9, 1})}));
  ExpectAgrees(2);
  EXPECT_THAT(Ask("SELECT CONCAT(book_id, ' ', number, ' ', changes) FROM ledger_quarantine"
                  " ORDER BY number"),
              ElementsAre("1 2 1 1 2 1 100 99 0 7\n", "1 4 1 1 3 1 99 98 0 8\n",
                          "1 5 1 1 4 1 98 97 0 9\n"));
  LedgerQuestion question;
  question.lines = {{7, 1}, {7, 2}};
  const auto answer = ledger_.LookUp(question);
  ASSERT_OK(answer);
  EXPECT_THAT(answer->unsure, ElementsAre(1)) << "what it does not know of is not unknown to all";
}

TEST_F(QuarantineTest, WhatFitsAgainIsTakenInInOrder) {
  ASSERT_OK(Apply(TwoBooks()));
  Spoil(1, 5);
  ASSERT_OK(Apply({maker_.Make(kMorning, Reserve{7, {{2, 1}, {1, 2}}, 100}),
                   maker_.Make(kMorning, Confirm{7}), maker_.Make(kMorning, Deduct{1, 8, 1})}));
  const auto listed = ledger_.ListQuarantine(0, 10);
  ASSERT_OK(listed);
  ASSERT_EQ(listed->size(), 1u);
  EXPECT_EQ(listed->front().book, 1u);
  EXPECT_EQ(listed->front().changes, 3u);
  EXPECT_THAT(listed->front().reason, HasSubstr("begins with 100"));

  auto result = ledger_.RetryQuarantine(1);
  ASSERT_OK(result);
  EXPECT_EQ(result->changes, 0u);
  EXPECT_EQ(result->left, 3u);
  EXPECT_THAT(result->reason, HasSubstr("begins with 100"));
  Spoil(1, -5);
  result = ledger_.RetryQuarantine(1);
  ASSERT_OK(result);
  EXPECT_EQ(result->changes, 3u);
  EXPECT_EQ(result->left, 0u);
  ExpectAgrees(1);
  EXPECT_THAT(Ask("SELECT CONCAT_WS(' ', order_id, book_id, state, reserved_position) FROM"
                  " order_lines ORDER BY order_id, book_id"),
              ElementsAre("7 1 sold_by_confirm 1", "7 2 sold_by_confirm 0", "8 1 sold_by_deduct"));
  // And the book goes on by itself.
  ASSERT_OK(Apply({maker_.Make(kMorning, Deduct{1, 9, 1})}));
  ExpectAgrees(1);
}

TEST_F(QuarantineTest, WhatIsGivenUpIsRecorded) {
  ASSERT_OK(Apply(TwoBooks()));
  Spoil(1, 5);
  ASSERT_OK(
      Apply({maker_.Make(kMorning, Deduct{1, 7, 2}), maker_.Make(kMorning, Deduct{1, 8, 3})}));
  const auto result = ledger_.SkipQuarantine(1);
  ASSERT_OK(result);
  EXPECT_EQ(result->changes, 2u);
  EXPECT_EQ(result->left, 0u);
  EXPECT_THAT(Ask("SELECT CONCAT_WS(' ', epoch, book_id, order_id, change_type, quantity) FROM"
                  " ledger_losses ORDER BY id"),
              ElementsAre("1 1 7 deduct 2", "1 1 8 deduct 3"));
}

TEST_F(QuarantineTest, ALineThatIsThereAlreadyIsFoundThoughTheFiguresFit) {
  ASSERT_OK(Apply(TwoBooks()));
  Ask("INSERT INTO order_lines VALUES (7, 1, 'sold_by_deduct', 1, 0, NULL)");
  const auto applied =
      Apply({maker_.Make(kMorning, Deduct{2, 7, 1}), maker_.Make(kMorning, Deduct{1, 7, 1}),
             maker_.Make(kMorning, Deduct{1, 8, 1}), maker_.Make(kMorning, Deduct{2, 8, 1})});
  ASSERT_OK(applied);
  EXPECT_EQ(applied->quarantined, 2u);
  ExpectAgrees(2);
  EXPECT_EQ(Stock(1).available, 100);
  EXPECT_THAT(Ask("SELECT CONCAT_WS(': ', book_id, reason) FROM ledger_quarantine ORDER BY number"),
              ElementsAre("1: order 7 has a line of the book already",
                          "1: stands behind a change that did not fit"));
}

TEST_F(QuarantineTest, AReservationThatIsThereAlreadyIsBroughtUpToDate) {
  ASSERT_OK(Apply(TwoBooks()));
  Ask("INSERT INTO reservations VALUES (7, 'expired', '2027-01-15', 0)");
  ASSERT_OK(Apply(
      {maker_.Make(kMorning, Reserve{7, {{1, 2}}, 100}), maker_.Make(kMorning, Deduct{2, 8, 1})}));
  ExpectAgrees(1);
  ExpectAgrees(2);
  EXPECT_THAT(Ask("SELECT state FROM reservations"), ElementsAre("reserved"));
}

TEST_F(QuarantineTest, AnEntryThatSaysNothingHoldsNothingUp) {
  std::vector<RememberedEntry> entries = TwoBooks();
  RememberedEntry broken = maker_.Make(kMorning, Deduct{1, 7, 1});
  const std::string told = broken.changes;
  broken.changes = std::string("x 1 2\n\0\xff", 8);
  entries.push_back(broken);
  entries.push_back(maker_.Make(kMorning, Deduct{1, 8, 1}));
  entries.push_back(maker_.Make(kMorning, Deduct{2, 8, 1}));
  ASSERT_OK(Apply(entries));
  ExpectAgrees(2);
  EXPECT_THAT(Ask("SELECT CONCAT_WS(' ', book_id, number) FROM ledger_quarantine ORDER BY number"),
              ElementsAre("0 2", "1 3"));
  EXPECT_EQ(Ask("SELECT changes FROM ledger_quarantine WHERE book_id=0").front(), broken.changes);

  // A version that knows what it says.
  Ask(absl::StrCat("UPDATE ledger_quarantine SET changes='", told, "' WHERE book_id=0"));
  const auto understood = ledger_.RetryQuarantine(0);
  ASSERT_OK(understood);
  EXPECT_EQ(understood->changes, 1u);
  ASSERT_OK(ledger_.RetryQuarantine(1));
  ExpectAgrees(1);
}

// What the server refuses for a reason that we do not check.
TEST_F(QuarantineTest, ARowThatTheServerRefusesIsFoundAmongMany) {
  std::vector<RememberedEntry> entries = TwoBooks();
  for (OrderId order = 1; order <= 20; ++order) {
    entries.push_back(maker_.Make(kMorning, Deduct{1, order, 1}));
    entries.push_back(maker_.Make(kMorning, Deduct{2, order, 1}));
  }
  Ask("ALTER TABLE order_lines ADD CONSTRAINT no_such_order CHECK (order_id<>13 OR book_id<>1)");
  const auto applied = Apply(entries);
  ASSERT_OK(applied);
  EXPECT_EQ(applied->progress.applied, entries.size());
  EXPECT_EQ(applied->quarantined, 8u);
  ExpectAgrees(2);
  EXPECT_EQ(Stock(1).available, 88);
  EXPECT_THAT(Ask("SELECT reason FROM ledger_quarantine ORDER BY number LIMIT 1"),
              ElementsAre(HasSubstr("no_such_order")));
}

}  // namespace
}  // namespace inventory
