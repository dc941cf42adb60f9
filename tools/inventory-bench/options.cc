#include "tools/inventory-bench/options.h"

#include <CLI/CLI.hpp>
#include <limits>
#include <map>
#include <sstream>

namespace inventory::bench {
namespace {

constexpr char kFooter[] = R"(
Every run makes its own order ids and stocks its own books first, so it can be repeated and leaves
other books alone. The exit status is 0 only if every answer was as it must be.)";

CLI::Range BookIds() {
  return CLI::Range(std::uint64_t{1}, std::numeric_limits<std::uint64_t>::max());
}

void AddConnection(CLI::App& command, ConnectionOptions& options) {
  command
      .add_option("--address", options.address,
                  "host:port of inventory-service; or several, separated by commas, of instances "
                  "that share their stock: calls go to them in turn")
      ->capture_default_str();
  command.add_option(
      "--tls-ca", options.tls_ca,
      "speak TLS, and trust the certificates in this file, or in INVENTORY_TLS_CA's; "
      "a token is taken from INVENTORY_TOKEN or the file INVENTORY_TOKEN_FILE");
  command.add_option("--channels", options.channels, "connections to each address")
      ->capture_default_str()
      ->check(CLI::Range(1, 1'000));
}

// A duration in seconds, fractions allowed.
void AddSeconds(CLI::App& command, const std::string& name, std::chrono::milliseconds& target,
                const std::string& help) {
  std::ostringstream shown;
  shown << static_cast<double>(target.count()) / 1'000;
  command
      .add_option_function<double>(
          name,
          [&target](double seconds) {
            target = std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1'000));
          },
          help)
      ->default_str(shown.str())
      ->check(CLI::Range(0.0, 86'400.0))
      ->type_name("SECONDS");
}

void AddLoad(CLI::App& command, LoadOptions& options) {
  AddConnection(command, options.connection);
  command.add_option("--in-flight", options.plan.in_flight, "calls waiting for an answer, at most")
      ->capture_default_str()
      ->check(CLI::Range(1, 100'000));
  command
      .add_option("--rate", options.plan.rate,
                  "calls a second on a fixed timetable (open loop); 0: each answer starts the next")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 10'000'000.0));
  AddSeconds(command, "--warm-up", options.plan.warm_up, "time not measured, at first");
  AddSeconds(command, "--seconds", options.plan.duration, "time measured");
  command.add_option("--first-book", options.books.first, "the lowest book id used")
      ->capture_default_str()
      ->check(BookIds());
  command.add_option("--books", options.books.count, "how many books")
      ->capture_default_str()
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{100'000'000}));
  const std::map<std::string, Popularity> popularities = {{"uniform", Popularity::kUniform},
                                                          {"zipf", Popularity::kZipf}};
  command.add_option("--popularity", options.popularity, "zipf: a few hot books")
      ->transform(CLI::CheckedTransformer(popularities))
      ->option_text("uniform|zipf=uniform");
  command.add_option("--seed", options.seed, "which books are picked")->capture_default_str();
  command.add_flag("--json", options.json, "print the result as JSON");
}

void AddOrders(CLI::App& command, LoadOptions& options) {
  const std::map<std::string, OrderIdKind> kinds = {{"growing", OrderIdKind::kGrowing},
                                                    {"random", OrderIdKind::kRandom}};
  command.add_option("--order-ids", options.order_ids, "as an auto-increment gives, or as a UUID")
      ->transform(CLI::CheckedTransformer(kinds))
      ->option_text("growing|random=growing");
  command.add_option("--quantity", options.quantity, "units an order")
      ->capture_default_str()
      ->check(CLI::Range(1, 1'000'000));
}

void AddDeduct(CLI::App& command, DeductOptions& options) {
  CLI::Option* batches =
      command.add_option("--batch", options.batch, "orders a call; 1: DeductStock")
          ->capture_default_str()
          ->check(CLI::Range(1, 10'000));
  command
      .add_option("--record", options.record,
                  "write a line for each order answered with yes: unix milliseconds, order, book, "
                  "quantity; the books are then neither stocked before nor counted afterwards")
      ->type_name("FILE")
      ->excludes(batches);
}

void AddFlashSale(CLI::App& command, FlashSaleOptions& options) {
  AddConnection(command, options.connection);
  command.add_option("--buyers", options.plan.buyers, "how many want one copy each")
      ->capture_default_str()
      ->check(CLI::Range(1, 10'000'000));
  command.add_option("--copies", options.plan.copies, "how many copies there are")
      ->capture_default_str()
      ->check(CLI::Range(1, 1'000'000'000));
  command.add_option("--book", options.plan.book, "a book id not in use; left out: one is chosen")
      ->check(BookIds());
  command.add_option("--in-flight", options.in_flight, "calls waiting for an answer, at most")
      ->capture_default_str()
      ->check(CLI::Range(1, 100'000));
  AddSeconds(command, "--timeout", options.plan.timeout, "a call's deadline");
  command.add_option("--seed", options.plan.seed, "who is impatient, hasty, doubting")
      ->capture_default_str();
}

void AddExpiry(CLI::App& command, ExpiryOptions& options) {
  AddConnection(command, options.connection);
  command.add_option("--reservations", options.reservations, "how many fall due in one second")
      ->capture_default_str()
      ->check(CLI::Range(1, 10'000'000));
  command.add_option("--rate", options.rate, "orders a second beside them, on a timetable")
      ->capture_default_str()
      ->check(CLI::Range(1.0, 1'000'000.0));
  command.add_option("--in-flight", options.in_flight, "calls waiting for an answer, at most")
      ->capture_default_str()
      ->check(CLI::Range(1, 100'000));
}

}  // namespace

std::variant<Options, ParseExit> ParseOptions(int argc, const char* const* argv) {
  CLI::App app("Loads inventory-service and checks its answers.", "inventory-bench");
  app.footer(kFooter);
  app.require_subcommand(1);

  DeductOptions deduct;
  std::uint64_t orders = 0;
  CLI::App* deduct_command = app.add_subcommand("deduct", "sell: every item a new order");
  AddLoad(*deduct_command, deduct.load);
  AddOrders(*deduct_command, deduct.load);
  AddDeduct(*deduct_command, deduct);
  deduct_command
      ->add_option("--orders", orders, "measure this many orders (rounded up to whole batches)")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 40))
      ->excludes("--seconds");

  GetOptions get;
  CLI::App* get_command = app.add_subcommand("get", "look: BatchGetStock of a few books");
  AddLoad(*get_command, get.load);
  get_command->add_option("--ids", get.ids, "books a call")
      ->capture_default_str()
      ->check(CLI::Range(1, 1'000));

  MixedOptions mixed;
  CLI::App* mixed_command = app.add_subcommand(
      "mixed", "customers who sell, give back, reserve, confirm, cancel and look");
  AddLoad(*mixed_command, mixed.load);
  AddOrders(*mixed_command, mixed.load);

  FlashSaleOptions sale;
  CLI::App* sale_command =
      app.add_subcommand("flash-sale", "many buyers, few copies, and the proof of what came of it");
  AddFlashSale(*sale_command, sale);

  ExpiryOptions expiry;
  CLI::App* expiry_command = app.add_subcommand(
      "expiry", "sell while many reservations fall due in one second, and prove each expired then");
  AddExpiry(*expiry_command, expiry);

  ProveOptions prove;
  CLI::App* prove_command =
      app.add_subcommand("prove", "check a book at rest: its whole log against its stock");
  AddConnection(*prove_command, prove.connection);
  prove_command->add_option("--book", prove.book, "the book")->required()->check(BookIds());
  prove_command->add_option("--stocked", prove.stocked, "units that were put on sale");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::ostringstream out;
    std::ostringstream err;
    const int status = app.exit(error, out, err);
    return ParseExit{out.str() + err.str(), status == 0 ? 0 : 2};
  }
  if (*get_command) return Options(get);
  if (*mixed_command) return Options(mixed);
  if (*sale_command) return Options(sale);
  if (*expiry_command) return Options(expiry);
  if (*prove_command) return Options(prove);
  const auto batch = static_cast<std::uint64_t>(deduct.batch);
  deduct.load.plan.calls = (orders + batch - 1) / batch;
  return Options(deduct);
}

}  // namespace inventory::bench
