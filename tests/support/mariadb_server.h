// A private MariaDB server: its own data, its own socket, gone with who started it.
#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "mysql/dsn.h"
#include "tests/support/child_process.h"
#include "tests/support/temp_folder.h"

namespace inventory {

struct MariadbSettings {
  // Where data, socket and log lie; kept at the end. Empty: a folder of its own, removed at the
  // end.
  std::string folder;
  // Listen on a free port of 127.0.0.1 too, for what a Unix socket cannot show: proxies, TLS.
  bool tcp = false;
  // For mariadbd, after ours, so that they win: "--log-bin".
  std::vector<std::string> arguments;
};

// Debian's mariadbd (package mariadb-server-core), as whoever runs the test. Its only account is
// root without a password; its database "inventory" is empty at first. Memory is small, durability
// the server's default: every COMMIT is synced, no binary log.
//
// One thread at a time. The server is killed when the thread that started it ends, however it ends.
class MariadbServer {
 public:
  static constexpr std::string_view kDatabase = "inventory";

  // Starts one and waits until it answers. The error holds what the server said last.
  static absl::StatusOr<std::unique_ptr<MariadbServer>> Start(const MariadbSettings& settings = {});
  // The one server of this process, started at the first call, with TCP; without one there is
  // nothing to test, so the process ends. Call it from the main thread first.
  static MariadbServer& Shared();
  ~MariadbServer();
  MariadbServer(const MariadbServer&) = delete;

  // SIGTERM, and waits until it has ended in good order.
  absl::Status Stop();
  // SIGKILL, as a crash would.
  void Kill();
  // After Stop or Kill, or when it has ended by itself: again, on the same data, socket and port.
  absl::Status StartAgain();

  pid_t pid() const { return process_ ? process_->pid() : 0; }  // 0: it does not run
  const std::string& folder() const { return folder_; }
  std::string LogPath() const { return folder_ + "/mariadbd.log"; }

  // Where it is, for root.
  Dsn SocketDsn(std::string_view database = kDatabase) const;
  Dsn TcpDsn(std::string_view database = kDatabase) const;
  // The same as text.
  std::string SocketDsnText(std::string_view database = kDatabase) const;

 private:
  explicit MariadbServer(const MariadbSettings& settings);
  absl::Status TakeFolder();
  absl::Status MakeData() const;
  absl::Status Run();
  absl::Status WaitUntilItAnswers();
  std::vector<std::string> Command() const;

  const MariadbSettings settings_;
  std::optional<TempFolder> own_folder_;
  std::string folder_;
  int lock_ = -1;  // held while this or the server lives
  int port_ = 0;   // 0: none yet
  std::optional<ChildProcess> process_;
};

// A database of its own on the shared server, empty at first and dropped at the end.
class TestDatabase {
 public:
  static TestDatabase Make();
  TestDatabase(TestDatabase&& other) noexcept : name_(std::exchange(other.name_, "")) {}
  TestDatabase& operator=(TestDatabase&&) = delete;
  ~TestDatabase();

  Dsn dsn() const { return MariadbServer::Shared().TcpDsn(name_); }  // for root
  Dsn socket_dsn() const { return MariadbServer::Shared().SocketDsn(name_); }

 private:
  explicit TestDatabase(std::string name) : name_(std::move(name)) {}

  std::string name_;  // empty: moved from
};

}  // namespace inventory
