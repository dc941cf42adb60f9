// Many buyers, few copies: buyers that behave like real clients under stress.
//
// Every buyer wants one copy, under an order id of its own. A call has a deadline; after a timeout
// or UNAVAILABLE the buyer asks again with the same order id, later and later, for at most a
// minute. One buyer in ten is impatient and asks twice at once; one in ten is hasty, with a first
// deadline of a few milliseconds; one in five doubts its yes and asks once more.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "tools/inventory-bench/sale_history.h"
#include "tools/inventory-bench/tally.h"

namespace inventory {
class LoadClient;
}

namespace inventory::bench {

struct FlashSalePlan {
  std::uint64_t book = 0;  // in stock with `copies` units, and new
  int buyers = 10'000;
  int copies = 100;
  std::chrono::milliseconds timeout{1'000};    // of a call
  std::chrono::milliseconds patience{60'000};  // of a buyer, from its first call
  std::uint64_t seed = 1;                      // who is impatient, hasty, doubting
};

struct FlashSaleCounts {
  int bought = 0;
  int sold_out = 0;
  int gave_up = 0;
  std::uint64_t calls = 0;
  std::uint64_t retries = 0;     // after a timeout or UNAVAILABLE
  std::uint64_t duplicates = 0;  // by the impatient, and by those who doubted their yes
};

struct FlashSaleResult {
  FlashSaleCounts counts;
  Tally tally;
  SaleAnswers answers;
  // Answers that contradict each other or the rules; at most kProblemsKept of them, all counted.
  std::vector<std::string> problems;
  std::uint64_t problem_count = 0;
  std::chrono::nanoseconds time{0};

  static constexpr std::size_t kProblemsKept = 5;
};

// Runs the buyers through all slots of `client`, until each has its answer or has given up.
FlashSaleResult RunFlashSale(const FlashSalePlan& plan, LoadClient& client,
                             absl::FunctionRef<void(const FlashSaleCounts&)> progress);

}  // namespace inventory::bench
