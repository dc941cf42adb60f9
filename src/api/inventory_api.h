// proto <-> domain: the one place where both are visible. gRPC and HTTP call the same functions.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "api/call_stats.h"
#include "api/reconcile_stream.h"
#include "api/transfer.h"
#include "inventory/v1/inventory.pb.h"
#include "service/inventory_service.h"

namespace inventory {

// Facts about this process for GetStatus.
struct ProcessInfo {
  std::string version;
  std::string commit;
  TimeMs started_at = 0;
};

// What one WatchStock call is told. Dropping it ends the watch. One thread at a time.
class StockStream {
 public:
  explicit StockStream(std::unique_ptr<StockWatch> watch) : watch_(std::move(watch)) {}

  // `respond` is called once with what changed next; one call at a time. After a status that is
  // not OK the stream is over.
  void Next(Respond<v1::WatchStockResponse> respond);

 private:
  std::unique_ptr<StockWatch> watch_;
};

// One function an RPC. Safe for concurrent use. `request` is used during the call only.
class InventoryApi {
 public:
  // `service` outlives the api.
  InventoryApi(InventoryService& service, ProcessInfo process)
      : service_(service), process_(std::move(process)) {}

  void GetStock(const v1::GetStockRequest& request, const CallContext& context,
                Respond<v1::GetStockResponse> respond);
  void BatchGetStock(const v1::BatchGetStockRequest& request, const CallContext& context,
                     Respond<v1::BatchGetStockResponse> respond);
  void DeductStock(const v1::DeductStockRequest& request, const CallContext& context,
                   Respond<v1::DeductStockResponse> respond);
  void ReleaseStock(const v1::ReleaseStockRequest& request, const CallContext& context,
                    Respond<v1::ReleaseStockResponse> respond);
  void RestockInventory(const v1::RestockInventoryRequest& request, const CallContext& context,
                        Respond<v1::RestockInventoryResponse> respond);
  void GetInventoryLogs(const v1::GetInventoryLogsRequest& request, const CallContext& context,
                        Respond<v1::GetInventoryLogsResponse> respond);
  void BatchDeductStock(const v1::BatchDeductStockRequest& request, const CallContext& context,
                        Respond<v1::BatchDeductStockResponse> respond);
  void ReserveStock(const v1::ReserveStockRequest& request, const CallContext& context,
                    Respond<v1::ReserveStockResponse> respond);
  void ConfirmReservation(const v1::ConfirmReservationRequest& request, const CallContext& context,
                          Respond<v1::ConfirmReservationResponse> respond);
  void CancelReservation(const v1::CancelReservationRequest& request, const CallContext& context,
                         Respond<v1::CancelReservationResponse> respond);
  void GetReservation(const v1::GetReservationRequest& request, const CallContext& context,
                      Respond<v1::GetReservationResponse> respond);
  void GetOrder(const v1::GetOrderRequest& request, const CallContext& context,
                Respond<v1::GetOrderResponse> respond);
  void AdjustStock(const v1::AdjustStockRequest& request, const CallContext& context,
                   Respond<v1::AdjustStockResponse> respond);
  void ListStock(const v1::ListStockRequest& request, const CallContext& context,
                 Respond<v1::ListStockResponse> respond);
  // INVALID_ARGUMENT for what other calls refuse with a code: a stream's answers carry none.
  absl::StatusOr<std::unique_ptr<StockStream>> WatchStock(const v1::WatchStockRequest& request);

  void GetStatus(const v1::GetStatusRequest& request, const CallContext& context,
                 Respond<v1::GetStatusResponse> respond);
  void Backup(const v1::BackupRequest& request, const CallContext& context,
              Respond<v1::BackupResponse> respond);
  void AdoptStock(const v1::AdoptStockRequest& request, const CallContext& context,
                  Respond<v1::AdoptStockResponse> respond);
  // INVALID_ARGUMENT as of WatchStock.
  absl::StatusOr<std::unique_ptr<ReconcileStream>> Reconcile(const v1::ReconcileRequest& request);
  void ListQuarantine(const v1::ListQuarantineRequest& request, const CallContext& context,
                      Respond<v1::ListQuarantineResponse> respond);
  void RetryQuarantine(const v1::RetryQuarantineRequest& request, const CallContext& context,
                       Respond<v1::RetryQuarantineResponse> respond);
  void SkipQuarantine(const v1::SkipQuarantineRequest& request, const CallContext& context,
                      Respond<v1::SkipQuarantineResponse> respond);
  void HandOver(const v1::HandOverRequest& request, const CallContext& context,
                Respond<v1::HandOverResponse> respond);
  std::unique_ptr<ExportStream> ExportStock(const v1::ExportStockRequest& request);
  std::unique_ptr<ImportStream> ImportStock();

  const ProcessInfo& process() const { return process_; }
  // How the calls that have one answer were answered.
  const CallStats& stats() const { return *stats_; }

 private:
  InventoryService& service_;
  const ProcessInfo process_;
  // By itself, not beside the count of who uses it, which changes with every call.
  const std::shared_ptr<CallStats> stats_{new CallStats};
};

}  // namespace inventory
