// Bytes of the wire <-> messages, and absl::Status -> grpc::Status.
//
// gRPC's generated handlers answer bytes that do not parse with UNIMPLEMENTED and no text; here
// they get INVALID_ARGUMENT and are told what was expected.
#pragma once

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/slice.h>
#include <grpcpp/support/status.h>

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "google/protobuf/message_lite.h"

namespace inventory {

// INVALID_ARGUMENT: the bytes are no such message, or a text in it is not UTF-8.
template <typename Message>
grpc::Status Parse(const grpc::ByteBuffer& bytes, Message& message) {
  grpc::Slice slice;
  // Most requests are one slice; the others are copied into one, which parses faster than many.
  const bool read = bytes.TrySingleSlice(&slice).ok() || bytes.DumpToSingleSlice(&slice).ok();
  if (read && message.ParseFromArray(slice.begin(), static_cast<int>(slice.size()))) {
    return grpc::Status::OK;
  }
  return {grpc::StatusCode::INVALID_ARGUMENT,
          "the request is no " + message.GetTypeName() +
              ", or a text in it is not UTF-8; compare the caller's .proto with the service's"};
}

inline grpc::ByteBuffer Serialize(const google::protobuf::MessageLite& message) {
  const std::size_t size = message.ByteSizeLong();
  grpc::Slice slice(size);
  message.SerializeWithCachedSizesToArray(const_cast<std::uint8_t*>(slice.begin()));
  return {&slice, 1};
}

// The codes are the same numbers.
inline grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  return {static_cast<grpc::StatusCode>(status.code()), std::string(status.message())};
}

}  // namespace inventory
