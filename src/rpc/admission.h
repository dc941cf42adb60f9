// Whether a call may be made: its token against what its method needs.
#pragma once

#include <grpcpp/server_context.h>

#include "absl/status/statusor.h"
#include "access/access.h"
#include "rpc/call.h"

namespace inventory {

absl::StatusOr<Access::Actor> Admit(const OfferedMethod& method,
                                    const grpc::ServerContext& context);

}  // namespace inventory
