// The server over any handlers: what RpcServer::Start is made of, and what the benchmark measures
// with a handler that returns at once.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "rpc/rpc_server.h"
#include "rpc/served_methods.h"

namespace inventory {

absl::StatusOr<std::unique_ptr<RpcServer>> StartRpcServer(ServedMethods methods, Access& access,
                                                          const RpcSettings& settings);

}  // namespace inventory
