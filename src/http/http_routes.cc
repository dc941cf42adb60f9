#include "http/http_routes.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "api/stack_arena.h"
#include "http/entity_tag.h"
#include "http/http_answers.h"

namespace inventory {
namespace {

// A caller or proxy may keep a book's figures for a second, and then asks again by their tag.
constexpr char kCacheControl[] = "private, max-age=1";

template <typename Request, typename Response>
using ApiMethod = void (InventoryApi::*)(const Request&, const CallContext&, Respond<Response>);

// The response is copied, and written as JSON by whoever sends it.
template <typename Response>
DeferredHttpAnswer DeferAnswer(const absl::Status& status, const Response& response) {
  if (!status.ok()) return [status] { return FaultAnswer(status); };
  return [copy = std::make_shared<const Response>(response)] { return OutcomeAnswer(*copy); };
}

template <typename Request, typename Response>
HttpRoute::Handler Handle(InventoryApi& api, ApiMethod<Request, Response> method,
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

// What is the call's own in a row.
struct CallRow {
  std::string summary;
  RequestForm form;
  std::vector<Outcome> outcomes;
};

template <typename Request, typename Response>
HttpRoute ApiRoute(std::string method, std::string path, Role needed, InventoryApi& api,
                   ApiMethod<Request, Response> call, CallRow row) {
  HttpRoute route{std::move(method), std::move(path), needed, Handle(api, call, row.form)};
  route.summary = std::move(row.summary);
  route.calls = {{Request::descriptor(), Response::descriptor(), std::move(row.form),
                  std::move(row.outcomes)}};
  return route;
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

HttpRoute StockRoute(InventoryApi& api) {
  HttpRoute route = ApiRoute("GET", "/stock/{book_id}", Role::kViewer, api, &InventoryApi::GetStock,
                             {"What of a book can be sold now",
                              {.path_field = "book_id"},
                              {Outcome::kBookIdMissing, Outcome::kBookNotFound, Outcome::kOk}});
  route.has_tag = true;
  route.handler = [&api, form = route.calls.front().form](const RoutedRequest& routed,
                                                          const CallContext& context,
                                                          HttpRespond respond) {
    v1::GetStockRequest request;
    const absl::Status read = ReadForm(form, routed, request);
    if (!read.ok()) return RespondNow(FaultAnswer(read), respond);
    const std::string* field = routed.request.Field("if-none-match");
    api.GetStock(request, context,
                 [respond = std::move(respond), tags = field ? *field : std::string()](
                     const absl::Status& status, const v1::GetStockResponse& stock) mutable {
                   if (!status.ok()) return respond(DeferAnswer(status, stock));
                   respond([stock, tags = std::move(tags)] { return StockAnswer(stock, tags); });
                 });
  };
  return route;
}

// /stock?ids=1,2,3 asks for books by name, /stock goes through all of them.
HttpRoute BooksRoute(InventoryApi& api) {
  HttpRoute named = ApiRoute(
      "GET", "/stock", Role::kViewer, api, &InventoryApi::BatchGetStock,
      {"The books of ids, in that order; without ids a page of all books, or of the low ones",
       {.query = {{"ids", "book_ids"}}},
       {Outcome::kBookIdMissing, Outcome::kTooManyIds, Outcome::kOk}});
  const HttpRoute listed = ApiRoute("GET", "/stock", Role::kViewer, api, &InventoryApi::ListStock,
                                    {"",
                                     {.query = {{"page_size", "page_size"},
                                                {"page_token", "page_token"},
                                                {"low_stock_only", "low_stock_only"}}},
                                     {Outcome::kPageTokenInvalid, Outcome::kOk}});
  named.calls.push_back(listed.calls.front());
  named.handler = [read = named.handler, list = listed.handler](const RoutedRequest& routed,
                                                                const CallContext& context,
                                                                HttpRespond respond) {
    const bool has_ids =
        std::any_of(routed.query.begin(), routed.query.end(),
                    [](const auto& parameter) { return parameter.first == "ids"; });
    has_ids ? read(routed, context, std::move(respond)) : list(routed, context, std::move(respond));
  };
  return named;
}

// What proxies must not wait for the end of, nor keep.
HttpAnswer FirstEvent(const v1::WatchStockResponse& first, std::shared_ptr<StockStream> stream) {
  return {200,
          WriteJson(first),
          {{"Content-Type", "text/event-stream"}, {"X-Accel-Buffering", "no"}},
          std::move(stream)};
}

// Answers when there is a first event: a stream that cannot begin has a status that says so.
void WatchStock(InventoryApi& api, const v1::WatchStockRequest& request, HttpRespond respond) {
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

HttpRoute EventsRoute(InventoryApi& api) {
  const RequestForm form{.query = {{"ids", "book_ids"},
                                   {"low_stock_only", "low_stock_only"},
                                   {"min_interval_ms", "min_interval_ms"}}};
  HttpRoute route{
      "GET", "/events", Role::kViewer,
      [&api, form](const RoutedRequest& routed, const CallContext&, HttpRespond respond) {
        v1::WatchStockRequest request;
        const absl::Status read = ReadForm(form, routed, request);
        if (!read.ok()) return RespondNow(FaultAnswer(read), respond);
        WatchStock(api, request, std::move(respond));
      }};
  route.summary =
      "The state of all books, or of those in ids, and from then on each change of them";
  route.calls = {
      {v1::WatchStockRequest::descriptor(), v1::WatchStockResponse::descriptor(), form, {}}};
  route.content_type = "text/event-stream";
  return route;
}

void AddReads(InventoryApi& api, std::vector<HttpRoute>& routes) {
  using enum Outcome;
  routes.push_back(StockRoute(api));
  routes.push_back(BooksRoute(api));
  routes.push_back(ApiRoute("GET", "/stock/{book_id}/logs", Role::kViewer, api,
                            &InventoryApi::GetInventoryLogs,
                            {"A book's movements, newest first",
                             {.path_field = "book_id",
                              .query = {{"page", "page"},
                                        {"page_size", "page_size"},
                                        {"page_token", "page_token"},
                                        {"order_id", "order_id"},
                                        {"change_type", "change_type"},
                                        {"since_ms", "since_ms"},
                                        {"until_ms", "until_ms"}}},
                             {kBookIdMissing, kPageInvalid, kPageTokenInvalid, kChangeTypeInvalid,
                              kTimeRangeInvalid, kPageTooDeep, kBookNotFound, kOk}}));
  routes.push_back(ApiRoute("GET", "/reservations/{order_id}", Role::kViewer, api,
                            &InventoryApi::GetReservation,
                            {"An order's reservation",
                             {.path_field = "order_id"},
                             {kOrderIdMissing, kReservationNotFound, kOk}}));
  routes.push_back(ApiRoute("GET", "/orders/{order_id}", Role::kViewer, api,
                            &InventoryApi::GetOrder,
                            {"An order's lines and movements, oldest first",
                             {.path_field = "order_id"},
                             {kOrderIdMissing, kOk}}));
  routes.push_back(EventsRoute(api));
  routes.push_back(ApiRoute("GET", "/status", Role::kViewer, api, &InventoryApi::GetStatus,
                            {"What serves, from which store, and its figures", {}, {}}));
}

void AddSales(InventoryApi& api, std::vector<HttpRoute>& routes) {
  using enum Outcome;
  const RequestForm body{.body = RequestForm::Body::kRequired};
  const RequestForm of_order{.path_field = "order_id", .body = RequestForm::Body::kOptional};
  routes.push_back(
      ApiRoute("POST", "/deduct", Role::kSeller, api, &InventoryApi::DeductStock,
               {"Sell copies of a book to an order",
                body,
                {kBookIdMissing, kOrderIdMissing, kDeductQuantityInvalid, kDuplicateOrder,
                 kOrderReleased, kOrderConflict, kInsufficientStock, kDeducted}}));
  routes.push_back(
      ApiRoute("POST", "/deduct/batch", Role::kSeller, api, &InventoryApi::BatchDeductStock,
               {"Many sales, independent of each other: each of the results has a code of its own",
                body,
                {kTooManyItems, kOk}}));
  routes.push_back(
      ApiRoute("POST", "/release", Role::kSeller, api, &InventoryApi::ReleaseStock,
               {"Take back what an order holds of a book",
                body,
                {kBookIdMissing, kOrderIdMissing, kReleaseQuantityInvalid, kTextTooLong,
                 kDuplicateRelease, kOrderConflict, kStockLimit, kNothingToRelease, kReleased}}));
  routes.push_back(
      ApiRoute("POST", "/reserve", Role::kSeller, api, &InventoryApi::ReserveStock,
               {"Hold copies for an order for a while: all of its lines, or none",
                body,
                {kOrderIdMissing, kBookIdMissing, kReserveQuantityInvalid, kReserveLinesMissing,
                 kTtlInvalid, kTooManyItems, kTtlTooLong, kDuplicateOrder, kOrderReleased,
                 kReservationExpired, kOrderConflict, kInsufficientStock, kReserved}}));
  routes.push_back(ApiRoute("POST", "/reservations/{order_id}/confirm", Role::kSeller, api,
                            &InventoryApi::ConfirmReservation,
                            {"Sell what is held for an order",
                             of_order,
                             {kOrderIdMissing, kDuplicateOrder, kReservationNotFound,
                              kOrderReleased, kReservationExpired, kConfirmed}}));
  routes.push_back(
      ApiRoute("POST", "/reservations/{order_id}/cancel", Role::kSeller, api,
               &InventoryApi::CancelReservation,
               {"Give back what is held for an order",
                of_order,
                {kOrderIdMissing, kTextTooLong, kDuplicateRelease, kReservationNotFound,
                 kReservationExpired, kOrderConflict, kCancelled}}));
}

void AddStocking(InventoryApi& api, std::vector<HttpRoute>& routes) {
  using enum Outcome;
  const RequestForm keyed{.body = RequestForm::Body::kRequired, .takes_key = true};
  routes.push_back(ApiRoute("POST", "/restock", Role::kOperator, api,
                            &InventoryApi::RestockInventory,
                            {"Add copies of a book",
                             keyed,
                             {kBookIdMissing, kRestockQuantityInvalid, kTextTooLong,
                              kDuplicateRequest, kRequestIdReused, kStockLimit, kRestocked}}));
  routes.push_back(
      ApiRoute("POST", "/adjust", Role::kOperator, api, &InventoryApi::AdjustStock,
               {"Correct a book's stock, by a difference or to a count",
                keyed,
                {kBookIdMissing, kAdjustmentMissing, kTextTooLong, kDuplicateRequest,
                 kRequestIdReused, kStockChanged, kInsufficientStock, kStockLimit, kAdjusted}}));
}

}  // namespace

std::vector<HttpRoute> ApiRoutes(InventoryApi& api) {
  std::vector<HttpRoute> routes;
  AddReads(api, routes);
  AddSales(api, routes);
  AddStocking(api, routes);
  return routes;
}

}  // namespace inventory
