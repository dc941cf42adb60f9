#include "store/redis/script_call.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/status_matchers.h"

namespace inventory {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

RedisReply Number(std::int64_t number) {
  RedisReply reply;
  reply.kind = RedisReply::Kind::kInteger;
  reply.integer = number;
  return reply;
}

RedisReply Text(const std::string& text) {
  RedisReply reply;
  reply.kind = RedisReply::Kind::kText;
  reply.text = text;
  return reply;
}

RedisReply Array(std::vector<RedisReply> elements) {
  RedisReply reply;
  reply.kind = RedisReply::Kind::kArray;
  reply.elements = std::move(elements);
  return reply;
}

RedisReply Decided(std::vector<RedisReply> results) {
  return Array(
      {Number(0), Number(1'000), Number(3), Text(""), Text(""), Array(std::move(results))});
}

class ScriptCallTest : public testing::Test {
 protected:
  std::vector<ScriptCall> Calls() {
    std::vector<PendingCommand*> pointers;
    for (PendingCommand& pending : commands_) pointers.push_back(&pending);
    return MakeCalls(pointers, frame_, facts_);
  }
  template <typename Verb>
  void Add(Verb verb) {
    commands_.push_back({Command{std::move(verb), nullptr}});
  }

  CallFrame frame_;
  KnownFacts facts_;
  std::vector<PendingCommand> commands_;
};

TEST_F(ScriptCallTest, LikeCommandsInARowMakeOneCall) {
  Add(Deduct{1, 11, 2});
  Add(Deduct{2, 12, 2});
  Add(Restock{1, 5, "", ""});
  Add(Deduct{1, 13, 2});
  const std::vector<ScriptCall> calls = Calls();
  ASSERT_THAT(calls, SizeIs(3));
  EXPECT_EQ(calls[0].script, StoreScript::kDeductStock);
  EXPECT_THAT(calls[0].commands, ElementsAre(&commands_[0], &commands_[1]));
  EXPECT_EQ(calls[1].script, StoreScript::kRestockInventory);
  EXPECT_THAT(calls[2].commands, ElementsAre(&commands_[3]));
}

TEST_F(ScriptCallTest, ACallHasABoundedNumberOfLines) {
  for (OrderId order = 1; order <= 600; ++order) Add(Deduct{1, order, 1});
  std::vector<std::size_t> sizes;
  for (const ScriptCall& call : Calls()) sizes.push_back(call.commands.size());
  EXPECT_THAT(sizes, ElementsAre(256, 256, 88));
}

TEST_F(ScriptCallTest, EveryKeyIsDeclared) {
  frame_.instance = 9;
  frame_.watermark = 10;
  facts_.lines[{7, 5}] = "sold 2";
  facts_.books[5] = "-";
  Add(Deduct{5, 7, 2});
  Add(Deduct{5, 11, 1});
  const RedisConnection::Command text = Calls().front().text;
  EXPECT_THAT(std::vector<std::string>(text.begin(), text.begin() + 15),
              ElementsAre("EVALSHA", Sha1(StoreScript::kDeductStock), "12", "epoch", "outbox",
                          "reservations:due", "hold:9", "book:5", "stock:5", "deduct:stock:5:7",
                          "release:stock:5:7", "reservation:7", "deduct:stock:5:11",
                          "release:stock:5:11", "reservation:11"));
  EXPECT_THAT(
      std::vector<std::string>(text.end() - 15, text.end()),
      ElementsAre("5", "-", "2", "1", "7", "2", "0", "sold 2", "", "1", "11", "1", "1", "", ""))
      << "the book, then: how many; index, order, quantity, new?, what the ledger says, actor";
}

TEST_F(ScriptCallTest, AnAnswerSaysOfEachCommandWhatItCameToOrLacks) {
  Add(Deduct{1, 11, 2});
  Add(Deduct{1, 12, 2});
  Add(Deduct{1, 13, 2});
  std::vector<ScriptCall> calls = Calls();
  const auto answer = ReadAnswer(Decided({Number(static_cast<int>(Outcome::kDeducted)), Number(98),
                                          Number(-1), Number(98), Number(-5), Number(98)}),
                                 calls.front());
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->entries, 3U);
  EXPECT_TRUE(commands_[0].answered);
  EXPECT_EQ(commands_[0].reply.outcome, Outcome::kDeducted);
  EXPECT_EQ(commands_[0].reply.available, 98);
  EXPECT_FALSE(commands_[1].answered);
  EXPECT_EQ(commands_[1].lack, Lack::kFacts);
  EXPECT_EQ(commands_[2].lack, Lack::kHeld);
}

TEST_F(ScriptCallTest, AReservationsBooksAreLearned) {
  Add(Confirm{7});
  std::vector<ScriptCall> calls = Calls();
  ASSERT_TRUE(ReadAnswer(Decided({Number(-3), Text("5:2,6:1")}), calls.front()).ok());
  EXPECT_EQ(commands_[0].lack, Lack::kLines);
  EXPECT_THAT(commands_[0].lines, ElementsAre(ReservedLine{5, 2}, ReservedLine{6, 1}));

  calls = Calls();
  const int confirmed = static_cast<int>(Outcome::kConfirmed);
  ASSERT_TRUE(
      ReadAnswer(Decided({Number(confirmed), Text(""), Number(8), Number(9)}), calls.front()).ok());
  EXPECT_TRUE(commands_[0].answered);
  EXPECT_THAT(commands_[0].reply.lines, ElementsAre(LineReply{5, Outcome::kConfirmed, 8},
                                                    LineReply{6, Outcome::kConfirmed, 9}));
}

TEST_F(ScriptCallTest, AnAnswerOfAnotherFormIsRefused) {
  Add(Deduct{1, 11, 2});
  std::vector<ScriptCall> calls = Calls();
  EXPECT_FALSE(ReadAnswer(Decided({Number(0)}), calls.front()).ok());
  EXPECT_FALSE(ReadAnswer(Decided({Text("0"), Number(1)}), calls.front()).ok());
  EXPECT_FALSE(ReadAnswer(Decided({Number(99), Number(1)}), calls.front()).ok());
  EXPECT_FALSE(ReadAnswer(Number(1), calls.front()).ok());
  EXPECT_FALSE(ReadAnswer(Array({}), calls.front()).ok());
}

TEST_F(ScriptCallTest, NothingIsDecidedInAnotherEpoch) {
  Add(Deduct{1, 11, 2});
  std::vector<ScriptCall> calls = Calls();
  const auto answer = ReadAnswer(
      Array({Number(1), Number(0), Number(0), Text("rebuilding:ab"), Text("")}), calls.front());
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->status, CallAnswer::Status::kOtherEpoch);
  EXPECT_EQ(answer->changes, "rebuilding:ab");
  EXPECT_FALSE(commands_[0].answered);
}

TEST(ScriptsTest, AreInTheOrderOfTheirNames) {
  const std::vector<std::pair<StoreScript, std::string_view>> expected = {
      {StoreScript::kAdjustStock, "adjust_stock"},
      {StoreScript::kCancelReservation, "cancel_reservation"},
      {StoreScript::kCloseEpoch, "close_epoch"},
      {StoreScript::kConfirmReservation, "confirm_reservation"},
      {StoreScript::kDeductStock, "deduct_stock"},
      {StoreScript::kExpireReservation, "expire_reservation"},
      {StoreScript::kGetStock, "get_stock"},
      {StoreScript::kInspectStock, "inspect_stock"},
      {StoreScript::kLoadStock, "load_stock"},
      {StoreScript::kOpenEpoch, "open_epoch"},
      {StoreScript::kReleaseStock, "release_stock"},
      {StoreScript::kRepairStock, "repair_stock"},
      {StoreScript::kReserveStock, "reserve_stock"},
      {StoreScript::kRestockInventory, "restock_inventory"},
      {StoreScript::kRestoreReservation, "restore_reservation"}};
  ASSERT_THAT(Scripts(), SizeIs(expected.size()));
  for (const auto& [script, name] : expected) EXPECT_EQ(Get(script).name, name);
}

TEST(ScriptsTest, KnowNoOutcomeByName) {
  for (const RedisScript& script : Scripts()) {
    EXPECT_EQ(script.text.find("OUTCOME."), std::string_view::npos) << script.name;
    EXPECT_EQ(script.text.rfind("#!lua", 0), 0U) << script.name;
  }
}

}  // namespace
}  // namespace inventory
