// private-redis: a Redis server for a trial or a test (private_server.h), durable as one for stock
// should be: an append-only file synced every second, and nothing evicted.
//
// Its arguments are redis-server's: "--appendfsync", "always". It says "ready socket=… port=…
// process=…"; its command is given INVENTORY_STORE=redis and INVENTORY_REDIS_ADDR.
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "tests/support/private_server.h"
#include "tests/support/redis_server.h"

namespace inventory {
namespace {

absl::StatusOr<PrivateServer> Start(const std::string& folder,
                                    const std::vector<std::string>& arguments) {
  RedisSettings settings;
  settings.folder = folder;
  settings.append_only = true;
  settings.arguments = {"--maxmemory-policy", "noeviction"};
  settings.arguments.insert(settings.arguments.end(), arguments.begin(), arguments.end());
  ASSIGN_OR_RETURN(std::shared_ptr<RedisServer> server, RedisServer::Start(settings));
  PrivateServer started;
  started.ready = absl::StrCat("socket=", server->SocketPath(), " port=", server->port(),
                               " process=", server->pid());
  started.hint = absl::StrCat("redis-cli -s ", server->SocketPath());
  started.environment = {"INVENTORY_STORE=redis", "INVENTORY_REDIS_ADDR=" + server->SocketPath()};
  started.stop = [server] { return server->Stop(); };
  return started;
}

}  // namespace
}  // namespace inventory

int main(int argc, char** argv) {
  return inventory::RunPrivateServer("private-redis", {argv + 1, argv + argc}, inventory::Start);
}
