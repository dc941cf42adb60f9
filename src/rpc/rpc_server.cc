#include "rpc/rpc_server.h"

#include <grpc/grpc.h>
#include <grpc/support/log.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/impl/server_builder_option.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <deque>
#include <thread>
#include <utility>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "google/protobuf/stubs/logging.h"
#include "rpc/call.h"
#include "rpc/health.h"
#include "rpc/listen_error.h"
#include "rpc/method_roles.h"
#include "rpc/served_rpc_server.h"
#include "rpc/tls_credentials.h"
#include "telemetry/log.h"

namespace inventory {
namespace {

// 10,000 items are about 400 kB; more than this is no request of ours.
constexpr int kMaxRequestBytes = 4 * 1'024 * 1'024;
// Reflection is served by gRPC's own threads.
constexpr int kReflectionThreads = 4;

// gRPC's own words are for who looks into it; what an operator must know is in our errors.
void LogForGrpc(gpr_log_func_args* line) {
  LogDebug(line->message, {{"grpc_file", line->file}, {"grpc_line", line->line}});
}

void SetUpGrpcOnce() {
  static const bool done = [] {
    // Held until the process ends: giving up the last hold makes gRPC wait up to 10 s for a poller
    // of its own.
    grpc_init();
    gpr_set_log_function(LogForGrpc);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
    // Debian's Abseil looks for lock cycles in release builds too, at every lock gRPC takes.
    absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
    // A text that is not UTF-8 is answered to who sent it; callers don't write our log.
    google::protobuf::SetLogHandler(nullptr);
    return true;
  }();
  static_cast<void>(done);
}

// Reflection answers by itself, and so to everybody: it is left out where tokens are asked for.
class WithoutReflection final : public grpc::ServerBuilderOption {
 public:
  void UpdateArguments(grpc::ChannelArguments*) override {}
  void UpdatePlugins(std::vector<std::unique_ptr<grpc::ServerBuilderPlugin>>* plugins) override {
    plugins->clear();  // there is no other plugin
  }
};

class GrpcServer final : public RpcServer {
 public:
  GrpcServer(ServedMethods methods, Access& access)
      : access_(access), methods_(std::move(methods)) {
    health_.AddTo(methods_);
    for (const char* name : {"inventory.v1.InventoryService", "inventory.v1.InventoryAdminService",
                             "grpc.health.v1.Health"}) {
      services_.emplace_back(
          *google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(name));
    }
  }
  ~GrpcServer() override { Stop(std::chrono::milliseconds(0)); }

  absl::Status Listen(const RpcSettings& settings);

  int port() const override { return port_; }

  void SetServing(bool serving) override { health_.SetServing(serving); }

  void Stop(std::chrono::milliseconds limit) override;

 private:
  void Offer(RawService& service, grpc::ServerCompletionQueue& queue, ReplyQueue& replies);

  Access& access_;
  HealthService health_;
  ServedMethods methods_;
  std::deque<RawService> services_;
  int port_ = 0;
  const std::shared_ptr<CallTracker> tracker_ = std::make_shared<CallTracker>();
  std::deque<OfferedMethod> offered_;
  std::vector<std::unique_ptr<grpc::ServerCompletionQueue>> queues_;
  std::deque<ReplyQueue> replies_;  // one a queue
  std::shared_ptr<grpc::ServerCredentials> credentials_;
  std::unique_ptr<grpc::Server> server_;
  std::vector<std::thread> pollers_;

  Mutex stop_mutex_;
  bool stopped_ ABSL_GUARDED_BY(stop_mutex_) = false;
};

absl::Status GrpcServer::Listen(const RpcSettings& settings) {
  SetUpGrpcOnce();
  credentials_ =
      settings.tls ? MakeTlsCredentials(*settings.tls) : grpc::InsecureServerCredentials();
  grpc::ServerBuilder builder;
  const bool ipv6 = settings.address.find(':') != std::string::npos;
  const std::string host = ipv6 ? "[" + settings.address + "]" : settings.address;
  builder.AddListeningPort(host + ":" + std::to_string(settings.port), credentials_, &port_);
  if (!access_.open()) builder.SetOption(std::make_unique<WithoutReflection>());
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.SetMaxReceiveMessageSize(kMaxRequestBytes);
  builder.SetSyncServerOption(grpc::ServerBuilder::NUM_CQS, 1);
  builder.SetSyncServerOption(grpc::ServerBuilder::MIN_POLLERS, 1);
  builder.SetSyncServerOption(grpc::ServerBuilder::MAX_POLLERS, 1);
  builder.SetResourceQuota(grpc::ResourceQuota("rpc").SetMaxThreads(kReflectionThreads));
  for (RawService& service : services_) builder.RegisterService(&service);
  for (int i = 0; i < settings.threads; ++i) queues_.push_back(builder.AddCompletionQueue());
  server_ = builder.BuildAndStart();
  if (!server_) {
    for (auto& queue : queues_) {
      queue->Shutdown();
      Poll(*queue);
    }
    queues_.clear();
    return ListenError(settings.address, settings.port);
  }
  for (auto& queue : queues_) {
    ReplyQueue& replies = replies_.emplace_back(*queue);
    for (RawService& service : services_) Offer(service, *queue, replies);
    pollers_.emplace_back([&queue] { Poll(*queue); });
  }
  return absl::OkStatus();
}

void GrpcServer::Offer(RawService& service, grpc::ServerCompletionQueue& queue,
                       ReplyQueue& replies) {
  for (int i = 0; i < service.descriptor().method_count(); ++i) {
    const google::protobuf::MethodDescriptor& method = *service.descriptor().method(i);
    OfferedMethod& offered =
        offered_.emplace_back(OfferedMethod{service, i, access_, NeededRole(method.full_name()),
                                            nullptr, nullptr, nullptr, queue, replies, tracker_});
    if (!RawService::IsStreaming(method)) {
      offered.unary = &methods_.unary.at(method.full_name());
      OfferUnaryCall(offered);
    } else if (const auto stream = methods_.streams.find(method.full_name());
               stream != methods_.streams.end()) {
      offered.stream = &stream->second;
      OfferStreamCall(offered);
    } else {
      offered.upload = &methods_.uploads.at(method.full_name());
      OfferUploadCall(offered);
    }
  }
}

void GrpcServer::Stop(std::chrono::milliseconds limit) {
  MutexLock lock(stop_mutex_);
  if (stopped_ || !server_) return;
  stopped_ = true;
  SetServing(false);
  tracker_->Drain(limit);
  tracker_->StopOffering();
  // What is left is past the limit, or reflection, which has no end of its own.
  server_->Shutdown(std::chrono::system_clock::now());
  tracker_->Close();
  for (auto& queue : queues_) queue->Shutdown();
  for (std::thread& poller : pollers_) poller.join();
}

}  // namespace

absl::StatusOr<std::unique_ptr<RpcServer>> StartRpcServer(ServedMethods methods, Access& access,
                                                          const RpcSettings& settings) {
  auto server = std::make_unique<GrpcServer>(std::move(methods), access);
  if (absl::Status listening = server->Listen(settings); !listening.ok()) return listening;
  return server;
}

absl::StatusOr<std::unique_ptr<RpcServer>> RpcServer::Start(InventoryApi& api, Access& access,
                                                            const RpcSettings& settings) {
  return StartRpcServer(MakeServedMethods(api), access, settings);
}

}  // namespace inventory
