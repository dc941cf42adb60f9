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
  // Calls `done` once with the next message, on any thread; one call at a time. OK without a
  // message (one that is not Valid()) ends the call well, another status ends it with that.
  virtual void Next(Receiver done) = 0;
};

struct OpenedStream {
  grpc::Status status;
  std::unique_ptr<ServedStream> stream;  // where the status is OK
};

using StreamHandler = std::function<OpenedStream(const grpc::ByteBuffer& request)>;

// What takes the messages of one client-streaming call. Dropping it, from any thread, breaks the
// call off; a waiting `done` is called all the same.
class ServedUpload {
 public:
  using Taken = absl::AnyInvocable<void(const grpc::Status& status)>;
  using Receiver = ServedStream::Receiver;

  virtual ~ServedUpload() = default;
  // Calls `done` once, on any thread, when the next message may come; a status that is not OK ends
  // the call. `message` is used during the call only. One call at a time, as of End.
  virtual void Take(const grpc::ByteBuffer& message, Taken done) = 0;
  // There are no more messages: calls `done` once with the answer.
  virtual void End(Receiver done) = 0;
};

using UploadHandler = std::function<std::unique_ptr<ServedUpload>()>;

// All that there are, by full name: "inventory.v1.InventoryService.GetStock".
struct ServedMethods {
  std::map<std::string, UnaryHandler> unary;
  std::map<std::string, StreamHandler> streams;  // server-streaming
  std::map<std::string, UploadHandler> uploads;  // client-streaming
};

// Every RPC of the api. `api` outlives what is returned.
ServedMethods MakeServedMethods(InventoryApi& api);

}  // namespace inventory
