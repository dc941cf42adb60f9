#include "http/http_router.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <string_view>
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

// Addresses end up in logs and histories.
bool HasToken(const HttpTarget& target) {
  return std::any_of(target.query.begin(), target.query.end(), [](const auto& parameter) {
    return parameter.first == "token" || parameter.first == "access_token";
  });
}

HttpAnswer NotAdmitted(const absl::Status& why) {
  HttpAnswer answer = FaultAnswer(why);
  if (answer.status == 401) {
    answer.fields.emplace_back("WWW-Authenticate", "Bearer realm=\"inventory-service\"");
  }
  return answer;
}

HttpAnswer MethodRefused(const std::set<std::string>& allowed) {
  const std::string list = absl::StrJoin(allowed, ", ");
  HttpAnswer answer = ErrorAnswer(
      405, absl::UnimplementedError(absl::StrCat("this path takes ", list, " and no other")));
  answer.fields.emplace_back("Allow", list);
  return answer;
}

}  // namespace

HttpRouter::HttpRouter(InventoryApi& api, Access& access, std::chrono::milliseconds call_limit)
    : access_(access), call_limit_(call_limit) {
  AddHealth();
  AddConsole();
  AddReads(api);
  AddChanges(api);
}

void HttpRouter::AddHealth() {
  const HttpAnswer alive{200, "{\"status\":\"SERVING\"}", {}};
  routes_.push_back({"GET", "/healthz", Role::kAnyone,
                     [alive](const RoutedRequest&, const CallContext&, HttpRespond respond) {
                       RespondNow(alive, respond);
                     }});
  routes_.push_back({"GET", "/readyz", Role::kAnyone,
                     [this, alive](const RoutedRequest&, const CallContext&, HttpRespond respond) {
                       if (serving_) return RespondNow(alive, respond);
                       RespondNow(FaultAnswer(absl::UnavailableError(
                                      "the service is starting, stopping or waits for its store")),
                                  respond);
                     }});
}

void HttpRouter::AddConsole() {
  routes_.push_back({"GET", "/", Role::kAnyone,
                     [](const RoutedRequest& routed, const CallContext&, HttpRespond respond) {
                       RespondNow(ConsolePageAnswer(routed.request), respond);
                     }});
  routes_.push_back({"GET", "/console/{path}", Role::kAnyone,
                     [](const RoutedRequest& routed, const CallContext&, HttpRespond respond) {
                       RespondNow(ConsoleFileAnswer(routed.request, routed.id), respond);
                     }});
}

void HttpRouter::AddReads(InventoryApi& api) {
  routes_.push_back(
      {"GET", "/stock/{id}", Role::kViewer,
       [&api](const RoutedRequest& routed, const CallContext& context, HttpRespond respond) {
         GetStock(api, routed, context, std::move(respond));
       }});
  routes_.push_back(
      {"GET", "/stock", Role::kViewer,
       [read = Handle(api, &InventoryApi::BatchGetStock, {.query = {{"ids", "book_ids"}}}),
        list = Handle(api, &InventoryApi::ListStock,
                      {.query = {{"page_size", "page_size"},
                                 {"page_token", "page_token"},
                                 {"low_stock_only", "low_stock_only"}}})](
           const RoutedRequest& routed, const CallContext& context, HttpRespond respond) {
         NamesBooks(routed) ? read(routed, context, std::move(respond))
                            : list(routed, context, std::move(respond));
       }});
  routes_.push_back({"GET", "/stock/{id}/logs", Role::kViewer,
                     Handle(api, &InventoryApi::GetInventoryLogs,
                            {.path_field = "book_id",
                             .query = {{"page", "page"},
                                       {"page_size", "page_size"},
                                       {"page_token", "page_token"},
                                       {"order_id", "order_id"},
                                       {"change_type", "change_type"},
                                       {"since_ms", "since_ms"},
                                       {"until_ms", "until_ms"}}})});
  routes_.push_back({"GET", "/reservations/{id}", Role::kViewer,
                     Handle(api, &InventoryApi::GetReservation, {.path_field = "order_id"})});
  routes_.push_back({"GET", "/orders/{id}", Role::kViewer,
                     Handle(api, &InventoryApi::GetOrder, {.path_field = "order_id"})});
  routes_.push_back(
      {"GET", "/events", Role::kViewer,
       [&api](const RoutedRequest& routed, const CallContext& context, HttpRespond respond) {
         WatchStock(api, routed, context, std::move(respond));
       }});
  routes_.push_back({"GET", "/status", Role::kViewer, Handle(api, &InventoryApi::GetStatus, {})});
}

void HttpRouter::AddChanges(InventoryApi& api) {
  const RequestForm body{.body = RequestForm::Body::kRequired};
  const RequestForm keyed{.body = RequestForm::Body::kRequired, .takes_key = true};
  const RequestForm of_order{.path_field = "order_id", .body = RequestForm::Body::kOptional};
  routes_.push_back(
      {"POST", "/deduct", Role::kSeller, Handle(api, &InventoryApi::DeductStock, body)});
  routes_.push_back(
      {"POST", "/deduct/batch", Role::kSeller, Handle(api, &InventoryApi::BatchDeductStock, body)});
  routes_.push_back(
      {"POST", "/release", Role::kSeller, Handle(api, &InventoryApi::ReleaseStock, body)});
  routes_.push_back(
      {"POST", "/restock", Role::kOperator, Handle(api, &InventoryApi::RestockInventory, keyed)});
  routes_.push_back(
      {"POST", "/adjust", Role::kOperator, Handle(api, &InventoryApi::AdjustStock, keyed)});
  routes_.push_back(
      {"POST", "/reserve", Role::kSeller, Handle(api, &InventoryApi::ReserveStock, body)});
  routes_.push_back({"POST", "/reservations/{id}/confirm", Role::kSeller,
                     Handle(api, &InventoryApi::ConfirmReservation, of_order)});
  routes_.push_back({"POST", "/reservations/{id}/cancel", Role::kSeller,
                     Handle(api, &InventoryApi::CancelReservation, of_order)});
}

absl::StatusOr<Access::Actor> HttpRouter::Admit(const Route& route,
                                                const HttpRequest& request) const {
  if (access_.open()) return Access::Actor();
  std::optional<std::string_view> authorization;
  if (request.fields.count("authorization") == 1) authorization = *request.Field("authorization");
  const std::string call = absl::StrCat(route.method, " ", route.path);
  return access_.Admit(route.needed, authorization, {call, [&request] { return request.peer; }});
}

void HttpRouter::Answer(const HttpRequest& request, HttpRespond respond) const {
  if (request.target.size() > kMaxTargetBytes) {
    return RespondNow(ErrorAnswer(414, absl::InvalidArgumentError(
                                           absl::StrCat("the URL is longer than ", kMaxTargetBytes,
                                                        " bytes; ask in several requests"))),
                      respond);
  }
  const auto peer = [&request] { return request.peer; };
  const AccessAttempt attempt{request.method, peer};
  if (const absl::Status host = CheckHost(request, /*any_name=*/!access_.open()); !host.ok()) {
    access_.NoteForeignPage(attempt);
    const int status = absl::IsPermissionDenied(host) ? 421 : 400;  // "misdirected request"
    return RespondNow(ErrorAnswer(status, host), respond);
  }
  const absl::StatusOr<HttpTarget> target = ParseHttpTarget(request.target);
  if (!target.ok()) return RespondNow(FaultAnswer(target.status()), respond);
  if (HasToken(*target)) {
    access_.NoteTokenInUrl(attempt);
    return RespondNow(FaultAnswer(absl::InvalidArgumentError(
                          "a token has no place in a URL, which logs keep: make a new one and send "
                          "it as Authorization: Bearer TOKEN")),
                      respond);
  }

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
    access_.NoteForeignPage(attempt);
    return RespondNow(FaultAnswer(origin), respond);
  }
  absl::StatusOr<Access::Actor> actor = Admit(*found, request);
  if (!actor.ok()) return RespondNow(NotAdmitted(actor.status()), respond);
  if (method == "POST") {
    if (const absl::Status type = CheckContentType(request); !type.ok()) {
      return RespondNow(ErrorAnswer(415, type), respond);
    }
  }
  CallContext context;
  context.deadline = std::chrono::steady_clock::now() + call_limit_;
  context.actor = *std::move(actor);
  found->handler(routed, context, std::move(respond));
}

}  // namespace inventory
