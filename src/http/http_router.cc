#include "http/http_router.h"

#include <algorithm>
#include <memory>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "api/stack_arena.h"
#include "http/console_answers.h"
#include "http/entity_tag.h"
#include "http/http_answers.h"
#include "http/http_target.h"
#include "http/request_checks.h"

namespace inventory {
namespace {

// Longer targets are no requests of ours: 1,000 ids of seven digits would be 8,000, 200 of the
// longest fit.
constexpr std::size_t kMaxTargetBytes = 4'096;
// A caller or proxy may keep a book's figures for a second, and then asks again by their tag.
constexpr char kCacheControl[] = "private, max-age=1";

void RespondNow(HttpAnswer answer, HttpRespond& respond) {
  respond([answer = std::move(answer)] { return answer; });
}

// The response is copied, and written as JSON by whoever sends it.
template <typename Response>
DeferredHttpAnswer DeferAnswer(const absl::Status& status, const Response& response) {
  if (!status.ok()) return [status] { return FaultAnswer(status); };
  return [copy = std::make_shared<const Response>(response)] { return OutcomeAnswer(*copy); };
}

template <typename Request, typename Response>
auto Handle(InventoryApi& api,
            void (InventoryApi::*method)(const Request&, const CallContext&, Respond<Response>),
            RequestForm form) {
  return [&api, method, form = std::move(form)](const RoutedRequest& routed,
                                                const CallContext& context, HttpRespond respond) {
    StackArena arena;
    auto& request = arena.Make<Request>();
    if (const absl::Status read = ReadForm(form, routed, request); !read.ok()) {
      return RespondNow(FaultAnswer(read), respond);
    }
    (api.*method)(request, context,
                  [respond = std::move(respond)](const absl::Status& status,
                                                 const Response& response) mutable {
                    respond(DeferAnswer(status, response));
                  });
  };
}

// A book's figures, or 304 where the caller has them.
HttpAnswer StockAnswer(const v1::GetStockResponse& stock, const std::string& if_none_match) {
  HttpAnswer answer = OutcomeAnswer(stock);
  if (answer.status != 200) return answer;
  const std::string tag = EntityTag(stock);
  answer.fields = {{"ETag", tag}, {"Cache-Control", kCacheControl}};
  if (NamesTag(if_none_match, tag)) {
    answer.status = 304;
    answer.body.clear();
  }
  return answer;
}

void GetStock(InventoryApi& api, const RoutedRequest& routed, const CallContext& context,
              HttpRespond respond) {
  v1::GetStockRequest request;
  const absl::Status read = ReadForm({.path_field = "book_id"}, routed, request);
  if (!read.ok()) return RespondNow(FaultAnswer(read), respond);
  const std::string* field = routed.request.Field("if-none-match");
  api.GetStock(request, context,
               [respond = std::move(respond), tags = field ? *field : std::string()](
                   const absl::Status& status, const v1::GetStockResponse& stock) mutable {
                 if (!status.ok()) return respond(DeferAnswer(status, stock));
                 respond([stock, tags = std::move(tags)] { return StockAnswer(stock, tags); });
               });
}

// What proxies must not wait for the end of, nor keep.
HttpAnswer FirstEvent(const v1::WatchStockResponse& first, std::shared_ptr<StockStream> stream) {
  return {200,
          WriteJson(first),
          {{"Content-Type", "text/event-stream"}, {"X-Accel-Buffering", "no"}},
          std::move(stream)};
}

// Answers when there is a first event: a stream that cannot begin has a status that says so.
void WatchStock(InventoryApi& api, const RoutedRequest& routed, const CallContext&,
                HttpRespond respond) {
  v1::WatchStockRequest request;
  const absl::Status read = ReadForm({.query = {{"ids", "book_ids"},
                                                {"low_stock_only", "low_stock_only"},
                                                {"min_interval_ms", "min_interval_ms"}}},
                                     routed, request);
  if (!read.ok()) return RespondNow(FaultAnswer(read), respond);
  absl::StatusOr<std::unique_ptr<StockStream>> watch = api.WatchStock(request);
  if (!watch.ok()) return RespondNow(FaultAnswer(watch.status()), respond);
  const std::shared_ptr<StockStream> stream = *std::move(watch);
  // Until it has answered, the stream is kept by its own answer.
  stream->Next([respond = std::move(respond), stream](const absl::Status& status,
                                                      const v1::WatchStockResponse& first) mutable {
    if (!status.ok()) return respond(DeferAnswer(status, first));
    respond([copy = std::make_shared<const v1::WatchStockResponse>(first), stream] {
      return FirstEvent(*copy, stream);
    });
  });
}

// /stock?ids=1,2,3 asks for books by name, /stock goes through all of them.
bool NamesBooks(const RoutedRequest& routed) {
  return std::any_of(routed.query.begin(), routed.query.end(),
                     [](const auto& parameter) { return parameter.first == "ids"; });
}

// What the path `/stock/{id}/logs` has in the place of {id}, if it fits; {path} is all the rest.
bool Fits(const std::string& route, const std::vector<std::string>& path, std::string& id) {
  const std::vector<std::string> parts = absl::StrSplit(route.substr(1), '/');
  const bool takes_rest = parts.back() == "{path}";
  if (takes_rest ? path.size() < parts.size() : path.size() != parts.size()) return false;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (parts[i] == "{path}") {
      id = absl::StrJoin(path.begin() + static_cast<std::ptrdiff_t>(i), path.end(), "/");
    } else if (parts[i] == "{id}") {
      id = path[i];
    } else if (parts[i] != path[i]) {
      return false;
    }
  }
  return true;
}

HttpAnswer MethodRefused(const std::set<std::string>& allowed) {
  const std::string list = absl::StrJoin(allowed, ", ");
  HttpAnswer answer = ErrorAnswer(
      405, absl::UnimplementedError(absl::StrCat("this path takes ", list, " and no other")));
  answer.fields.emplace_back("Allow", list);
  return answer;
}

}  // namespace

HttpRouter::HttpRouter(InventoryApi& api, std::chrono::milliseconds call_limit)
    : call_limit_(call_limit) {
  AddHealth();
  AddConsole();
  AddReads(api);
  AddChanges(api);
}

void HttpRouter::AddHealth() {
  const HttpAnswer alive{200, "{\"status\":\"SERVING\"}", {}};
  routes_.push_back(
      {"GET", "/healthz", [alive](const RoutedRequest&, const CallContext&, HttpRespond respond) {
         RespondNow(alive, respond);
       }});
  routes_.push_back({"GET", "/readyz",
                     [this, alive](const RoutedRequest&, const CallContext&, HttpRespond respond) {
                       if (serving_) return RespondNow(alive, respond);
                       RespondNow(FaultAnswer(absl::UnavailableError(
                                      "the service is starting, stopping or waits for its store")),
                                  respond);
                     }});
}

void HttpRouter::AddConsole() {
  routes_.push_back(
      {"GET", "/", [](const RoutedRequest& routed, const CallContext&, HttpRespond respond) {
         RespondNow(ConsolePageAnswer(routed.request), respond);
       }});
  routes_.push_back({"GET", "/console/{path}",
                     [](const RoutedRequest& routed, const CallContext&, HttpRespond respond) {
                       RespondNow(ConsoleFileAnswer(routed.request, routed.id), respond);
                     }});
}

void HttpRouter::AddReads(InventoryApi& api) {
  routes_.push_back(
      {"GET", "/stock/{id}",
       [&api](const RoutedRequest& routed, const CallContext& context, HttpRespond respond) {
         GetStock(api, routed, context, std::move(respond));
       }});
  routes_.push_back(
      {"GET", "/stock",
       [read = Handle(api, &InventoryApi::BatchGetStock, {.query = {{"ids", "book_ids"}}}),
        list = Handle(api, &InventoryApi::ListStock,
                      {.query = {{"page_size", "page_size"},
                                 {"page_token", "page_token"},
                                 {"low_stock_only", "low_stock_only"}}})](
           const RoutedRequest& routed, const CallContext& context, HttpRespond respond) {
         NamesBooks(routed) ? read(routed, context, std::move(respond))
                            : list(routed, context, std::move(respond));
       }});
  routes_.push_back({"GET", "/stock/{id}/logs",
                     Handle(api, &InventoryApi::GetInventoryLogs,
                            {.path_field = "book_id",
                             .query = {{"page", "page"},
                                       {"page_size", "page_size"},
                                       {"page_token", "page_token"},
                                       {"order_id", "order_id"},
                                       {"change_type", "change_type"},
                                       {"since_ms", "since_ms"},
                                       {"until_ms", "until_ms"}}})});
  routes_.push_back({"GET", "/reservations/{id}",
                     Handle(api, &InventoryApi::GetReservation, {.path_field = "order_id"})});
  routes_.push_back(
      {"GET", "/orders/{id}", Handle(api, &InventoryApi::GetOrder, {.path_field = "order_id"})});
  routes_.push_back(
      {"GET", "/events",
       [&api](const RoutedRequest& routed, const CallContext& context, HttpRespond respond) {
         WatchStock(api, routed, context, std::move(respond));
       }});
  routes_.push_back({"GET", "/status", Handle(api, &InventoryApi::GetStatus, {})});
}

void HttpRouter::AddChanges(InventoryApi& api) {
  const RequestForm body{.body = RequestForm::Body::kRequired};
  const RequestForm keyed{.body = RequestForm::Body::kRequired, .takes_key = true};
  const RequestForm of_order{.path_field = "order_id", .body = RequestForm::Body::kOptional};
  routes_.push_back({"POST", "/deduct", Handle(api, &InventoryApi::DeductStock, body)});
  routes_.push_back({"POST", "/deduct/batch", Handle(api, &InventoryApi::BatchDeductStock, body)});
  routes_.push_back({"POST", "/release", Handle(api, &InventoryApi::ReleaseStock, body)});
  routes_.push_back({"POST", "/restock", Handle(api, &InventoryApi::RestockInventory, keyed)});
  routes_.push_back({"POST", "/adjust", Handle(api, &InventoryApi::AdjustStock, keyed)});
  routes_.push_back({"POST", "/reserve", Handle(api, &InventoryApi::ReserveStock, body)});
  routes_.push_back({"POST", "/reservations/{id}/confirm",
                     Handle(api, &InventoryApi::ConfirmReservation, of_order)});
  routes_.push_back({"POST", "/reservations/{id}/cancel",
                     Handle(api, &InventoryApi::CancelReservation, of_order)});
}

void HttpRouter::Answer(const HttpRequest& request, HttpRespond respond) const {
  if (request.target.size() > kMaxTargetBytes) {
    return RespondNow(ErrorAnswer(414, absl::InvalidArgumentError(
                                           absl::StrCat("the URL is longer than ", kMaxTargetBytes,
                                                        " bytes; ask in several requests"))),
                      respond);
  }
  if (const absl::Status host = CheckHost(request); !host.ok()) {
    const int status = absl::IsPermissionDenied(host) ? 421 : 400;  // "misdirected request"
    return RespondNow(ErrorAnswer(status, host), respond);
  }
  const absl::StatusOr<HttpTarget> target = ParseHttpTarget(request.target);
  if (!target.ok()) return RespondNow(FaultAnswer(target.status()), respond);

  // HEAD is GET whose body stays here.
  const std::string method = request.method == "HEAD" ? "GET" : request.method;
  std::set<std::string> allowed;
  RoutedRequest routed{request, "", target->query};
  const Route* found = nullptr;
  for (const Route& route : routes_) {
    if (!Fits(route.path, target->path, routed.id)) continue;
    allowed.insert(route.method);
    if (route.method == "GET") allowed.insert("HEAD");
    if (route.method == method) found = &route;
  }
  if (allowed.empty()) {
    return RespondNow(FaultAnswer(absl::NotFoundError("no such path; docs/http.md lists them")),
                      respond);
  }
  if (!found) return RespondNow(MethodRefused(allowed), respond);
  if (const absl::Status origin = CheckOrigin(request); !origin.ok()) {
    return RespondNow(FaultAnswer(origin), respond);
  }
  if (method == "POST") {
    if (const absl::Status type = CheckContentType(request); !type.ok()) {
      return RespondNow(ErrorAnswer(415, type), respond);
    }
  }
  CallContext context;
  context.deadline = std::chrono::steady_clock::now() + call_limit_;
  found->handler(routed, context, std::move(respond));
}

}  // namespace inventory
