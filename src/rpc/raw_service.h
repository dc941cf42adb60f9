// A gRPC service whose methods take and give bytes, made from its descriptor.
//
// The same as the generated AsyncService with every method WithRawMethod_…, but a method is a
// number here, so that one class can serve them all. Streaming methods are all taken as
// bidirectional: on the wire there is no difference.
#pragma once

#include <grpcpp/impl/rpc_service_method.h>
#include <grpcpp/impl/service_type.h>

#include <deque>
#include <string>

#include "google/protobuf/descriptor.h"

namespace inventory {

class RawService : public grpc::Service {
 public:
  explicit RawService(const google::protobuf::ServiceDescriptor& descriptor)
      : descriptor_(descriptor) {
    using grpc::internal::RpcMethod;
    for (int i = 0; i < descriptor.method_count(); ++i) {
      const google::protobuf::MethodDescriptor& method = *descriptor.method(i);
      names_.push_back("/" + descriptor.full_name() + "/" + method.name());
      const auto type = IsStreaming(method) ? RpcMethod::BIDI_STREAMING : RpcMethod::NORMAL_RPC;
      AddMethod(new grpc::internal::RpcServiceMethod(names_.back().c_str(), type, nullptr));
      MarkMethodRaw(i);
    }
  }

  const google::protobuf::ServiceDescriptor& descriptor() const { return descriptor_; }

  static bool IsStreaming(const google::protobuf::MethodDescriptor& method) {
    return method.client_streaming() || method.server_streaming();
  }

  // The arguments of the generated Request<Method>() after the method's number.
  using grpc::Service::RequestAsyncBidiStreaming;
  using grpc::Service::RequestAsyncUnary;

 private:
  const google::protobuf::ServiceDescriptor& descriptor_;
  std::deque<std::string> names_;  // gRPC keeps pointers to them
};

}  // namespace inventory
