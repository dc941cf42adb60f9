#include "rpc/admission.h"

#include <optional>
#include <string>
#include <string_view>

namespace inventory {

absl::StatusOr<Access::Actor> Admit(const OfferedMethod& method,
                                    const grpc::ServerContext& context) {
  // The metadata are made ready when they are asked for, which costs.
  if (method.access.open()) return Access::Actor();
  std::optional<std::string_view> authorization;
  const auto& metadata = context.client_metadata();
  if (metadata.count("authorization") == 1) {
    const grpc::string_ref value = metadata.find("authorization")->second;
    authorization.emplace(value.data(), value.size());
  }
  const auto& descriptor = *method.service.descriptor().method(method.number);
  return method.access.Admit(method.needed, authorization,
                             {descriptor.full_name(), [&context] { return context.peer(); }});
}

}  // namespace inventory
