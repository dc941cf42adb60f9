#include "client/inventory_client.h"

#include <grpcpp/channel.h>
#include <grpcpp/generic/generic_stub.h>

#include <thread>
#include <tuple>
#include <utility>

#include "absl/random/random.h"
#include "absl/strings/str_cat.h"
#include "base/backoff.h"
#include "base/status_macros.h"
#include "client/channel.h"
#include "grpc/health/v1/health.pb.h"
#include "inventory/v1/inventory.grpc.pb.h"

namespace inventory {
namespace {

using Sales = v1::InventoryService::Stub;
using Admin = v1::InventoryAdminService::Stub;
using TimePoint = std::chrono::system_clock::time_point;

absl::Status ToAbsl(const grpc::Status& status) {
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
}

// Waits before the next attempt. False, at once, where there may be none.
bool PauseBeforeRetry(int failures, const CallSettings& settings, TimePoint deadline) {
  if (failures >= settings.attempts) return false;
  thread_local absl::BitGen random;
  const auto wait = Backoff(failures, settings.first_backoff, settings.longest_backoff,
                            absl::Uniform(random, 0.0, 1.0));
  if (std::chrono::system_clock::now() + wait >= deadline) return false;
  std::this_thread::sleep_for(wait);
  return true;
}

template <typename Response>
absl::Status ReadAll(grpc::ClientContext& context, grpc::ClientReader<Response>& reader,
                     absl::FunctionRef<bool(const Response&)> on_answer) {
  Response response;
  while (reader.Read(&response)) {
    if (on_answer(response)) continue;
    context.TryCancel();
    reader.Finish();
    return absl::OkStatus();
  }
  return ToAbsl(reader.Finish());
}

}  // namespace

// The channel, the stubs and how calls are sent.
class InventoryClient::Calls {
 public:
  enum class Repeat { kSafe, kNever };
  using SendFunction = absl::FunctionRef<grpc::Status(grpc::ClientContext*)>;

  Calls(std::shared_ptr<grpc::Channel> channel, CallSettings settings)
      : channel_(std::move(channel)),
        settings_(settings),
        stubs_(v1::InventoryService::NewStub(channel_),
               v1::InventoryAdminService::NewStub(channel_)) {}

  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }
  template <typename Stub>
  Stub& stub() const {
    return *std::get<std::unique_ptr<Stub>>(stubs_);
  }

  template <typename Stub, typename Request, typename Response>
  absl::StatusOr<Response> Call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                             Response*),
                                const Request& request, Repeat repeat = Repeat::kSafe) {
    Response response;
    const auto send = [&](grpc::ClientContext* context) {
      return (stub<Stub>().*method)(context, request, &response);
    };
    RETURN_IF_ERROR(repeat == Repeat::kSafe ? SendWithRetries(send) : SendOnce(send));
    return response;
  }

  absl::Status SendWithRetries(SendFunction send);
  absl::Status SendOnce(SendFunction send);

 private:
  const std::shared_ptr<grpc::Channel> channel_;
  const CallSettings settings_;
  const std::tuple<std::unique_ptr<Sales>, std::unique_ptr<Admin>> stubs_;
};

InventoryClient::InventoryClient(std::shared_ptr<grpc::Channel> channel, CallSettings settings)
    : calls_(std::make_unique<Calls>(std::move(channel), settings)) {}
InventoryClient::~InventoryClient() = default;

absl::Status InventoryClient::Calls::SendWithRetries(SendFunction send) {
  const TimePoint deadline = std::chrono::system_clock::now() + settings_.timeout;
  for (int attempt = 1;; ++attempt) {
    grpc::ClientContext context;
    context.set_deadline(deadline);
    const absl::Status status = ToAbsl(send(&context));
    if (!absl::IsUnavailable(status) || !PauseBeforeRetry(attempt, settings_, deadline)) {
      return status;
    }
  }
}

// Connecting may be tried again, because nothing has left; the request itself may not.
absl::Status InventoryClient::Calls::SendOnce(SendFunction send) {
  const TimePoint deadline = std::chrono::system_clock::now() + settings_.timeout;
  for (int attempt = 1;; ++attempt) {
    const absl::Status connected = Connect(*channel_, deadline);
    if (connected.ok()) break;
    if (!absl::IsUnavailable(connected) || !PauseBeforeRetry(attempt, settings_, deadline)) {
      return connected;
    }
  }
  grpc::ClientContext context;
  context.set_deadline(deadline);
  const absl::Status status = ToAbsl(send(&context));
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kUnknown:
      return absl::Status(
          status.code(),
          absl::StrCat(
              "outcome unknown (unless the rest says that nothing was done): ", status.message(),
              "; without an idempotency key the request was not sent again: look at what "
              "is recorded before repeating it"));
    default: return status;
  }
}

absl::StatusOr<v1::GetStockResponse> InventoryClient::GetStock(const v1::GetStockRequest& request) {
  return calls_->Call(&Sales::GetStock, request);
}

absl::StatusOr<v1::BatchGetStockResponse> InventoryClient::BatchGetStock(
    const v1::BatchGetStockRequest& request) {
  return calls_->Call(&Sales::BatchGetStock, request);
}

absl::StatusOr<v1::DeductStockResponse> InventoryClient::DeductStock(
    const v1::DeductStockRequest& request) {
  return calls_->Call(&Sales::DeductStock, request);
}

absl::StatusOr<v1::ReleaseStockResponse> InventoryClient::ReleaseStock(
    const v1::ReleaseStockRequest& request) {
  return calls_->Call(&Sales::ReleaseStock, request);
}

absl::StatusOr<v1::RestockInventoryResponse> InventoryClient::RestockInventory(
    const v1::RestockInventoryRequest& request) {
  return calls_->Call(&Sales::RestockInventory, request,
                      request.request_id().empty() ? Calls::Repeat::kNever : Calls::Repeat::kSafe);
}

absl::StatusOr<v1::GetInventoryLogsResponse> InventoryClient::GetInventoryLogs(
    const v1::GetInventoryLogsRequest& request) {
  return calls_->Call(&Sales::GetInventoryLogs, request);
}

absl::StatusOr<v1::BatchDeductStockResponse> InventoryClient::BatchDeductStock(
    const v1::BatchDeductStockRequest& request) {
  return calls_->Call(&Sales::BatchDeductStock, request);
}

absl::StatusOr<v1::ReserveStockResponse> InventoryClient::ReserveStock(
    const v1::ReserveStockRequest& request) {
  return calls_->Call(&Sales::ReserveStock, request);
}

absl::StatusOr<v1::ConfirmReservationResponse> InventoryClient::ConfirmReservation(
    const v1::ConfirmReservationRequest& request) {
  return calls_->Call(&Sales::ConfirmReservation, request);
}

absl::StatusOr<v1::CancelReservationResponse> InventoryClient::CancelReservation(
    const v1::CancelReservationRequest& request) {
  return calls_->Call(&Sales::CancelReservation, request);
}

absl::StatusOr<v1::GetReservationResponse> InventoryClient::GetReservation(
    const v1::GetReservationRequest& request) {
  return calls_->Call(&Sales::GetReservation, request);
}

absl::StatusOr<v1::GetOrderResponse> InventoryClient::GetOrder(const v1::GetOrderRequest& request) {
  return calls_->Call(&Sales::GetOrder, request);
}

absl::StatusOr<v1::AdjustStockResponse> InventoryClient::AdjustStock(
    const v1::AdjustStockRequest& request) {
  return calls_->Call(&Sales::AdjustStock, request,
                      request.request_id().empty() ? Calls::Repeat::kNever : Calls::Repeat::kSafe);
}

absl::StatusOr<v1::ListStockResponse> InventoryClient::ListStock(
    const v1::ListStockRequest& request) {
  return calls_->Call(&Sales::ListStock, request);
}

absl::StatusOr<v1::GetStatusResponse> InventoryClient::GetStatus(
    const v1::GetStatusRequest& request) {
  return calls_->Call(&Admin::GetStatus, request);
}

absl::StatusOr<v1::BackupResponse> InventoryClient::Backup(const v1::BackupRequest& request) {
  return calls_->Call(&Admin::Backup, request, Calls::Repeat::kNever);
}

absl::StatusOr<v1::AdoptStockResponse> InventoryClient::AdoptStock(
    const v1::AdoptStockRequest& request) {
  return calls_->Call(&Admin::AdoptStock, request,
                      request.dry_run() ? Calls::Repeat::kSafe : Calls::Repeat::kNever);
}

absl::StatusOr<v1::ListQuarantineResponse> InventoryClient::ListQuarantine(
    const v1::ListQuarantineRequest& request) {
  return calls_->Call(&Admin::ListQuarantine, request);
}

// What has been applied is in quarantine no more, so a second time applies nothing twice.
absl::StatusOr<v1::RetryQuarantineResponse> InventoryClient::RetryQuarantine(
    const v1::RetryQuarantineRequest& request) {
  return calls_->Call(&Admin::RetryQuarantine, request);
}

// A second time would give up what has come since.
absl::StatusOr<v1::SkipQuarantineResponse> InventoryClient::SkipQuarantine(
    const v1::SkipQuarantineRequest& request) {
  return calls_->Call(&Admin::SkipQuarantine, request, Calls::Repeat::kNever);
}

// A second time would be refused, as if the first had been.
absl::StatusOr<v1::HandOverResponse> InventoryClient::HandOver(const v1::HandOverRequest& request) {
  return calls_->Call(&Admin::HandOver, request, Calls::Repeat::kNever);
}

absl::Status InventoryClient::WatchStock(const v1::WatchStockRequest& request,
                                         OnAnswer<v1::WatchStockResponse> on_answer) {
  grpc::ClientContext context;
  return ReadAll(context, *calls_->stub<Sales>().WatchStock(&context, request), on_answer);
}

absl::Status InventoryClient::Reconcile(const v1::ReconcileRequest& request,
                                        OnAnswer<v1::ReconcileResponse> on_answer) {
  grpc::ClientContext context;
  return ReadAll(context, *calls_->stub<Admin>().Reconcile(&context, request), on_answer);
}

absl::Status InventoryClient::ExportStock(const v1::ExportStockRequest& request,
                                          OnAnswer<v1::ExportStockResponse> on_answer) {
  grpc::ClientContext context;
  return ReadAll(context, *calls_->stub<Admin>().ExportStock(&context, request), on_answer);
}

absl::StatusOr<v1::ImportStockResponse> InventoryClient::ImportStock(
    absl::FunctionRef<bool(v1::ImportStockRequest&)> next) {
  grpc::ClientContext context;
  v1::ImportStockResponse response;
  const auto writer = calls_->stub<Admin>().ImportStock(&context, &response);
  v1::ImportStockRequest request;
  while (next(request) && writer->Write(request)) request.Clear();
  writer->WritesDone();
  RETURN_IF_ERROR(ToAbsl(writer->Finish()));
  return response;
}

absl::StatusOr<bool> InventoryClient::IsServing(const std::string& service) {
  using HealthRequest = grpc::health::v1::HealthCheckRequest;
  using HealthResponse = grpc::health::v1::HealthCheckResponse;
  HealthRequest request;
  request.set_service(service);
  HealthResponse response;
  grpc::TemplatedGenericStub<HealthRequest, HealthResponse> stub(calls_->channel());
  RETURN_IF_ERROR(calls_->SendWithRetries([&](grpc::ClientContext* context) {
    grpc::CompletionQueue queue;
    const auto call =
        stub.PrepareUnaryCall(context, "/grpc.health.v1.Health/Check", request, &queue);
    call->StartCall();
    grpc::Status status;
    call->Finish(&response, &status, nullptr);
    void* tag = nullptr;
    bool ok = false;
    queue.Next(&tag, &ok);
    return status;
  }));
  return response.status() == HealthResponse::SERVING;
}

}  // namespace inventory
