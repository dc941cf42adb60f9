// A load run's result, for people and for programs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tools/inventory-bench/load_run.h"

namespace inventory::bench {

struct LoadReport {
  std::string what;  // "deduct, batches of 1,000, 1 book, 32 in flight, …"
  std::string item;  // what an item is: "orders", "books read"
  double rate = 0;   // calls a second asked for; 0: closed loop
  LoadResult result;
  std::vector<std::string> faults;  // what else went wrong; empty: nothing

  // Nothing unexpected happened.
  bool Passed() const { return faults.empty() && result.tally.AllGood(); }
};

std::string ToTable(const LoadReport& report);
std::string ToJson(const LoadReport& report);

// 1234567 -> "1,234,567"
std::string Grouped(std::uint64_t number);
// "870 ns", "12.3 µs", "4.56 ms", "1.20 s"
std::string ToText(std::chrono::nanoseconds duration);

}  // namespace inventory::bench
