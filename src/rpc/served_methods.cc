#include "rpc/served_methods.h"

#include <utility>

#include "google/protobuf/arena.h"
#include "rpc/message.h"

namespace inventory {
namespace {

template <typename Request, typename Response>
UnaryHandler Handle(InventoryApi& api,
                    void (InventoryApi::*method)(const Request&, const CallContext&,
                                                 Respond<Response>)) {
  return [&api, method](const grpc::ByteBuffer& bytes, const CallContext& context,
                        UnaryReply& reply) {
    // Small requests fit on the stack, large ones grow in steps that suit thousands of items.
    alignas(8) char block[1'024];
    google::protobuf::ArenaOptions options;
    options.initial_block = block;
    options.initial_block_size = sizeof(block);
    options.max_block_size = 64 * 1'024;
    google::protobuf::Arena arena(options);
    auto& request = *google::protobuf::Arena::CreateMessage<Request>(&arena);
    if (const grpc::Status parsed = Parse(bytes, request); !parsed.ok()) {
      return reply.Send(parsed, {});
    }
    (api.*method)(request, context, [&reply](const absl::Status& status, const Response& response) {
      reply.Send(ToGrpc(status), status.ok() ? Serialize(response) : grpc::ByteBuffer());
    });
  };
}

class WatchedStock final : public ServedStream {
 public:
  explicit WatchedStock(std::unique_ptr<StockStream> updates) : updates_(std::move(updates)) {}

  void Next(Receiver done) override {
    updates_->Next([done = std::move(done)](const absl::Status& status,
                                            const v1::WatchStockResponse& response) mutable {
      done(ToGrpc(status), status.ok() ? Serialize(response) : grpc::ByteBuffer());
    });
  }

 private:
  const std::unique_ptr<StockStream> updates_;
};

OpenedStream Watch(InventoryApi& api, const grpc::ByteBuffer& bytes) {
  v1::WatchStockRequest request;
  if (grpc::Status parsed = Parse(bytes, request); !parsed.ok()) return {std::move(parsed), {}};
  absl::StatusOr<std::unique_ptr<StockStream>> updates = api.WatchStock(request);
  if (!updates.ok()) return {ToGrpc(updates.status()), {}};
  return {grpc::Status::OK, std::make_unique<WatchedStock>(*std::move(updates))};
}

}  // namespace

ServedMethods MakeServedMethods(InventoryApi& api) {
  const std::string sales = "inventory.v1.InventoryService.";
  const std::string admin = "inventory.v1.InventoryAdminService.";
  ServedMethods methods;
  methods.unary = {
      {sales + "GetStock", Handle(api, &InventoryApi::GetStock)},
      {sales + "BatchGetStock", Handle(api, &InventoryApi::BatchGetStock)},
      {sales + "DeductStock", Handle(api, &InventoryApi::DeductStock)},
      {sales + "ReleaseStock", Handle(api, &InventoryApi::ReleaseStock)},
      {sales + "RestockInventory", Handle(api, &InventoryApi::RestockInventory)},
      {sales + "GetInventoryLogs", Handle(api, &InventoryApi::GetInventoryLogs)},
      {sales + "BatchDeductStock", Handle(api, &InventoryApi::BatchDeductStock)},
      {sales + "ReserveStock", Handle(api, &InventoryApi::ReserveStock)},
      {sales + "ConfirmReservation", Handle(api, &InventoryApi::ConfirmReservation)},
      {sales + "CancelReservation", Handle(api, &InventoryApi::CancelReservation)},
      {sales + "GetReservation", Handle(api, &InventoryApi::GetReservation)},
      {sales + "GetOrder", Handle(api, &InventoryApi::GetOrder)},
      {sales + "AdjustStock", Handle(api, &InventoryApi::AdjustStock)},
      {sales + "ListStock", Handle(api, &InventoryApi::ListStock)},
      {admin + "GetStatus", Handle(api, &InventoryApi::GetStatus)},
      {admin + "Backup", Handle(api, &InventoryApi::Backup)},
  };
  methods.streams = {
      {sales + "WatchStock", [&api](const grpc::ByteBuffer& bytes) { return Watch(api, bytes); }}};
  methods.refuse = [&api](const std::string& rpc) { return ToGrpc(api.NotThisStore(rpc)); };
  return methods;
}

}  // namespace inventory
