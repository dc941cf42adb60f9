#include "tools/inventoryctl/app.h"

#include "absl/time/time.h"
#include "tools/inventoryctl/commands.h"
#include "tools/inventoryctl/fields.h"
#include "tools/inventoryctl/values.h"

namespace inventory {
namespace {

constexpr char kFooter[] = R"(
Examples:
  inventoryctl restock 1 100                    a delivery of 100 copies of book 1
  inventoryctl deduct 1 5 --order 1001          sell five of them to order 1001
  inventoryctl release 1 --order 1001           order 1001 gives back what it holds
  inventoryctl reserve 1:2 3:1 --order 7        hold books for order 7, then
  inventoryctl confirm 7                        sell them
  inventoryctl logs 1 --follow                  each movement as it comes
  inventoryctl load stock.csv                   restock from a file of book_id,quantity
  inventoryctl export stock.facts               everything the store knows, while it serves, then
  inventoryctl import stock.facts               into another, empty store (--server)

Exit status:
  0  done, now or before (a repeated command is done once)
  1  refused: the answer's code is not 0 (of several: of at least one); or not serving
  2  the command line or a file is wrong; nothing was sent
  3  no answer, or a gRPC status that is not OK; the text says what to do

Repeating a command with the same ids is always safe.)";

void AddGlobalOptions(CLI::App& app, Session& session) {
  app.add_option("--server", session.options.server, "where the service listens, host:port")
      ->envname("INVENTORY_SERVER")
      ->capture_default_str();
  app.add_option_function<std::string>(
         "--timeout",
         [&session](const std::string& text) {
           const absl::Duration timeout = ValueOrUsageError("--timeout", ParseDuration(text));
           if (timeout <= absl::ZeroDuration() || timeout > absl::Hours(24)) {
             throw CLI::ValidationError("--timeout", "is not between 1ms and 24h");
           }
           session.options.timeout = timeout;
         },
         "how long a call may take with its retries: seconds, or 500ms [5s]")
      ->type_name("DURATION");
  app.add_flag("--json", session.options.json,
               "answers as JSON, one document a line, for programs");
}

}  // namespace

ExitStatus RunInventoryctl(int argc, const char* const* argv, Streams streams) {
  Session session(streams);
  CLI::App app("The stock of inventory-service, from the command line", "inventoryctl");
  app.require_subcommand(1);
  app.fallthrough();  // global options may also follow the command
  AddGlobalOptions(app, session);
  AddStockCommands(app, session);
  AddSaleCommands(app, session);
  AddReservationCommands(app, session);
  AddLogCommand(app, session);
  AddWatchCommand(app, session);
  AddLoadCommand(app, session);
  AddAdminCommands(app, session);
  AddTransferCommands(app, session);
  app.footer(kFooter);  // after the commands, which would take it over
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const bool asked = error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success);
    app.exit(error, streams.out, streams.err);
    return asked ? ExitStatus::kDone : ExitStatus::kUsage;
  }
  return session.Finish();
}

}  // namespace inventory
