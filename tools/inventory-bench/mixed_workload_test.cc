#include "tools/inventory-bench/mixed_workload.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

namespace inventory::bench {
namespace {

using ::testing::Contains;

// The part of a method's name after the service.
std::string Verb(const Workload::Call& call) {
  return call.method->substr(call.method->rfind('/') + 1);
}

MixedWorkload OneCustomer() {
  return MixedWorkload(BookPicker(1, 5, Popularity::kUniform, 1),
                       OrderIds(OrderIdKind::kGrowing, std::chrono::system_clock::now()), 3, 1, 1);
}

// All answers have their code in field 1.
std::string Answer(std::uint32_t code) {
  v1::DeductStockResponse response;
  response.set_code(code);
  return response.SerializeAsString();
}

TEST(MixedWorkloadTest, TakesAndGivesBackWhatTheAnswersSay) {
  MixedWorkload workload = OneCustomer();
  Tally tally;
  std::map<std::string, int> calls;
  for (int i = 0; i < 1'000; ++i) {
    ++calls[Verb(workload.Next(0))];
    workload.Read(0, Answer(0), tally);
  }
  EXPECT_EQ(tally.ok_items(), 1'000u);
  EXPECT_EQ(calls.size(), 6u);
  EXPECT_EQ(workload.units_taken(), 3 * (calls["DeductStock"] - calls["ReleaseStock"]) +
                                        6 * (calls["ReserveStock"] - calls["CancelReservation"]));
}

// What follows a yes is about the same order, what follows a refusal or a failure is a new one.
TEST(MixedWorkloadTest, AnOrderEndsWhenItIsRefusedOrFails) {
  for (const bool refused : {true, false}) {
    MixedWorkload workload = OneCustomer();
    Tally tally;
    for (int i = 0; i < 200; ++i) {
      const std::string verb = Verb(workload.Next(0));
      EXPECT_THAT((std::set<std::string>{"DeductStock", "ReserveStock", "GetStock"}),
                  Contains(verb));
      refused ? workload.Read(0, Answer(40100), tally) : workload.Failed(0);
    }
    EXPECT_EQ(workload.units_taken(), 0);
  }
}

TEST(MixedWorkloadTest, CountsAnAnswerThatCannotBeRead) {
  MixedWorkload workload = OneCustomer();
  Tally tally;
  workload.Next(0);
  workload.Read(0, "\xff", tally);
  EXPECT_EQ(tally.unreadable(), 1u);
  EXPECT_FALSE(tally.AllGood());
}

}  // namespace
}  // namespace inventory::bench
