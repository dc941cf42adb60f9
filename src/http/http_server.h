// The HTTP/JSON gateway: the api's calls for whoever speaks no gRPC. docs/http.md is its contract.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "access/access.h"
#include "access/tls_files.h"
#include "api/inventory_api.h"
#include "http/http_limits.h"

namespace inventory {

struct HttpSettings {
  int port = 0;  // 0: any free one
  HttpLimits limits;
  std::function<std::string()> metrics;  // the text of GET /metrics; null: there is none
  std::string address = "127.0.0.1";
  const TlsFiles* tls = nullptr;  // null: without TLS; else it outlives the server
};

// One thread of its own. Safe for concurrent use.
class HttpServer {
 public:
  // Listens and serves; /readyz answers 503 until SetServing(true). A taken port is an error that
  // says so. `api` and `access` outlive the server.
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(InventoryApi& api, Access& access,
                                                           const HttpSettings& settings);
  // Stops at once.
  virtual ~HttpServer() = default;

  virtual int port() const = 0;
  virtual void SetServing(bool serving) = 0;

  // From now on no connection is accepted and no request begun; those under way go on. Returns at
  // once, so that several servers can be stopped together.
  virtual void BeginStop() = 0;
  // Waits until the requests under way have been answered, at most for `limit`, then cuts the rest
  // off. Idempotent.
  virtual void Stop(std::chrono::milliseconds limit) = 0;
};

}  // namespace inventory
