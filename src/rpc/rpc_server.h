// The gRPC edge: bytes in, bytes out. Health is on, and reflection where no token is asked for; the
// listener never shares its port.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "access/access.h"
#include "access/tls_files.h"
#include "api/inventory_api.h"

namespace inventory {

struct RpcSettings {
  std::string address = "0.0.0.0";
  int port = 9004;                // 0: any free one
  int threads = 1;                // completion-queue pollers
  const TlsFiles* tls = nullptr;  // null: without TLS; else it outlives the server
};

class RpcServer {
 public:
  // Listens and serves; NOT_SERVING until SetServing(true). A taken port is an error that says so.
  // `api` and `access` outlive the server.
  static absl::StatusOr<std::unique_ptr<RpcServer>> Start(InventoryApi& api, Access& access,
                                                          const RpcSettings& settings);
  virtual ~RpcServer() = default;

  virtual int port() const = 0;
  virtual void SetServing(bool serving) = 0;

  // Stops accepting, lets running calls finish for at most `limit`, then cuts them. Idempotent.
  virtual void Stop(std::chrono::milliseconds limit) = 0;
};

}  // namespace inventory
