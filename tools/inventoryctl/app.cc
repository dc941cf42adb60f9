#include "tools/inventoryctl/app.h"

#include "absl/time/time.h"
#include "base/status_macros.h"
#include "client/channel_access.h"
#include "tools/inventoryctl/commands.h"
#include "tools/inventoryctl/fields.h"

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
  inventoryctl adopt --dry-run                  what the earlier Go service left in MySQL
  inventoryctl reconcile                        does Redis say what the database says?
  inventoryctl ledger list                      what the database could not take over from Redis
  inventoryctl handover --to redis              leave the database's stock to the redis store

Exit status:
  0  done, now or before (a repeated command is done once)
  1  refused: the answer's code is not 0 (of several: of at least one); not serving;
     books differ and were not repaired; changes are still in quarantine
  2  the command line or a file is wrong, or it was not confirmed; nothing was changed
  3  no answer, or a gRPC status that is not OK; the text says what to do

A service that asks for a token gets that of INVENTORY_TOKEN, or of the file INVENTORY_TOKEN_FILE.
Repeating a command with the same ids is always safe.)";

void AddGlobalOptions(CommandSpec root, Session& session) {
  root.AddValue(
          "--server", "TEXT",
          [&session](const std::string& server) {
            session.options.server = server;
            return absl::OkStatus();
          },
          "where the service listens, host:port")
      .FromEnvironment("INVENTORY_SERVER")
      .Default(session.options.server);
  root.AddValue(
      "--tls-ca", "FILE",
      [&session](const std::string& path) {
        ASSIGN_OR_RETURN(session.options.access, ReadChannelAccess(path));
        return absl::OkStatus();
      },
      "speak TLS, and trust the certificates in this file, or in INVENTORY_TLS_CA's");
  AddDuration(
      root, "--timeout",
      [&session](absl::Duration timeout) {
        if (timeout <= absl::ZeroDuration() || timeout > absl::Hours(24)) {
          return absl::InvalidArgumentError("is not between 1ms and 24h");
        }
        session.options.timeout = timeout;
        return absl::OkStatus();
      },
      "how long a call may take with its retries: seconds, or 500ms [5s]");
  root.AddFlag(
      "--json", [&session] { session.options.json = true; },
      "answers as JSON, one document a line, for programs");
}

}  // namespace

ExitStatus RunInventoryctl(int argc, const char* const* argv, Streams streams) {
  Session session(streams);
  absl::StatusOr<ChannelAccess> access = ReadChannelAccess();
  if (!access.ok()) {
    session.WrongUsage(std::string(access.status().message()));
    return session.Finish();
  }
  session.options.access = *std::move(access);
  CommandLineParser line("inventoryctl", "The stock of inventory-service, from the command line");
  const CommandSpec root = line.root();
  AddGlobalOptions(root, session);
  AddStockCommands(root, session);
  AddSaleCommands(root, session);
  AddReservationCommands(root, session);
  AddLogCommand(root, session);
  AddWatchCommand(root, session);
  AddLoadCommand(root, session);
  AddAdminCommands(root, session);
  AddTransferCommands(root, session);
  AddLedgerCommands(root, session);
  switch (line.Run(argc, argv, kFooter, streams.out, streams.err)) {
    case CommandLineParser::End::kHelpShown: return ExitStatus::kDone;
    case CommandLineParser::End::kWrong: return ExitStatus::kUsage;
    case CommandLineParser::End::kRan: break;
  }
  return session.Finish();
}

}  // namespace inventory
