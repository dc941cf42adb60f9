#include "tools/inventory-bench/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace inventory::bench {
namespace {

using ::testing::HasSubstr;

std::variant<Options, ParseExit> Parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "inventory-bench");
  return ParseOptions(static_cast<int>(arguments.size()), arguments.data());
}

template <typename T>
T Parsed(std::vector<const char*> arguments) {
  const auto parsed = Parse(std::move(arguments));
  if (const auto* exit = std::get_if<ParseExit>(&parsed)) {
    ADD_FAILURE() << exit->text;
    return {};
  }
  return std::get<T>(std::get<Options>(parsed));
}

ParseExit Refused(std::vector<const char*> arguments) {
  const auto parsed = Parse(std::move(arguments));
  const auto* exit = std::get_if<ParseExit>(&parsed);
  if (exit == nullptr) return {"accepted", -1};
  return *exit;
}

TEST(OptionsTest, DeductHasWorkableDefaults) {
  const auto options = Parsed<DeductOptions>({"deduct"});
  EXPECT_EQ(options.batch, 1);
  EXPECT_EQ(options.load.connection.address, "127.0.0.1:9004");
  EXPECT_EQ(options.load.plan.calls, 0u);
  EXPECT_EQ(options.load.plan.duration, std::chrono::seconds(10));
  EXPECT_EQ(options.load.plan.rate, 0);
  EXPECT_EQ(options.load.books.count, 1u);
}

TEST(OptionsTest, EveryDeductOptionArrives) {
  const auto options = Parsed<DeductOptions>({"deduct",      "--address",
                                              "h:1",         "--channels",
                                              "3",           "--in-flight",
                                              "9",           "--rate",
                                              "50.5",        "--warm-up",
                                              "0.25",        "--seconds",
                                              "2",           "--first-book",
                                              "7",           "--books",
                                              "8",           "--popularity",
                                              "zipf",        "--seed",
                                              "11",          "--json",
                                              "--order-ids", "random",
                                              "--quantity",  "2",
                                              "--batch",     "100"});
  EXPECT_EQ(options.load.connection.address, "h:1");
  EXPECT_EQ(options.load.connection.channels, 3);
  EXPECT_EQ(options.load.plan.in_flight, 9);
  EXPECT_EQ(options.load.plan.rate, 50.5);
  EXPECT_EQ(options.load.plan.warm_up, std::chrono::milliseconds(250));
  EXPECT_EQ(options.load.plan.duration, std::chrono::seconds(2));
  EXPECT_EQ(options.load.books.first, 7u);
  EXPECT_EQ(options.load.books.count, 8u);
  EXPECT_EQ(options.load.popularity, Popularity::kZipf);
  EXPECT_EQ(options.load.seed, 11u);
  EXPECT_TRUE(options.load.json);
  EXPECT_EQ(options.load.order_ids, OrderIdKind::kRandom);
  EXPECT_EQ(options.load.quantity, 2);
  EXPECT_EQ(options.batch, 100);
}

TEST(OptionsTest, ARecordIsOfSingleOrders) {
  EXPECT_EQ(Parsed<DeductOptions>({"deduct", "--record", "f"}).record, "f");
  EXPECT_EQ(Refused({"deduct", "--record", "f", "--batch", "2"}).status, 2);
}

TEST(OptionsTest, OrdersAreRoundedUpToWholeBatches) {
  EXPECT_EQ(Parsed<DeductOptions>({"deduct", "--orders", "1001", "--batch", "100"}).load.plan.calls,
            11u);
}

TEST(OptionsTest, GetTakesItsIds) {
  EXPECT_EQ(Parsed<GetOptions>({"get"}).ids, 3);
  EXPECT_EQ(Parsed<GetOptions>({"get", "--ids", "10"}).ids, 10);
}

TEST(OptionsTest, EveryFlashSaleOptionArrives) {
  const auto options = Parsed<FlashSaleOptions>({"flash-sale", "--buyers", "20", "--copies", "3",
                                                 "--book", "4", "--in-flight", "5", "--timeout",
                                                 "0.5", "--seed", "6", "--address", "h:1"});
  EXPECT_EQ(options.plan.buyers, 20);
  EXPECT_EQ(options.plan.copies, 3);
  EXPECT_EQ(options.plan.book, 4u);
  EXPECT_EQ(options.in_flight, 5);
  EXPECT_EQ(options.plan.timeout, std::chrono::milliseconds(500));
  EXPECT_EQ(options.plan.seed, 6u);
  EXPECT_EQ(options.connection.address, "h:1");
}

TEST(OptionsTest, ProveNeedsABook) {
  const auto options = Parsed<ProveOptions>({"prove", "--book", "18446744073709551615"});
  EXPECT_EQ(options.book, 18446744073709551615u);
  EXPECT_EQ(options.stocked, std::nullopt);
  EXPECT_EQ(Parsed<ProveOptions>({"prove", "--book", "1", "--stocked", "9"}).stocked, 9);
  EXPECT_THAT(Refused({"prove"}).text, HasSubstr("--book"));
  EXPECT_THAT(Refused({"prove", "--book", "0"}).text, HasSubstr("--book"));
}

TEST(OptionsTest, RefusesWhatItCannotDo) {
  EXPECT_EQ(Refused({}).status, 2);
  EXPECT_EQ(Refused({"sell"}).status, 2);
  EXPECT_THAT(Refused({"deduct", "--batch", "10001"}).text, HasSubstr("--batch"));
  EXPECT_THAT(Refused({"deduct", "--books", "0"}).text, HasSubstr("--books"));
  EXPECT_THAT(Refused({"deduct", "--seconds", "1", "--orders", "5"}).text, HasSubstr("--orders"));
  EXPECT_THAT(Refused({"deduct", "--popularity", "fashion"}).text, HasSubstr("--popularity"));
  EXPECT_THAT(Refused({"get", "--quantity", "1"}).text, HasSubstr("--quantity"));
}

TEST(OptionsTest, HelpIsNoFailure) {
  EXPECT_EQ(Refused({"--help"}).status, 0);
  EXPECT_THAT(Refused({"deduct", "--help"}).text, HasSubstr("--in-flight"));
}

}  // namespace
}  // namespace inventory::bench
