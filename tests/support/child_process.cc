#include "tests/support/child_process.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <thread>
#include <utility>

#include "absl/status/status.h"

namespace inventory {
namespace {

using std::chrono::steady_clock;

constexpr int kCannotRun = 127;
// How often an end is looked for.
constexpr std::chrono::milliseconds kPollInterval{1};

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

std::vector<std::string> Environment(const std::vector<std::string>& more) {
  std::vector<std::string> all = more;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string text = *variable;
    bool replaced = false;
    for (const std::string& ours : more) {
      replaced = replaced || text.starts_with(ours.substr(0, ours.find('=') + 1));
    }
    if (!replaced) all.push_back(text);
  }
  return all;
}

// In the child, where only what is safe in a signal handler may be called.
[[noreturn]] void Become(const ChildSettings& settings, char** arguments, char** environment,
                         pid_t parent) {
  setpgid(0, 0);
  if (settings.death_signal != 0) {
    prctl(PR_SET_PDEATHSIG, settings.death_signal);
    if (getppid() != parent) _exit(kCannotRun);
  }
  const int input = settings.input >= 0 ? settings.input : open("/dev/null", O_RDONLY);
  dup2(input, STDIN_FILENO);
  if (settings.output >= 0) {
    dup2(settings.output, STDOUT_FILENO);
    dup2(settings.output, STDERR_FILENO);
  }
  close_range(STDERR_FILENO + 1, ~0u, CLOSE_RANGE_CLOEXEC);
  if (settings.kept >= 0) fcntl(settings.kept, F_SETFD, 0);
  execve(arguments[0], arguments, environment);
  _exit(kCannotRun);
}

}  // namespace

absl::StatusOr<ChildProcess> ChildProcess::Start(const ChildSettings& settings) {
  std::vector<std::string> command = settings.command;
  std::vector<std::string> environment = Environment(settings.environment);
  const std::vector<char*> arguments = Pointers(command);
  const std::vector<char*> variables = Pointers(environment);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid < 0) return absl::ErrnoToStatus(errno, "starting " + command.front());
  if (pid == 0) {
    Become(settings, const_cast<char**>(arguments.data()), const_cast<char**>(variables.data()),
           parent);
  }
  return ChildProcess(pid);
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, 0)), status_(other.status_) {}

ChildProcess& ChildProcess::operator=(ChildProcess&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(status_, other.status_);
  return *this;
}

void ChildProcess::Signal(int number) const {
  if (pid_ > 0) kill(pid_, number);
}

void ChildProcess::Kill() {
  Signal(SIGKILL);
  Wait();
}

void ChildProcess::Wait() {
  while (pid_ > 0 && !Reap(0)) {
  }
}

bool ChildProcess::Ended(std::chrono::milliseconds within) {
  const steady_clock::time_point end = steady_clock::now() + within;
  while (pid_ > 0 && !Reap(WNOHANG)) {
    if (steady_clock::now() >= end) return false;
    std::this_thread::sleep_for(kPollInterval);
  }
  return true;
}

bool ChildProcess::Reap(int options) {
  int status = 0;
  const pid_t found = waitpid(pid_, &status, options);
  if (found == 0 || (found < 0 && errno == EINTR)) return false;
  status_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  pid_ = 0;
  return true;
}

}  // namespace inventory
