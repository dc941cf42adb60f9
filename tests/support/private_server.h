// What the programs around a server share: private-mariadb, private-redis.
//
//   PROGRAM FOLDER [SERVER-ARGUMENT...]
//       starts the server on the folder, says "ready …" on standard output, and stops it when
//       standard input ends
//   PROGRAM FOLDER [SERVER-ARGUMENT...] -- COMMAND [ARGUMENT...]
//       runs the command with settings for inventory-service in its environment, passes SIGINT,
//       SIGTERM and SIGHUP on, and stops the server when the command has ended, with its status
//
// The data stay in the folder. Whatever way the program ends, the server ends with it. The command
// may be another of these programs: then there are two servers, and the inner one ends first.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace inventory {

// A server that runs.
struct PrivateServer {
  std::string ready;                     // for a program that started it: "dsn=… process=…"
  std::string hint;                      // for a person: how to look into it
  std::vector<std::string> environment;  // for the command
  std::function<absl::Status()> stop;
};

using StartPrivateServer = std::function<absl::StatusOr<PrivateServer>(
    const std::string& folder, const std::vector<std::string>& arguments)>;

// The exit status of the program. `words`: its arguments.
int RunPrivateServer(const std::string& program, const std::vector<std::string>& words,
                     const StartPrivateServer& start);

}  // namespace inventory
