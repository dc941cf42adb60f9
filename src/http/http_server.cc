#include "http/http_server.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <exception>
#include <map>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "http/http_connection.h"
#include "http/tls_context.h"
#include "telemetry/log.h"

namespace inventory {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using std::chrono::milliseconds;

// Connections past the limit that are being told so; further ones are closed without a word.
constexpr std::size_t kRefusedAtOnce = 64;
// After an accept that failed, as when the process has no file descriptor left.
constexpr milliseconds kAcceptAgain{100};

absl::Status ListenError(const std::string& address, int port, const error_code& error) {
  const std::string what = absl::StrCat("cannot listen on ", address, ":", port, ": ");
  if (error == asio::error::address_in_use) {
    return absl::AlreadyExistsError(what +
                                    "the port is taken; stop the process that has it (ss -ltnp "
                                    "names it), or choose another http.port");
  }
  if (error == asio::error::access_denied) {
    return absl::PermissionDeniedError(what + "no permission; choose an http.port above 1023");
  }
  if (error == boost::system::errc::address_not_available ||
      error.category() == asio::error::get_netdb_category()) {
    return absl::InvalidArgumentError(
        what + "no address of this machine; let http.address be one, or 0.0.0.0 for all");
  }
  return absl::UnavailableError(what + error.message());
}

class GatewayServer final : public HttpServer, private HttpConnection::Owner {
 public:
  GatewayServer(InventoryApi& api, Access& access, const HttpSettings& settings)
      : access_(access),
        limits_(settings.limits),
        router_(api, access, settings.limits.call, settings.metrics),
        tls_(settings.tls) {}
  ~GatewayServer() override { Stop(milliseconds(0)); }

  absl::Status Listen(const std::string& address, int port);

  int port() const override { return port_; }
  void SetServing(bool serving) override { router_.SetServing(serving); }
  void BeginStop() override;
  void Stop(milliseconds limit) override;

 private:
  // The rest is the loop thread's.
  bool draining() const override { return draining_; }
  void Ended(HttpConnection& connection) override;
  void Became(HttpConnection& connection, std::shared_ptr<HttpConnection> stream) override;
  void Run();
  void Accept();
  void AwaitPlace();
  void OnPlace();
  void Admit(tcp::socket socket);
  void Drain();
  void AbortAll();
  std::vector<std::shared_ptr<HttpConnection>> All() const;

  const Access& access_;
  const HttpLimits limits_;
  HttpRouter router_;
  TlsContext tls_;
  asio::io_context loop_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_ = asio::make_work_guard(loop_);
  tcp::acceptor acceptor_{loop_};
  asio::steady_timer accept_again_{loop_};
  const HttpShared shared_{router_, access_, limits_, std::make_shared<LoopGate>(loop_), *this};
  bool is_waiting_ = false;   // there are as many connections as may be: until one ends
  bool is_refusing_ = false;  // it was waited in vain
  bool draining_ = false;
  std::map<const HttpConnection*, std::shared_ptr<HttpConnection>> connections_;
  std::map<const HttpConnection*, std::shared_ptr<HttpConnection>> streams_;
  int port_ = 0;
  std::thread thread_;

  Mutex stop_mutex_;  // one Stop at a time
  bool stopped_ ABSL_GUARDED_BY(stop_mutex_) = false;
  Mutex mutex_;
  CondVar changed_;
  bool drained_ ABSL_GUARDED_BY(mutex_) = false;  // draining, and no connection is left
};

absl::Status GatewayServer::Listen(const std::string& address, int port) {
  error_code error;
  const auto found =
      tcp::resolver(loop_).resolve(address, std::to_string(port),
                                   tcp::resolver::passive | tcp::resolver::numeric_service, error);
  if (error) return ListenError(address, port, error);
  const tcp::endpoint endpoint = found.begin()->endpoint();
  acceptor_.open(endpoint.protocol(), error);
  if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor_.bind(endpoint, error);
  if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
  if (error) return ListenError(address, port, error);
  port_ = acceptor_.local_endpoint(error).port();
  Accept();
  thread_ = std::thread([this] { Run(); });
  return absl::OkStatus();
}

void GatewayServer::Run() {
  for (;;) {
    try {
      loop_.run();
      return;
    } catch (const std::exception& error) {  // out of memory, say: one connection's, not all's
      LogError("an HTTP request ended by an exception", {{"reason", error.what()}});
    }
  }
}

void GatewayServer::Accept() {
  if (connections_.size() >= limits_.connections && !is_refusing_) return AwaitPlace();
  acceptor_.async_accept([this](error_code error, tcp::socket socket) {
    if (draining_) return;
    if (!error) {
      Admit(std::move(socket));
      return Accept();
    }
    accept_again_.expires_after(kAcceptAgain);
    accept_again_.async_wait([this](error_code) {
      if (!draining_) Accept();
    });
  });
}

// Thousands of streams that are opened at once, as after a restart, are connections for a moment
// each: the kernel keeps those that wait. Where no place comes, callers are told so.
void GatewayServer::AwaitPlace() {
  is_waiting_ = true;
  accept_again_.expires_after(limits_.place);
  accept_again_.async_wait([this](error_code) {
    is_waiting_ = false;
    if (draining_) return;
    is_refusing_ = connections_.size() >= limits_.connections;
    Accept();
  });
}

void GatewayServer::OnPlace() {
  if (connections_.size() >= limits_.connections) return;
  is_refusing_ = false;
  error_code ignored;
  if (is_waiting_) accept_again_.cancel(ignored);
}

void GatewayServer::Admit(tcp::socket socket) {
  if (connections_.size() >= limits_.connections + kRefusedAtOnce) return;
  error_code ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  const bool is_full = connections_.size() >= limits_.connections;
  const auto connection =
      MakeHttpConnection(CallerStream(std::move(socket), tls_.Current()), shared_, is_full);
  connections_.emplace(connection.get(), connection);
  connection->Start();
}

void GatewayServer::Became(HttpConnection& connection, std::shared_ptr<HttpConnection> stream) {
  streams_.emplace(stream.get(), stream);
  connections_.erase(&connection);
  OnPlace();
  stream->Start();
}

void GatewayServer::Ended(HttpConnection& connection) {
  connections_.erase(&connection);
  streams_.erase(&connection);
  OnPlace();
  if (!draining_ || !connections_.empty() || !streams_.empty()) return;
  MutexLock lock(mutex_);
  drained_ = true;
  changed_.NotifyAll();
}

std::vector<std::shared_ptr<HttpConnection>> GatewayServer::All() const {
  std::vector<std::shared_ptr<HttpConnection>> all;
  for (const auto& [key, connection] : connections_) all.push_back(connection);
  for (const auto& [key, stream] : streams_) all.push_back(stream);
  return all;
}

void GatewayServer::BeginStop() {
  asio::post(loop_, [this] { Drain(); });
}

void GatewayServer::Drain() {
  if (draining_) return;
  draining_ = true;
  error_code ignored;
  acceptor_.close(ignored);
  accept_again_.cancel(ignored);
  for (const auto& connection : All()) connection->Drain();
  if (!connections_.empty() || !streams_.empty()) return;
  MutexLock lock(mutex_);
  drained_ = true;
  changed_.NotifyAll();
}

void GatewayServer::AbortAll() {
  for (const auto& connection : All()) connection->Abort();
}

void GatewayServer::Stop(milliseconds limit) {
  MutexLock stop_lock(stop_mutex_);
  if (stopped_ || !thread_.joinable()) return;
  stopped_ = true;
  const auto until = std::chrono::steady_clock::now() + limit;
  SetServing(false);
  BeginStop();
  {
    MutexLock lock(mutex_);
    while (!drained_) {
      const auto left = std::chrono::ceil<milliseconds>(until - std::chrono::steady_clock::now());
      if (left.count() <= 0) break;
      changed_.WaitFor(mutex_, left);
    }
  }
  shared_.gate->Close();  // what is answered from here on is for nobody
  asio::post(loop_, [this] { AbortAll(); });
  work_.reset();
  thread_.join();
}

}  // namespace

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(InventoryApi& api, Access& access,
                                                              const HttpSettings& settings) {
  auto server = std::make_unique<GatewayServer>(api, access, settings);
  absl::Status listening = server->Listen(settings.address, settings.port);
  if (!listening.ok()) return listening;
  return server;
}

}  // namespace inventory
