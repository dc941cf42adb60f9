#include "server/process.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <future>
#include <memory>
#include <utility>

#include "api/inventory_api.h"
#include "base/clock.h"
#include "base/status_macros.h"
#include "http/http_server.h"
#include "ledger/written_ledger.h"
#include "metrics/metrics_page.h"
#include "rpc/rpc_server.h"
#include "server/access_setup.h"
#include "server/open_files.h"
#include "server/reach.h"
#include "server/service_manager.h"
#include "server/stop_signal.h"
#include "server/version.h"
#include "service/inventory_service.h"
#include "stock/stock_store.h"
#include "store/embedded/embedded_store.h"
#include "store/memory/memory_store.h"
#include "store/mysql/mysql_store.h"
#include "store/redis/redis_store.h"
#include "telemetry/log.h"

namespace inventory {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// How often the store's health, and files that may change, are looked at.
constexpr milliseconds kLookInterval{1'000};
// What a store gets where finishing the calls has used up the limit: closing takes little.
constexpr milliseconds kLeastTimeToClose{2'000};
// How old a figure may be that inventory.enable_cache allows.
constexpr milliseconds kCacheTtl{200};
constexpr int kRedisBatchesInFlight = 1'024;
constexpr std::int64_t kLedgerConnections = 4;
// For as many event streams as the service takes watches, and the store's own files.
constexpr std::int64_t kOpenFilesWanted = 14'000;

LogSettings MakeLogSettings(const Config& config) {
  LogSettings settings;
  settings.level = config.log_level == "debug"   ? LogLevel::kDebug
                   : config.log_level == "warn"  ? LogLevel::kWarning
                   : config.log_level == "error" ? LogLevel::kError
                                                 : LogLevel::kInfo;
  settings.json = config.log_format == "json";
  settings.output = config.log_output;
  return settings;
}

ServiceSettings MakeServiceSettings(const Config& config) {
  ServiceSettings settings;
  settings.queue_limit = static_cast<std::size_t>(config.service_queue_limit);
  settings.batch_limit = static_cast<std::size_t>(config.service_batch_limit);
  settings.reservation_ttl = config.reservation_ttl * 1'000;
  settings.warning_threshold = static_cast<Quantity>(config.inventory_warning_threshold);
  // The other stores answer from memory, exactly.
  const bool is_remote = config.store == "mysql" || config.store == "redis";
  if (config.inventory_enable_cache && is_remote) settings.cache_ttl = kCacheTtl;
  // It puts batches together by itself, and one that waits for the ledger holds up no other.
  if (config.store == "redis") settings.batches_in_flight = kRedisBatchesInFlight;
  return settings;
}

milliseconds TimeLeft(steady_clock::time_point deadline) {
  return std::max(milliseconds(0),
                  std::chrono::duration_cast<milliseconds>(deadline - steady_clock::now()));
}

// The objects of a running service, each using the ones before it.
class Process {
 public:
  explicit Process(const LoadedConfig& loaded) : loaded_(loaded), config_(loaded.config) {}

  absl::Status Start();

  // Until a signal asks to stop. A store that no longer serves takes the health answer with it.
  void Run();

  // Finishes what was accepted, within server.stop_limit, and closes the store. Ends the process
  // where the store does not close, as one on a database that hangs.
  absl::Status Stop();

 private:
  absl::Status OpenStore();
  absl::Status OpenEmbedded();
  absl::Status OpenMysql();
  absl::Status OpenRedis();
  absl::Status CloseStore(steady_clock::time_point deadline);
  absl::Status StartHttp();
  void LookAtHealth();
  std::string StatusLine() const;  // for the service manager
  void BecomeReady();
  void SetServing(bool serving);

  const LoadedConfig& loaded_;
  const Config& config_;
  const steady_clock::time_point started_at_ = steady_clock::now();
  const SteadyClock clock_;
  std::unique_ptr<StockStore> store_;
  std::unique_ptr<InventoryService> service_;
  std::unique_ptr<InventoryApi> api_;
  Reach reach_;
  Access access_;
  std::unique_ptr<TokenFile> token_file_;  // null: there is none
  std::unique_ptr<TlsFiles> tls_;          // null: without TLS
  std::unique_ptr<MetricsPage> metrics_;
  std::unique_ptr<RpcServer> rpc_;
  std::unique_ptr<HttpServer> http_;  // null: off
  absl::Status health_;               // of the store, as last seen
  bool has_been_ready_ = false;
};

absl::Status Process::Start() {
  ASSIGN_OR_RETURN(reach_, DecideReach(config_));
  if (!reach_.warning.empty()) LogWarn(reach_.warning);
  ASSIGN_OR_RETURN(token_file_, OpenTokens(config_, access_));
  ASSIGN_OR_RETURN(tls_, OpenTls(config_));
  RETURN_IF_ERROR(OpenStore());
  service_ = InventoryService::Make(*store_, MakeServiceSettings(config_));
  api_ = std::make_unique<InventoryApi>(
      *service_, ProcessInfo{.version = kVersion, .commit = kCommit, .started_at = clock_.Now()});
  metrics_ = std::make_unique<MetricsPage>(*api_, *service_, access_);
  RpcSettings settings;
  settings.address = reach_.server_address;
  settings.port = static_cast<int>(config_.server_port);
  settings.threads = static_cast<int>(config_.server_threads);
  settings.tls = tls_.get();
  StopSignal::Listen();  // from here on there may be something to finish
  ASSIGN_OR_RETURN(rpc_, RpcServer::Start(*api_, access_, settings));
  RETURN_IF_ERROR(StartHttp());
  health_ = store_->Status().health;
  TellManagerStarted(StatusLine());
  if (health_.ok()) {
    BecomeReady();
  } else {
    LogWarn("waiting for the store; calls are refused until it is there",
            {{"location", store_->Status().location},
             {"reason", std::string(health_.message())},
             {"address", reach_.server_address},
             {"port", rpc_->port()}});
  }
  return absl::OkStatus();
}

absl::Status Process::StartHttp() {
  if (config_.http_port == 0) return absl::OkStatus();
  HttpSettings settings;
  settings.address = reach_.http_address;
  settings.tls = tls_.get();
  settings.port = static_cast<int>(config_.http_port);
  settings.metrics = [this] { return metrics_->Text(); };
  absl::StatusOr<std::unique_ptr<HttpServer>> started = HttpServer::Start(*api_, access_, settings);
  if (absl::IsAlreadyExists(started.status()) && !loaded_.http_port_given) {
    // Nobody asked for it: a second service on the machine, or a program that was there before.
    LogWarn("HTTP is off", {{"reason", std::string(started.status().message())}});
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(http_, std::move(started));
  LogInfo("HTTP is on", {{"address", reach_.http_address}, {"port", http_->port()}});
  return absl::OkStatus();
}

absl::Status Process::OpenStore() {
  if (config_.store == "memory") {
    store_ = MakeMemoryStore(clock_);
    LogWarn("the memory store is for trials: nothing survives this process");
    return absl::OkStatus();
  }
  if (config_.store == "redis") return OpenRedis();
  return config_.store == "mysql" ? OpenMysql() : OpenEmbedded();
}

absl::Status Process::OpenRedis() {
  if (config_.database_dsn.empty()) {
    return absl::FailedPreconditionError(
        "the redis store needs a database behind it, which remembers what Redis may forget: set "
        "database.dsn");
  }
  RedisStoreSettings settings;
  ASSIGN_OR_RETURN(settings.endpoint, ParseRedisAddress(config_.redis_addr));
  settings.endpoint.password = config_.redis_password;
  settings.endpoint.db = static_cast<int>(config_.redis_db);
  settings.idempotency_ttl = config_.redis_idempotency_ttl * 1'000;
  settings.outbox_limit = static_cast<std::uint64_t>(config_.redis_outbox_limit);
  settings.wait_replicas = static_cast<int>(config_.redis_wait_replicas);
  settings.sync_interval = std::chrono::seconds(config_.inventory_sync_interval);
  LedgerSettings ledger;
  ASSIGN_OR_RETURN(ledger.dsn, ParseDsn(config_.database_dsn));
  ledger.max_connections =
      static_cast<int>(std::min<std::int64_t>(config_.database_max_open_conns, kLedgerConnections));
  ledger.redis = settings.endpoint;
  ledger.idempotency_ttl = settings.idempotency_ttl;
  ledger.outbox_keep = config_.redis_outbox_keep * 1'000;
  ASSIGN_OR_RETURN(std::unique_ptr<Ledger> opened, OpenLedger(ledger));
  store_ = OpenRedisStore(settings, std::move(opened));
  return absl::OkStatus();
}

absl::Status Process::OpenMysql() {
  MysqlSettings settings;
  ASSIGN_OR_RETURN(settings.dsn, ParseDsn(config_.database_dsn));
  settings.max_connections = static_cast<int>(config_.database_max_open_conns);
  ASSIGN_OR_RETURN(store_, OpenMysqlStore(settings));
  return absl::OkStatus();
}

absl::Status Process::OpenEmbedded() {
  EmbeddedSettings settings;
  settings.path = config_.embedded_path;
  settings.cached_lines = static_cast<std::size_t>(config_.embedded_cached_lines);
  ASSIGN_OR_RETURN(OpenedEmbeddedStore opened, OpenEmbeddedStore(settings));
  store_ = std::move(opened.store);
  if (opened.created) {
    LogWarn("made a new, empty store; if you expected stock here, stop and check embedded.path",
            {{"location", store_->Status().location}});
  }
  return absl::OkStatus();
}

void Process::BecomeReady() {
  has_been_ready_ = true;
  SetServing(true);
  const StoreStatus status = store_->Status();
  LogInfo("ready", {{"store", status.name},
                    {"because", loaded_.store_reason},
                    {"location", status.location},
                    {"durability", status.durability},
                    {"address", reach_.server_address},
                    {"port", rpc_->port()}});
}

void Process::SetServing(bool serving) {
  rpc_->SetServing(serving);
  if (http_) http_->SetServing(serving);
}

std::string Process::StatusLine() const {
  const StoreStatus status = store_->Status();
  return health_.ok() ? fmt::format("serves from the {} store at {}", status.name, status.location)
                      : fmt::format("waits for the {} store at {}: {}", status.name,
                                    status.location, std::string(health_.message()));
}

void Process::Run() {
  while (!StopSignal::WaitFor(kLookInterval)) {
    LookAtHealth();
    if (token_file_) token_file_->LookAgain();
    if (tls_) tls_->LookAgain();
  }
}

void Process::LookAtHealth() {
  const absl::Status before = std::exchange(health_, store_->Status().health);
  if (health_ == before) return;
  TellManagerStatus(StatusLine());
  if (!health_.ok()) {
    SetServing(false);
    LogError("the store does not serve", {{"reason", std::string(health_.message())}});
  } else if (has_been_ready_) {
    SetServing(true);
    LogInfo("the store serves again");
  } else {
    BecomeReady();
  }
}

absl::Status Process::Stop() {
  const steady_clock::time_point deadline =
      steady_clock::now() + std::chrono::seconds(config_.server_stop_limit);
  TellManagerStopping();
  LogInfo("stopping; a second signal ends the process at once",
          {{"limit_seconds", config_.server_stop_limit}});
  SetServing(false);
  // Accepted calls end by themselves while the listeners wait; the service has then little to do.
  // Both begin at once, so that what one is slow with does not shorten the other's time.
  if (http_) http_->BeginStop();
  rpc_->Stop(std::chrono::seconds(config_.server_stop_limit));
  if (http_) http_->Stop(TimeLeft(deadline));
  service_->Stop(TimeLeft(deadline));
  const absl::Status closed = CloseStore(deadline);
  const ServiceFigures figures = service_->Figures();
  const auto uptime =
      std::chrono::duration_cast<std::chrono::seconds>(steady_clock::now() - started_at_);
  LogInfo("stopped", {{"commands", figures.commands},
                      {"batches", figures.batches},
                      {"expired", figures.expired},
                      {"refused_full", figures.refused_full},
                      {"uptime_seconds", uptime.count()}});
  return closed;
}

absl::Status Process::CloseStore(steady_clock::time_point deadline) {
  auto closing = std::async(std::launch::async, [this] { return store_->Close(); });
  deadline = std::max(deadline, steady_clock::now() + kLeastTimeToClose);
  if (closing.wait_until(deadline) == std::future_status::ready) return closing.get();
  LogError("the store did not close in time; ending all the same: what was answered is safe",
           {{"limit_seconds", config_.server_stop_limit}});
  _exit(kExitFailed);
}

ExitStatus Fail(const Config& config, const char* what, const absl::Status& status) {
  const std::string line = fmt::format("{}: {}", what, std::string(status.message()));
  LogError(line);
  if (config.log_output != "stderr") fmt::print(stderr, "inventory-service: {}\n", line);
  return kExitFailed;
}

}  // namespace

ExitStatus Serve(const LoadedConfig& loaded, const std::string& origin) {
  const Config& config = loaded.config;
  signal(SIGPIPE, SIG_IGN);  // a log into a closed pipe must not end the service
  if (absl::Status status = StartLogging(MakeLogSettings(config)); !status.ok()) {
    return Fail(Config(), "cannot start", status);
  }
  LogInfo("starting", {{"version", kVersion},
                       {"commit", kCommit},
                       {"configuration", origin},
                       {"process", getpid()}});
  for (const std::string& warning : loaded.warnings) LogWarn(warning);

  const std::int64_t open_files = RaiseOpenFilesLimit();
  if (config.http_port != 0 && open_files < kOpenFilesWanted) {
    LogWarn(
        "few files may be open at once, so few event streams: raise the hard limit (ulimit -Hn, "
        "or LimitNOFILE= of the unit)",
        {{"limit", open_files}, {"wanted", kOpenFilesWanted}});
  }

  Process process(loaded);
  if (absl::Status status = process.Start(); !status.ok()) {
    return Fail(config, "cannot start", status);
  }
  process.Run();
  if (absl::Status status = process.Stop(); !status.ok()) {
    return Fail(config, "the store did not close", status);
  }
  return kExitOk;
}

}  // namespace inventory
