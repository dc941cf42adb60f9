#include "tests/support/redis_server.h"

#include <hiredis/hiredis.h>
#include <sys/time.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "redis/hiredis_reply.h"
#include "tests/support/server_parts.h"

namespace inventory {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr char kServer[] = "/usr/bin/redis-server";
constexpr milliseconds kPollInterval{2};
constexpr int kSharedDatabases = 1'000;

// Blocking, on hiredis' own blocking interface: tests of ours need another way to the server.
class Client {
 public:
  explicit Client(const std::string& socket)
      : context_(redisConnectUnixWithTimeout(socket.c_str(), kLimit)) {
    if (context_ != nullptr && context_->err == 0) redisSetTimeout(context_, kLimit);
  }
  ~Client() {
    if (context_ != nullptr) redisFree(context_);
  }
  Client(const Client&) = delete;

  absl::StatusOr<RedisReply> Ask(const std::vector<std::string>& command) {
    if (context_ == nullptr || context_->err != 0) return Fault();
    std::vector<const char*> words;
    std::vector<std::size_t> sizes;
    for (const std::string& word : command) {
      words.push_back(word.data());
      sizes.push_back(word.size());
    }
    void* const reply =
        redisCommandArgv(context_, static_cast<int>(command.size()), words.data(), sizes.data());
    if (reply == nullptr) return Fault();
    RedisReply answer = FromHiredis(*static_cast<redisReply*>(reply));
    freeReplyObject(reply);
    return answer;
  }

 private:
  static constexpr timeval kLimit{60, 0};

  absl::Status Fault() const {
    return absl::UnavailableError(
        absl::StrCat("asking redis: ", context_ != nullptr ? context_->errstr : "no memory"));
  }

  redisContext* const context_;
};

}  // namespace

RedisServer::RedisServer(const RedisSettings& settings) : settings_(settings) {
  if (settings_.folder.empty()) own_folder_.emplace();
  folder_ = own_folder_ ? own_folder_->path()
                        : std::filesystem::absolute(settings_.folder).lexically_normal().string();
}

RedisServer::~RedisServer() {
  Kill();
  if (lock_ >= 0) close(lock_);
}

absl::StatusOr<std::unique_ptr<RedisServer>> RedisServer::Start(const RedisSettings& settings) {
  if (access(kServer, X_OK) != 0) {
    return absl::NotFoundError(absl::StrCat(kServer, " is not here; install redis-server"));
  }
  std::unique_ptr<RedisServer> server(new RedisServer(settings));
  RETURN_IF_ERROR(server->TakeFolder());
  RETURN_IF_ERROR(server->StartAgain());
  return server;
}

RedisServer& RedisServer::Shared() {
  static const absl::StatusOr<std::unique_ptr<RedisServer>> server =
      Start({.databases = kSharedDatabases});
  if (!server.ok()) {
    std::fprintf(stderr, "no Redis to test with: %s\n", server.status().ToString().c_str());
    std::exit(1);  // NOLINT(concurrency-mt-unsafe)
  }
  return **server;
}

RedisEndpoint RedisServer::NewDatabase() {
  static std::atomic<int> last{0};  // database 0 is anybody's
  const int db = ++last;
  if (db >= kSharedDatabases) {
    std::fprintf(stderr, "the shared Redis has no more databases\n");
    std::abort();
  }
  return Shared().endpoint(db);
}

absl::Status RedisServer::TakeFolder() {
  if (!ParseRedisAddress("unix:" + SocketPath()).ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat(folder_, ": too long a path for a Unix socket in it; choose another folder"));
  }
  ASSIGN_OR_RETURN(lock_, LockFolder(folder_));
  std::error_code error;
  std::filesystem::create_directories(folder_ + "/data", error);
  return error ? absl::InternalError(absl::StrCat("making ", folder_, "/data")) : absl::OkStatus();
}

absl::Status RedisServer::StartAgain() { return RunOnSomePort(true); }
absl::Status RedisServer::StartAgainLoading() { return RunOnSomePort(false); }

absl::Status RedisServer::RunOnSomePort(bool loaded) {
  if (process_ && !process_->Ended(milliseconds(0))) {
    return absl::FailedPreconditionError("the server runs already");
  }
  constexpr int kPorts = 5;  // another program may take one before the server does
  absl::Status started;
  for (int i = 0; i < kPorts; ++i) {
    const bool choose = port_ == 0;
    if (choose) {
      ASSIGN_OR_RETURN(port_, FreePort());
    }
    started = Run(loaded);
    if (started.ok() || !choose) return started;
    port_ = 0;
  }
  return started;
}

absl::Status RedisServer::Run(bool loaded) {
  const OpenFile log(OpenLog(LogPath()));
  ChildSettings settings;
  settings.command = Command();
  settings.output = log.get();
  settings.kept = lock_;
  settings.death_signal = SIGKILL;
  std::error_code ignored;
  std::filesystem::remove(SocketPath(), ignored);
  ASSIGN_OR_RETURN(process_, ChildProcess::Start(settings));
  return WaitUntilItAnswers(loaded);
}

absl::Status RedisServer::WaitUntilItAnswers(bool loaded) {
  const steady_clock::time_point end = steady_clock::now() + kServerPatience;
  while (true) {
    const absl::StatusOr<RedisReply> reply = Ask({"PING"});
    // A replica without its primary may refuse all but what asks for its state.
    if (reply.ok() && !(loaded && reply->IsError("LOADING"))) return absl::OkStatus();
    if (process_->Ended(kPollInterval)) {
      return absl::UnavailableError(absl::StrCat("redis-server ended: ", LastWords(LogPath())));
    }
    if (steady_clock::now() >= end) {
      Kill();
      return absl::DeadlineExceededError(
          absl::StrCat("redis-server did not answer: ", LastWords(LogPath())));
    }
  }
}

std::vector<std::string> RedisServer::Command() const {
  std::vector<std::string> command = {kServer,
                                      "--bind",
                                      "127.0.0.1",
                                      "--port",
                                      absl::StrCat(port_),
                                      "--unixsocket",
                                      SocketPath(),
                                      "--dir",
                                      folder_ + "/data",
                                      "--save",
                                      "",
                                      "--databases",
                                      absl::StrCat(settings_.databases),
                                      "--maxmemory",
                                      absl::StrCat(settings_.max_memory_bytes),
                                      "--appendonly",
                                      settings_.append_only ? "yes" : "no",
                                      "--appendfsync",
                                      settings_.append_fsync,
                                      "--enable-debug-command",
                                      "yes"};
  const auto add = [&command](std::initializer_list<std::string> words) {
    command.insert(command.end(), words);
  };
  if (!settings_.password.empty()) add({"--requirepass", settings_.password});
  if (settings_.replica_of) {
    add({"--replicaof", settings_.replica_of->host, absl::StrCat(settings_.replica_of->port)});
    const std::string& password = settings_.replica_of->password;
    if (!password.empty()) add({"--masterauth", password});
  }
  command.insert(command.end(), settings_.arguments.begin(), settings_.arguments.end());
  return command;
}

absl::Status RedisServer::Stop() {
  if (!process_) return absl::OkStatus();
  return StopInOrder(*process_, "redis-server", LogPath());
}

void RedisServer::Kill() {
  if (process_) process_->Kill();
}

void RedisServer::Freeze() const {
  if (process_) process_->Signal(SIGSTOP);
}

void RedisServer::Thaw() const {
  if (process_) process_->Signal(SIGCONT);
}

absl::StatusOr<RedisReply> RedisServer::Ask(const std::vector<std::string>& command, int db) const {
  Client client(SocketPath());
  if (!settings_.password.empty()) {
    RETURN_IF_ERROR(client.Ask({"AUTH", settings_.password}).status());
  }
  if (db != 0) {
    RETURN_IF_ERROR(client.Ask({"SELECT", absl::StrCat(db)}).status());
  }
  return client.Ask(command);
}

RedisEndpoint RedisServer::endpoint(int db) const {
  RedisEndpoint endpoint;
  endpoint.host = "127.0.0.1";
  endpoint.port = port_;
  endpoint.password = settings_.password;
  endpoint.db = db;
  return endpoint;
}

RedisEndpoint RedisServer::socket_endpoint(int db) const {
  RedisEndpoint endpoint = this->endpoint(db);
  endpoint.socket = SocketPath();
  return endpoint;
}

}  // namespace inventory
