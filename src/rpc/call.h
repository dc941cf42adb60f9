// One call's life on a completion queue.
//
// A call object is offered to clients for its method; the first event says that a client has taken
// it (or that the server is shutting down), and the next object is offered in its place. Events of
// one queue come one at a time, on the thread that polls it.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>

#include <memory>

#include "access/access.h"
#include "rpc/call_tracker.h"
#include "rpc/queue_event.h"
#include "rpc/raw_service.h"
#include "rpc/reply_queue.h"
#include "rpc/served_methods.h"

namespace inventory {

// A method as offered on one queue. Outlives the queue.
struct OfferedMethod {
  RawService& service;
  int number;  // of the method in its service
  Access& access;
  Role needed;
  const UnaryHandler* unary;    // of a unary method
  const StreamHandler* stream;  // of a server-streaming method
  const UploadHandler* upload;  // of a client-streaming method
  grpc::ServerCompletionQueue& queue;
  ReplyQueue& replies;  // of the queue
  std::shared_ptr<CallTracker> tracker;
};

// Each offers a call of one kind; the call objects own themselves.
void OfferUnaryCall(const OfferedMethod& method);
void OfferStreamCall(const OfferedMethod& method);
void OfferUploadCall(const OfferedMethod& method);

}  // namespace inventory
