#include "tests/support/mariadb_server.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <thread>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "mysql/connection.h"
#include "tests/support/server_parts.h"

namespace inventory {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr char kServer[] = "/usr/sbin/mariadbd";
constexpr char kScripts[] = "/usr/share/mysql/";
constexpr milliseconds kPollInterval{2};

// Whether a server greets on the socket: one that is still reading its data does not.
bool Greets(const std::string& path) {
  const OpenFile socket_file(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  if (connect(socket_file.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
    return false;
  }
  const timeval limit{1, 0};
  setsockopt(socket_file.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
  // A packet is its length, 3 bytes, its number, and here the protocol's version or 255, an error.
  unsigned char head[5] = {};
  return recv(socket_file.get(), head, sizeof(head), MSG_WAITALL) == sizeof(head) && head[4] == 10;
}

}  // namespace

MariadbServer::MariadbServer(const MariadbSettings& settings) : settings_(settings) {
  if (settings_.folder.empty()) own_folder_.emplace();
  folder_ = own_folder_ ? own_folder_->path()
                        : std::filesystem::absolute(settings_.folder).lexically_normal().string();
}

MariadbServer::~MariadbServer() {
  Kill();
  if (lock_ >= 0) close(lock_);
}

absl::StatusOr<std::unique_ptr<MariadbServer>> MariadbServer::Start(
    const MariadbSettings& settings) {
  if (access(kServer, X_OK) != 0) {
    return absl::NotFoundError(
        absl::StrCat(kServer, " is not here; install the package mariadb-server-core"));
  }
  std::unique_ptr<MariadbServer> server(new MariadbServer(settings));
  RETURN_IF_ERROR(server->TakeFolder());
  RETURN_IF_ERROR(server->MakeData());
  RETURN_IF_ERROR(server->StartAgain());
  return server;
}

MariadbServer& MariadbServer::Shared() {
  static const absl::StatusOr<std::unique_ptr<MariadbServer>> server = Start({.tcp = true});
  if (!server.ok()) {
    std::fprintf(stderr, "no MariaDB to test with: %s\n", server.status().ToString().c_str());
    std::exit(1);  // NOLINT(concurrency-mt-unsafe)
  }
  return **server;
}

// The server inherits the lock: a folder is free when both have ended.
absl::Status MariadbServer::TakeFolder() {
  const Dsn dsn = SocketDsn();
  if (!ParseDsn(dsn.Location()).ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat(folder_, ": too long a path for a Unix socket in it; choose another folder"));
  }
  ASSIGN_OR_RETURN(lock_, LockFolder(folder_));
  // A server's start removes the temporary tables of any other in its folder for them.
  std::error_code error;
  std::filesystem::create_directories(folder_ + "/tmp", error);
  return error ? absl::InternalError(absl::StrCat("making ", folder_, "/tmp")) : absl::OkStatus();
}

// What mariadb-install-db does, less what no test looks at: 0.3 s instead of seconds.
absl::Status MariadbServer::MakeData() const {
  const std::string data = folder_ + "/data";
  std::error_code error;
  if (std::filesystem::exists(data, error)) return absl::OkStatus();
  const std::string unfinished = folder_ + "/data.unfinished";
  std::filesystem::remove_all(unfinished, error);
  std::filesystem::create_directories(unfinished, error);
  const std::string script = folder_ + "/make_data.sql";
  std::ofstream(script) << "CREATE DATABASE mysql;\nUSE mysql;\nSET @auth_root_socket=NULL;\n"
                        << ReadFile(absl::StrCat(kScripts, "mysql_system_tables.sql"))
                        << ReadFile(absl::StrCat(kScripts, "mysql_system_tables_data.sql"))
                        << "CREATE DATABASE " << kDatabase << " CHARACTER SET utf8mb4;\n";
  ChildSettings settings;
  const OpenFile input(open(script.c_str(), O_RDONLY | O_CLOEXEC));
  const OpenFile log(OpenLog(LogPath()));
  settings.input = input.get();
  settings.output = log.get();
  settings.kept = lock_;
  settings.death_signal = SIGKILL;
  settings.command = {kServer,
                      "--no-defaults",
                      "--bootstrap",
                      "--datadir=" + unfinished,
                      "--tmpdir=" + folder_ + "/tmp",
                      "--skip-name-resolve",
                      "--max-allowed-packet=8M",
                      "--innodb-log-file-size=16M",
                      "--innodb-buffer-pool-size=16M",
                      "--innodb-flush-log-at-trx-commit=0"};
  if (geteuid() == 0) settings.command.push_back("--user=root");
  ASSIGN_OR_RETURN(ChildProcess bootstrap, ChildProcess::Start(settings));
  if (!bootstrap.Ended(kServerPatience) || bootstrap.status() != 0) {
    return absl::InternalError(
        absl::StrCat("mariadbd made no data folder: ", LastWords(LogPath())));
  }
  std::filesystem::rename(unfinished, data, error);
  return error ? absl::InternalError(absl::StrCat("renaming ", unfinished)) : absl::OkStatus();
}

absl::Status MariadbServer::StartAgain() {
  if (process_ && !process_->Ended(milliseconds(0))) {
    return absl::FailedPreconditionError("the server runs already");
  }
  constexpr int kPorts = 5;  // another program may take one before the server does
  absl::Status started;
  for (int i = 0; i < kPorts; ++i) {
    const bool choose = settings_.tcp && port_ == 0;
    if (choose) {
      ASSIGN_OR_RETURN(port_, FreePort());
    }
    started = Run();
    if (started.ok() || !choose) return started;
    port_ = 0;
  }
  return started;
}

absl::Status MariadbServer::Run() {
  const OpenFile log(OpenLog(LogPath()));
  ChildSettings settings;
  settings.command = Command();
  settings.output = log.get();
  settings.kept = lock_;
  settings.death_signal = SIGKILL;
  std::error_code ignored;
  std::filesystem::remove(SocketDsn().socket, ignored);
  ASSIGN_OR_RETURN(process_, ChildProcess::Start(settings));
  return WaitUntilItAnswers();
}

absl::Status MariadbServer::WaitUntilItAnswers() {
  const steady_clock::time_point end = steady_clock::now() + kServerPatience;
  while (!Greets(SocketDsn().socket)) {
    if (process_->Ended(kPollInterval)) {
      return absl::UnavailableError(absl::StrCat("mariadbd ended: ", LastWords(LogPath())));
    }
    if (steady_clock::now() >= end) {
      Kill();
      return absl::DeadlineExceededError(
          absl::StrCat("mariadbd did not answer: ", LastWords(LogPath())));
    }
  }
  return absl::OkStatus();
}

std::vector<std::string> MariadbServer::Command() const {
  // No native aio: what io_uring has taken may reach the disk after a kill -9, over pages that the
  // next server has recovered meanwhile.
  std::vector<std::string> command = {kServer,
                                      "--no-defaults",
                                      "--datadir=" + folder_ + "/data",
                                      "--tmpdir=" + folder_ + "/tmp",
                                      "--socket=" + SocketDsn().socket,
                                      "--pid-file=" + folder_ + "/mariadbd.pid",
                                      "--skip-name-resolve",
                                      "--performance-schema=OFF",
                                      "--innodb-buffer-pool-size=64M",
                                      "--innodb-log-file-size=16M",
                                      "--innodb-use-native-aio=OFF",
                                      "--innodb-buffer-pool-dump-at-shutdown=OFF",
                                      "--aria-pagecache-buffer-size=1M",
                                      "--key-buffer-size=64K"};
  if (geteuid() == 0) command.push_back("--user=root");
  if (settings_.tcp) {
    command.push_back("--bind-address=127.0.0.1");
    command.push_back(absl::StrCat("--port=", port_));
  } else {
    command.push_back("--skip-networking");
  }
  command.insert(command.end(), settings_.arguments.begin(), settings_.arguments.end());
  return command;
}

absl::Status MariadbServer::Stop() {
  if (!process_) return absl::OkStatus();
  return StopInOrder(*process_, "mariadbd", LogPath());
}

void MariadbServer::Kill() {
  if (process_) process_->Kill();
}

Dsn MariadbServer::SocketDsn(std::string_view database) const {
  Dsn dsn;
  dsn.user = "root";
  dsn.socket = folder_ + "/mariadbd.sock";
  dsn.database = database;
  return dsn;
}

Dsn MariadbServer::TcpDsn(std::string_view database) const {
  Dsn dsn;
  dsn.user = "root";
  dsn.port = port_;
  dsn.database = database;
  return dsn;
}

std::string MariadbServer::SocketDsnText(std::string_view database) const {
  const Dsn dsn = SocketDsn(database);
  return dsn.user + "@" + dsn.Location();
}

// ---- databases ----------------------------------------------------------------------------------

namespace {

absl::Status AsRoot(const std::string& sql) {
  const Dsn dsn = MariadbServer::Shared().SocketDsn("mysql");
  ASSIGN_OR_RETURN(const std::unique_ptr<Connection> connection, Connection::Open(dsn));
  return connection->Run(sql).status();
}

}  // namespace

TestDatabase TestDatabase::Make() {
  static std::atomic<int> made{0};
  TestDatabase database(absl::StrCat("test_", ++made));
  const absl::Status status =
      AsRoot(absl::StrCat("CREATE DATABASE ", database.name_, " CHARACTER SET utf8mb4"));
  if (!status.ok()) {
    std::fprintf(stderr, "no new database: %s\n", status.ToString().c_str());
    std::abort();
  }
  return database;
}

TestDatabase::~TestDatabase() {
  if (!name_.empty()) AsRoot("DROP DATABASE " + name_).IgnoreError();
}

}  // namespace inventory
