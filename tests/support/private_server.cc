#include "tests/support/private_server.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>

#include "tests/support/child_process.h"

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

int Fail(const std::string& program, const absl::Status& status) {
  std::fprintf(stderr, "%s: %s\n", program.c_str(), std::string(status.message()).c_str());
  return 1;
}

void Serve(const PrivateServer& server) {
  std::printf("ready %s\n", server.ready.c_str());
  std::fflush(stdout);
  char ignored[256];
  while (read(STDIN_FILENO, ignored, sizeof(ignored)) > 0) {
  }
}

// The command's exit status.
absl::StatusOr<int> RunCommand(const std::vector<std::string>& command,
                               const std::vector<std::string>& environment) {
  ChildSettings settings;
  settings.command = command;
  settings.death_signal = SIGTERM;
  settings.environment = environment;
  absl::StatusOr<ChildProcess> child = ChildProcess::Start(settings);
  if (!child.ok()) return child.status();
  command_process = child->pid();
  if (const int number = early_signal; number != 0) child->Signal(number);
  child->Wait();
  command_process = 0;
  return child->status();
}

}  // namespace

int RunPrivateServer(const std::string& program, const std::vector<std::string>& words,
                     const StartPrivateServer& start) {
  const auto separator = std::find(words.begin(), words.end(), "--");
  if (words.empty() || separator == words.begin()) {
    std::fprintf(stderr, "usage: %s FOLDER [SERVER-ARGUMENT...] [-- COMMAND [ARGUMENT...]]\n",
                 program.c_str());
    return 2;
  }
  const bool has_command = separator != words.end();
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    if (has_command) std::signal(number, PassOn);
  }
  const absl::StatusOr<PrivateServer> server = start(words.front(), {words.begin() + 1, separator});
  if (!server.ok()) return Fail(program, server.status());
  absl::StatusOr<int> status = 0;
  if (has_command) {
    std::fprintf(stderr, "%s: for a trial: it runs until this command ends, its data stay in %s\n",
                 program.c_str(), words.front().c_str());
    std::fprintf(stderr, "%s: to look into it: %s\n", program.c_str(), server->hint.c_str());
    status = RunCommand({separator + 1, words.end()}, server->environment);
  } else {
    Serve(*server);
  }
  const absl::Status stopped = server->stop();
  if (!status.ok()) return Fail(program, status.status());
  return stopped.ok() ? *status : Fail(program, stopped);
}

}  // namespace inventory
