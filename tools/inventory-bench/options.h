// The command line.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "tools/inventory-bench/book_picker.h"
#include "tools/inventory-bench/flash_sale.h"
#include "tools/inventory-bench/load_run.h"
#include "tools/inventory-bench/order_ids.h"
#include "tools/inventory-bench/stock_setup.h"

namespace inventory::bench {

struct ConnectionOptions {
  std::string address = "127.0.0.1:9004";  // or several, separated by commas
  int channels = 1;                        // to each
  std::string tls_ca;                      // a file; empty: INVENTORY_TLS_CA's, or without TLS

  // For what any of the instances can answer.
  std::string first_address() const { return address.substr(0, address.find(',')); }
};

// What deduct, get and mixed share.
struct LoadOptions {
  ConnectionOptions connection;
  LoadPlan plan;
  BookRange books{.first = 9'000'000'000, .count = 1};
  Popularity popularity = Popularity::kUniform;
  std::uint64_t seed = 1;
  OrderIdKind order_ids = OrderIdKind::kGrowing;
  std::int32_t quantity = 1;
  bool json = false;
};

struct DeductOptions {
  LoadOptions load;
  int batch = 1;       // 1: DeductStock
  std::string record;  // file for what is answered with yes; empty: none
};

struct GetOptions {
  LoadOptions load;
  int ids = 3;
};

struct MixedOptions {
  LoadOptions load;
};

struct FlashSaleOptions {
  ConnectionOptions connection;
  FlashSalePlan plan;  // book 0: a new one
  int in_flight = 500;
};

struct ExpiryOptions {
  ConnectionOptions connection;
  int reservations = 100'000;
  double rate = 5'000;  // orders a second beside them
  int in_flight = 1'000;
};

struct ProveOptions {
  ConnectionOptions connection;
  std::uint64_t book = 0;
  std::optional<std::int64_t> stocked;
};

using Options = std::variant<DeductOptions, GetOptions, MixedOptions, FlashSaleOptions,
                             ExpiryOptions, ProveOptions>;

// Nothing to run: what to print and the exit status (0 for --help).
struct ParseExit {
  std::string text;
  int status = 0;
};

std::variant<Options, ParseExit> ParseOptions(int argc, const char* const* argv);

}  // namespace inventory::bench
