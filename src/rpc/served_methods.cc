#include "rpc/served_methods.h"

#include <utility>

#include "api/stack_arena.h"
#include "rpc/message.h"

namespace inventory {
namespace {

template <typename Request, typename Response>
UnaryHandler Handle(InventoryApi& api,
                    void (InventoryApi::*method)(const Request&, const CallContext&,
                                                 Respond<Response>)) {
  return [&api, method](const grpc::ByteBuffer& bytes, const CallContext& context,
                        UnaryReply& reply) {
    StackArena arena;
    auto& request = arena.Make<Request>();
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

class Reconciled final : public ServedStream {
 public:
  explicit Reconciled(std::unique_ptr<ReconcileStream> books) : books_(std::move(books)) {}

  void Next(Receiver done) override {
    books_->Next([done = std::move(done)](const absl::Status& status,
                                          const v1::ReconcileResponse* response) mutable {
      done(ToGrpc(status), response ? Serialize(*response) : grpc::ByteBuffer());
    });
  }

 private:
  const std::unique_ptr<ReconcileStream> books_;
};

OpenedStream Reconcile(InventoryApi& api, const grpc::ByteBuffer& bytes) {
  v1::ReconcileRequest request;
  if (grpc::Status parsed = Parse(bytes, request); !parsed.ok()) return {std::move(parsed), {}};
  absl::StatusOr<std::unique_ptr<ReconcileStream>> books = api.Reconcile(request);
  if (!books.ok()) return {ToGrpc(books.status()), {}};
  return {grpc::Status::OK, std::make_unique<Reconciled>(*std::move(books))};
}

class Exported final : public ServedStream {
 public:
  explicit Exported(std::unique_ptr<ExportStream> facts) : facts_(std::move(facts)) {}

  void Next(Receiver done) override {
    facts_->Next([done = std::move(done)](const absl::Status& status,
                                          const v1::ExportStockResponse& response) mutable {
      const bool is_message = status.ok() && response.facts_size() > 0;
      done(ToGrpc(status), is_message ? Serialize(response) : grpc::ByteBuffer());
    });
  }

 private:
  const std::unique_ptr<ExportStream> facts_;
};

OpenedStream Export(InventoryApi& api, const grpc::ByteBuffer& bytes) {
  v1::ExportStockRequest request;
  if (grpc::Status parsed = Parse(bytes, request); !parsed.ok()) return {std::move(parsed), {}};
  return {grpc::Status::OK, std::make_unique<Exported>(api.ExportStock(request))};
}

class Imported final : public ServedUpload {
 public:
  explicit Imported(std::unique_ptr<ImportStream> facts) : facts_(std::move(facts)) {}

  void Take(const grpc::ByteBuffer& message, Taken done) override {
    v1::ImportStockRequest request;
    if (const grpc::Status parsed = Parse(message, request); !parsed.ok()) return done(parsed);
    facts_->Add(request, [done = std::move(done)](const absl::Status& status) mutable {
      done(ToGrpc(status));
    });
  }

  void End(Receiver done) override {
    facts_->Finish([done = std::move(done)](const absl::Status& status,
                                            const v1::ImportStockResponse& response) mutable {
      done(ToGrpc(status), status.ok() ? Serialize(response) : grpc::ByteBuffer());
    });
  }

 private:
  const std::unique_ptr<ImportStream> facts_;
};

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
      {admin + "AdoptStock", Handle(api, &InventoryApi::AdoptStock)},
      {admin + "ListQuarantine", Handle(api, &InventoryApi::ListQuarantine)},
      {admin + "RetryQuarantine", Handle(api, &InventoryApi::RetryQuarantine)},
      {admin + "SkipQuarantine", Handle(api, &InventoryApi::SkipQuarantine)},
      {admin + "HandOver", Handle(api, &InventoryApi::HandOver)},
  };
  methods.streams = {
      {sales + "WatchStock", [&api](const grpc::ByteBuffer& bytes) { return Watch(api, bytes); }},
      {admin + "Reconcile",
       [&api](const grpc::ByteBuffer& bytes) { return Reconcile(api, bytes); }},
      {admin + "ExportStock",
       [&api](const grpc::ByteBuffer& bytes) { return Export(api, bytes); }}};
  methods.uploads = {
      {admin + "ImportStock", [&api] { return std::make_unique<Imported>(api.ImportStock()); }}};
  return methods;
}

}  // namespace inventory
