// The service's RPCs as plain calls, with the one retry rule that is safe.
//
// A call that carries an idempotency key (an order id or a request_id) and a read may be sent
// again, unchanged, when the service was UNAVAILABLE or the connection was lost: a repeated change
// has no second effect. A restock or adjust without a request_id, a backup, an adoption, a
// hand-over and what gives changes up are sent at most once: if its connection is lost on the way,
// nobody here can know whether it took effect, and the status says "outcome unknown".
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "inventory/v1/inventory.pb.h"

namespace grpc {
class Channel;
}

namespace inventory {

struct CallSettings {
  std::chrono::milliseconds timeout{5'000};  // for a call with its retries; streams have none
  int attempts = 5;                          // the first one included
  // Before attempt n + 1 the client waits a random time of half to all of first × 2^(n-1).
  std::chrono::milliseconds first_backoff{100};
  std::chrono::milliseconds longest_backoff{2'000};
};

// Refusals are in the answers' `code`; a fault is the gRPC status as an absl::Status (the codes are
// the same). Safe for concurrent use; calls block.
class InventoryClient {
 public:
  explicit InventoryClient(std::shared_ptr<grpc::Channel> channel, CallSettings settings = {});
  ~InventoryClient();

  absl::StatusOr<v1::GetStockResponse> GetStock(const v1::GetStockRequest& request);
  absl::StatusOr<v1::BatchGetStockResponse> BatchGetStock(const v1::BatchGetStockRequest& request);
  absl::StatusOr<v1::DeductStockResponse> DeductStock(const v1::DeductStockRequest& request);
  absl::StatusOr<v1::ReleaseStockResponse> ReleaseStock(const v1::ReleaseStockRequest& request);
  absl::StatusOr<v1::RestockInventoryResponse> RestockInventory(
      const v1::RestockInventoryRequest& request);
  absl::StatusOr<v1::GetInventoryLogsResponse> GetInventoryLogs(
      const v1::GetInventoryLogsRequest& request);
  absl::StatusOr<v1::BatchDeductStockResponse> BatchDeductStock(
      const v1::BatchDeductStockRequest& request);
  absl::StatusOr<v1::ReserveStockResponse> ReserveStock(const v1::ReserveStockRequest& request);
  absl::StatusOr<v1::ConfirmReservationResponse> ConfirmReservation(
      const v1::ConfirmReservationRequest& request);
  absl::StatusOr<v1::CancelReservationResponse> CancelReservation(
      const v1::CancelReservationRequest& request);
  absl::StatusOr<v1::GetReservationResponse> GetReservation(
      const v1::GetReservationRequest& request);
  absl::StatusOr<v1::GetOrderResponse> GetOrder(const v1::GetOrderRequest& request);
  absl::StatusOr<v1::AdjustStockResponse> AdjustStock(const v1::AdjustStockRequest& request);
  absl::StatusOr<v1::ListStockResponse> ListStock(const v1::ListStockRequest& request);
  absl::StatusOr<v1::GetStatusResponse> GetStatus(const v1::GetStatusRequest& request);
  absl::StatusOr<v1::BackupResponse> Backup(const v1::BackupRequest& request);
  absl::StatusOr<v1::AdoptStockResponse> AdoptStock(const v1::AdoptStockRequest& request);
  absl::StatusOr<v1::ListQuarantineResponse> ListQuarantine(
      const v1::ListQuarantineRequest& request);
  absl::StatusOr<v1::RetryQuarantineResponse> RetryQuarantine(
      const v1::RetryQuarantineRequest& request);
  absl::StatusOr<v1::SkipQuarantineResponse> SkipQuarantine(
      const v1::SkipQuarantineRequest& request);
  absl::StatusOr<v1::HandOverResponse> HandOver(const v1::HandOverRequest& request);

  // Streams: `on_answer` is called with each answer until it returns false (the stream is then
  // cancelled, which is OK) or the stream ends. Not retried: the caller knows where to go on.
  template <typename Response>
  using OnAnswer = absl::FunctionRef<bool(const Response&)>;
  absl::Status WatchStock(const v1::WatchStockRequest& request,
                          OnAnswer<v1::WatchStockResponse> on_answer);
  absl::Status Reconcile(const v1::ReconcileRequest& request,
                         OnAnswer<v1::ReconcileResponse> on_answer);
  absl::Status ExportStock(const v1::ExportStockRequest& request,
                           OnAnswer<v1::ExportStockResponse> on_answer);
  // `next` fills the next request and returns true, or returns false at the end.
  absl::StatusOr<v1::ImportStockResponse> ImportStock(
      absl::FunctionRef<bool(v1::ImportStockRequest&)> next);

  // Whether `service` ("": the whole server) is serving, by the standard health service.
  absl::StatusOr<bool> IsServing(const std::string& service);

 private:
  // What includes this header need not read gRPC's.
  class Calls;
  const std::unique_ptr<Calls> calls_;
};

}  // namespace inventory
