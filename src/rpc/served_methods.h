// What the server does with each method's bytes.
#pragma once

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/status.h>

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "absl/functional/any_invocable.h"
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

// The messages of one server-streaming call. Dropping it, from any thread, ends it: a waiting
// `done` is then called with any status but OK.
class ServedStream {
 public:
  using Receiver =
      absl::AnyInvocable<void(const grpc::Status& status, const grpc::ByteBuffer& message)>;

  virtual ~ServedStream() = default;
  // Calls `done` once with the next message, on any thread; one call at a time. After a status that
  // is not OK, which ends the call, there is no more.
  virtual void Next(Receiver done) = 0;
};

struct OpenedStream {
  grpc::Status status;
  std::unique_ptr<ServedStream> stream;  // where the status is OK
};

using StreamHandler = std::function<OpenedStream(const grpc::ByteBuffer& request)>;

// By full name: "inventory.v1.InventoryService.GetStock".
struct ServedMethods {
  std::map<std::string, UnaryHandler> unary;     // all that there are
  std::map<std::string, StreamHandler> streams;  // server-streaming
  // Why the other streaming methods have no answer here.
  std::function<grpc::Status(const std::string& rpc)> refuse;
};

// Every RPC of the api. `api` outlives what is returned.
ServedMethods MakeServedMethods(InventoryApi& api);

}  // namespace inventory
