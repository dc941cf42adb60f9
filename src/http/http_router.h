// The routes: which call of the api a request is. It knows no sockets, and no rule of stock.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "access/access.h"
#include "api/inventory_api.h"
#include "http/http_message.h"
#include "http/http_route.h"

namespace inventory {

// Safe for concurrent use.
class HttpRouter {
 public:
  // Commands that have not reached the store after `call_limit` are answered with 504, and nothing
  // of them is done. `api` and `access` outlive the router. `metrics` makes the text of GET
  // /metrics; null: there is no such path.
  HttpRouter(InventoryApi& api, Access& access, std::chrono::milliseconds call_limit,
             std::function<std::string()> metrics);

  // Responds once, perhaps after the call; `request` is used during the call only.
  void Answer(const HttpRequest& request, HttpRespond respond) const;

  // What /readyz says; not at first.
  void SetServing(bool serving) { serving_ = serving; }

 private:
  absl::StatusOr<Access::Actor> Admit(const HttpRoute& route, const HttpRequest& request) const;
  void AddHealth();
  void AddConsole();
  void AddDocument();
  void AddMetrics(std::function<std::string()> metrics);

  Access& access_;
  const std::chrono::milliseconds call_limit_;
  std::atomic<bool> serving_ = false;
  std::vector<HttpRoute> routes_;
  std::vector<std::vector<std::string>> patterns_;  // the paths of routes_, split at each /
  std::string document_;                            // of the routes
};

}  // namespace inventory
