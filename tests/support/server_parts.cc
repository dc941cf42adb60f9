#include "tests/support/server_parts.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/file.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>
#include <thread>

#include "absl/strings/str_cat.h"

namespace inventory {
namespace {

// How long a folder may still belong to a server that was killed.
constexpr std::chrono::seconds kFolderPatience{30};
constexpr std::chrono::milliseconds kPollInterval{2};
constexpr std::size_t kLastWords = 2'000;

}  // namespace

int OpenLog(const std::string& path) {
  return open(path.c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
}

std::string ReadFile(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

std::string LastWords(const std::string& path) {
  const std::string log = ReadFile(path);
  return log.substr(log.size() - std::min(log.size(), kLastWords));
}

absl::StatusOr<int> FreePort() {
  const OpenFile socket_file(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (bind(socket_file.get(), generic, size) != 0 ||
      getsockname(socket_file.get(), generic, &size) != 0) {
    return absl::ErrnoToStatus(errno, "looking for a free port");
  }
  return ntohs(address.sin_port);
}

absl::StatusOr<int> LockFolder(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  const int lock = open((folder + "/lock").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  if (lock < 0) return absl::ErrnoToStatus(errno, absl::StrCat("making ", folder));
  const auto end = std::chrono::steady_clock::now() + kFolderPatience;
  while (flock(lock, LOCK_EX | LOCK_NB) != 0) {
    if (std::chrono::steady_clock::now() >= end) {
      close(lock);
      return absl::FailedPreconditionError(
          absl::StrCat(folder, ": another server has this folder; stop it"));
    }
    std::this_thread::sleep_for(kPollInterval);
  }
  return lock;
}

absl::Status StopInOrder(ChildProcess& process, const std::string& name,
                         const std::string& log_path) {
  process.Signal(SIGTERM);
  if (!process.Ended(kServerPatience)) {
    process.Kill();
    return absl::DeadlineExceededError(absl::StrCat(name, " did not stop: ", LastWords(log_path)));
  }
  if (process.status() == 0) return absl::OkStatus();
  return absl::InternalError(absl::StrCat(name, " stopped badly: ", LastWords(log_path)));
}

}  // namespace inventory
