// A private Redis server: its own data, its own socket and port, gone with who started it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "redis/redis_connection.h"
#include "redis/reply.h"
#include "tests/support/child_process.h"
#include "tests/support/temp_folder.h"

namespace inventory {

struct RedisSettings {
  // Where data, socket and log lie; kept at the end. Empty: a folder of its own, removed at the
  // end.
  std::string folder;
  bool append_only = false;               // else it keeps nothing through a stop, unless one SAVEs
  std::string append_fsync = "everysec";  // or "always", "no"
  std::string password;
  std::optional<RedisEndpoint> replica_of;
  std::int64_t max_memory_bytes = 0;  // 0: no limit
  int databases = 16;
  // For redis-server, after ours, so that they win: "--maxclients", "100".
  std::vector<std::string> arguments;
};

// Debian's redis-server, as whoever runs the test, on a Unix socket and a free port of 127.0.0.1.
// DEBUG is allowed.
//
// One thread at a time, but Ask, which is safe for concurrent use while the server is not started
// or ended. The server is killed when the thread that started it ends, however it ends.
class RedisServer {
 public:
  // Starts one and waits until it answers PING. The error holds what the server said last.
  static absl::StatusOr<std::unique_ptr<RedisServer>> Start(const RedisSettings& settings = {});
  // The one server of this process, started at the first call; without one there is nothing to
  // test, so the process ends. Call it from the main thread first.
  static RedisServer& Shared();
  // A database of the shared server that nobody else in this process was given: empty.
  static RedisEndpoint NewDatabase();
  ~RedisServer();
  RedisServer(const RedisServer&) = delete;

  // SIGTERM, and waits until it has ended in good order: what is in its append-only file is synced.
  absl::Status Stop();
  // SIGKILL, as a crash would.
  void Kill();
  // After Stop or Kill, or when it has ended by itself: again, on the same data, socket and port.
  absl::Status StartAgain();
  // The same, but does not wait until it has loaded its data.
  absl::Status StartAgainLoading();
  // Stops it where it is, as a machine that hangs, and lets it go on.
  void Freeze() const;
  void Thaw() const;

  // Runs a command over a connection of its own, and waits for the answer.
  absl::StatusOr<RedisReply> Ask(const std::vector<std::string>& command, int db = 0) const;

  pid_t pid() const { return process_ ? process_->pid() : 0; }  // 0: it does not run
  int port() const { return port_; }
  const std::string& folder() const { return folder_; }
  std::string LogPath() const { return folder_ + "/redis.log"; }
  std::string SocketPath() const { return folder_ + "/redis.sock"; }

  // Where it is, with the password.
  RedisEndpoint endpoint(int db = 0) const;         // over TCP
  RedisEndpoint socket_endpoint(int db = 0) const;  // over the Unix socket

 private:
  explicit RedisServer(const RedisSettings& settings);
  absl::Status TakeFolder();
  absl::Status RunOnSomePort(bool loaded);
  absl::Status Run(bool loaded);
  absl::Status WaitUntilItAnswers(bool loaded);
  std::vector<std::string> Command() const;

  const RedisSettings settings_;
  std::optional<TempFolder> own_folder_;
  std::string folder_;
  int lock_ = -1;  // held while this or the server lives
  int port_ = 0;   // 0: none yet
  std::optional<ChildProcess> process_;
};

}  // namespace inventory
