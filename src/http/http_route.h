// One row of the gateway's table of routes: who answers it, and what /openapi.json says of it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "access/role.h"
#include "google/protobuf/descriptor.h"
#include "http/http_message.h"
#include "http/request_form.h"
#include "service/inventory_service.h"
#include "stock/outcome.h"

namespace inventory {

// A call of the api that a route makes, and all it can come to.
struct HttpRouteCall {
  const google::protobuf::Descriptor* request;
  const google::protobuf::Descriptor* response;
  RequestForm form;
  std::vector<Outcome> outcomes;  // none: it is never refused
};

struct HttpRoute {
  using Handler = std::function<void(const RoutedRequest&, const CallContext&, HttpRespond)>;

  std::string method;
  std::string path;  // "/stock/{book_id}/logs"; a last {path} takes all the rest
  Role needed;
  Handler handler;
  std::string summary;               // empty: a page or a file, which the document leaves out
  std::vector<HttpRouteCall> calls;  // several: the parameters say which; none: another answer
  std::string content_type = "application/json";
  bool has_tag = false;  // ETag, and If-None-Match
};

}  // namespace inventory
