// What the server does with each method's bytes.
#pragma once

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/status.h>

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "api/inventory_api.h"

namespace inventory {

// Where a unary call is answered: once, on any thread. `response` matters where the status is OK.
class UnaryReply {
 public:
  virtual void Send(const grpc::Status& status, const grpc::ByteBuffer& response) = 0;

 protected:
  ~UnaryReply() = default;
};

// `request` and `context` are used during the call only. May be called by many threads at once.
using UnaryHandler = std::function<void(const grpc::ByteBuffer& request, const CallContext& context,
                                        UnaryReply& reply)>;

struct ServedMethods {
  // Every unary method, by full name: "inventory.v1.InventoryService.GetStock".
  std::map<std::string, UnaryHandler> unary;
  std::function<absl::StatusOr<std::unique_ptr<StockStream>>(const v1::WatchStockRequest&)> watch;
  // Why the other streaming methods have no answer here.
  std::function<absl::Status(const std::string& rpc)> refuse;
};

// Every RPC of the api. `api` outlives what is returned.
ServedMethods MakeServedMethods(InventoryApi& api);

}  // namespace inventory
