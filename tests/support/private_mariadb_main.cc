// private-mariadb: a MariaDB server for a trial or a test (private_server.h).
//
// Its arguments are mariadbd's. It says "ready dsn=… process=…"; its command is given
// INVENTORY_STORE=mysql and INVENTORY_DATABASE_DSN.
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "tests/support/mariadb_server.h"
#include "tests/support/private_server.h"

namespace inventory {
namespace {

absl::StatusOr<PrivateServer> Start(const std::string& folder,
                                    const std::vector<std::string>& arguments) {
  MariadbSettings settings;
  settings.folder = folder;
  settings.arguments = arguments;
  ASSIGN_OR_RETURN(std::shared_ptr<MariadbServer> server, MariadbServer::Start(settings));
  const std::string dsn = server->SocketDsnText();
  PrivateServer started;
  started.ready = absl::StrCat("dsn=", dsn, " process=", server->pid());
  started.hint =
      absl::StrCat("mariadb --socket=", server->SocketDsn().socket, " --user=root ",
                   std::string(MariadbServer::kDatabase), " (package mariadb-client-core)");
  started.environment = {"INVENTORY_STORE=mysql", "INVENTORY_DATABASE_DSN=" + dsn};
  started.stop = [server] { return server->Stop(); };
  return started;
}

}  // namespace
}  // namespace inventory

int main(int argc, char** argv) {
  return inventory::RunPrivateServer("private-mariadb", {argv + 1, argv + argc}, inventory::Start);
}
