// private-mariadb: a MariaDB server for a trial or a test.
//
//   private-mariadb FOLDER [MARIADBD-ARGUMENT...]
//       starts one on the folder, says "ready dsn=… process=…" on standard output, and stops it
//       when standard input ends
//   private-mariadb FOLDER [MARIADBD-ARGUMENT...] -- COMMAND [ARGUMENT...]
//       runs the command with INVENTORY_STORE and INVENTORY_DATABASE_DSN set for it, passes SIGINT,
//       SIGTERM and SIGHUP on, and stops the server when the command has ended, with its status
//
// The data stay in the folder. Whatever way this program ends, the server ends with it.
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <string>
#include <vector>

#include "tests/support/child_process.h"
#include "tests/support/mariadb_server.h"

namespace inventory {
namespace {

std::atomic<pid_t> command_process{0};  // who gets the signals
std::atomic<int> early_signal{0};       // one that came before there was a command

void PassOn(int number) {
  if (const pid_t process = command_process; process > 0) {
    kill(process, number);
  } else {
    early_signal = number;
  }
}

int Fail(const absl::Status& status) {
  std::fprintf(stderr, "private-mariadb: %s\n", std::string(status.message()).c_str());
  return 1;
}

void Serve(const MariadbServer& server) {
  std::printf("ready dsn=%s process=%d\n", server.SocketDsnText().c_str(), server.pid());
  std::fflush(stdout);
  char ignored[256];
  while (read(STDIN_FILENO, ignored, sizeof(ignored)) > 0) {
  }
}

// The command's exit status.
int RunCommand(const MariadbServer& server, const std::vector<std::string>& command) {
  std::fprintf(stderr,
               "private-mariadb: a MariaDB for a trial: it runs until this command ends, its data "
               "stay in %s\n"
               "private-mariadb: to look into it (package mariadb-client-core): mariadb "
               "--socket=%s --user=root %s\n",
               server.folder().c_str(), server.SocketDsn().socket.c_str(),
               std::string(MariadbServer::kDatabase).c_str());
  ChildSettings settings;
  settings.command = command;
  settings.death_signal = SIGTERM;
  settings.environment = {"INVENTORY_STORE=mysql",
                          "INVENTORY_DATABASE_DSN=" + server.SocketDsnText()};
  absl::StatusOr<ChildProcess> child = ChildProcess::Start(settings);
  if (!child.ok()) return Fail(child.status());
  command_process = child->pid();
  if (const int number = early_signal; number != 0) child->Signal(number);
  child->Wait();
  command_process = 0;
  return child->status();
}

int Main(const std::vector<std::string>& words) {
  const auto separator = std::find(words.begin(), words.end(), "--");
  if (words.empty() || separator == words.begin()) {
    std::fprintf(
        stderr,
        "usage: private-mariadb FOLDER [MARIADBD-ARGUMENT...] [-- COMMAND [ARGUMENT...]]\n");
    return 2;
  }
  MariadbSettings settings;
  settings.folder = words.front();
  settings.arguments.assign(words.begin() + 1, separator);
  const bool has_command = separator != words.end();
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    if (has_command) std::signal(number, PassOn);
  }
  const absl::StatusOr<std::unique_ptr<MariadbServer>> server = MariadbServer::Start(settings);
  if (!server.ok()) return Fail(server.status());
  int status = 0;
  if (has_command) {
    status = RunCommand(**server, {separator + 1, words.end()});
  } else {
    Serve(**server);
  }
  const absl::Status stopped = (*server)->Stop();
  return stopped.ok() ? status : Fail(stopped);
}

}  // namespace
}  // namespace inventory

int main(int argc, char** argv) { return inventory::Main({argv + 1, argv + argc}); }
