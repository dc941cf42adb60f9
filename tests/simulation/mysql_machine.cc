#include "tests/simulation/mysql_machine.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "mysql/connection.h"
#include "store/mysql/mysql_store.h"

namespace inventory {
namespace {

// A server is killed less often: starting it takes most of a second.
constexpr unsigned kCutsAKill = 4;

absl::Status CutConnections(const Dsn& dsn) {
  ASSIGN_OR_RETURN(const auto admin, Connection::Open(dsn));
  ASSIGN_OR_RETURN(std::vector<SqlRows> results,
                   admin->Run(absl::StrCat("SELECT id FROM information_schema.processlist"
                                           " WHERE db='",
                                           dsn.database, "' AND id<>CONNECTION_ID()")));
  while (results[0].Next()) {
    // It may have ended by itself.
    admin->Run(absl::StrCat("KILL ", results[0].U64(0))).status().IgnoreError();
  }
  return absl::OkStatus();
}

}  // namespace

Machine MakeMysqlMachine(MariadbServer& server, const TestDatabase& database, bool one_writer) {
  const Dsn dsn = database.socket_dsn();
  Machine machine;
  machine.instances = 2;
  machine.in_flight = one_writer ? 4 : 1;
  const int connections = one_writer ? 3 : 8;
  machine.open = [dsn, connections](const Clock& clock) {
    return OpenMysqlStore({.dsn = dsn, .max_connections = connections, .clock = &clock});
  };
  machine.disturb = [&server, dsn](std::minstd_rand& dice) -> absl::Status {
    if (dice() % (kCutsAKill + 1) != 0) return CutConnections(dsn);
    server.Kill();
    return server.StartAgain();
  };
  return machine;
}

}  // namespace inventory
