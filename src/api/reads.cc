// The RPCs that read. Their arguments are checked here.
#include <algorithm>
#include <limits>
#include <optional>
#include <vector>

#include "api/answer.h"
#include "api/checked_books.h"
#include "api/page_token.h"
#include "base/status_macros.h"

namespace inventory {
namespace {

// A page size of 0 is the default; one past the largest is the largest.
int PageSize(std::uint32_t asked, std::uint32_t by_default, std::uint32_t largest) {
  return static_cast<int>(asked == 0 ? by_default : std::min(asked, largest));
}

// Fills the query; a refusal is the first that applies in the order of checks.
std::optional<Outcome> ToQuery(const v1::GetInventoryLogsRequest& request, MovementQuery& query) {
  if (request.book_id() == 0) return Outcome::kBookIdMissing;
  query.book = request.book_id();
  query.order = request.order_id();
  query.since = request.since_ms();
  query.until = request.until_ms();
  const ChangeType* type = FindChangeType(request.change_type());
  if (type) query.type = *type;
  query.limit = PageSize(request.page_size(), 20, 100);

  const bool filtered = query.filtered() || !request.change_type().empty();
  if (request.page() != 0 && !request.page_token().empty()) return Outcome::kPageInvalid;
  if (request.page() > 1 && filtered) return Outcome::kPageInvalid;
  if (!request.change_type().empty() && !type) return Outcome::kChangeTypeInvalid;
  if (query.since < 0 || query.until < 0 || (query.until != 0 && query.since > query.until)) {
    return Outcome::kTimeRangeInvalid;
  }
  if (!request.page_token().empty() && !ContinueFrom(request.page_token(), query)) {
    return Outcome::kPageTokenInvalid;
  }
  if (request.page() > 1) {
    query.skip = std::uint64_t{request.page() - 1} * static_cast<std::uint64_t>(query.limit);
  }
  return query.skip > kMaxSkip ? std::optional(Outcome::kPageTooDeep) : std::nullopt;
}

Outcome SetPage(const MovementPage& page, MovementQuery query,
                v1::GetInventoryLogsResponse& response) {
  for (const Movement& movement : page.movements) SetLog(movement, *response.add_logs());
  if (!query.filtered()) {
    constexpr std::uint64_t kLargest = std::numeric_limits<std::uint32_t>::max();
    response.set_total(static_cast<std::uint32_t>(std::min(page.last_sequence, kLargest)));
  }
  if (page.next_below != 0) {
    query.below_sequence = page.next_below;
    response.set_next_page_token(MakePageToken(query));
  }
  return page.book_known ? Outcome::kOk : Outcome::kBookNotFound;
}

void SetLines(const OrderFacts& facts, v1::GetOrderResponse& response) {
  const TimeMs deadline = facts.reservation ? facts.reservation->deadline : 0;
  for (const OrderFacts::Line& line : facts.lines) {
    SetLineInfo(line.book, line.line, deadline, *response.add_lines());
  }
  for (const Movement& movement : facts.movements) SetLog(movement, *response.add_logs());
}

Outcome SetReservation(const OrderFacts& facts, v1::GetReservationResponse& response) {
  // A cancel that came before its reservation is remembered, but there never was a reservation.
  if (!facts.reservation || facts.reservation->remembered) {
    return Outcome::kReservationNotFound;
  }
  response.set_state(ToProto(facts.reservation->state));
  response.set_expires_at_ms(facts.reservation->deadline);
  for (const ReservedLine& reserved : facts.reservation->lines) {
    // The order may hold other lines too, made by plain deducts.
    const auto line = std::lower_bound(
        facts.lines.begin(), facts.lines.end(), reserved.book,
        [](const OrderFacts::Line& entry, BookId book) { return entry.book < book; });
    if (line == facts.lines.end() || line->book != reserved.book) continue;
    SetLineInfo(line->book, line->line, facts.reservation->deadline, *response.add_lines());
  }
  return Outcome::kOk;
}

}  // namespace

void InventoryApi::GetStock(const v1::GetStockRequest& request, const CallContext&,
                            Respond<v1::GetStockResponse> respond) {
  OwedAnswer owed(stats_, ApiCall::kGetStock, std::move(respond));
  if (request.book_id() == 0) return owed.Refuse(Outcome::kBookIdMissing);
  service_.ReadStock(
      {request.book_id()},
      Answer<v1::GetStockResponse, std::vector<BookStock>>(
          std::move(owed), [](const std::vector<BookStock>& books, v1::GetStockResponse& response) {
            const BookStock& stock = books.front();
            SetFigures(stock, response);
            return stock.known ? Outcome::kOk : Outcome::kBookNotFound;
          }));
}

void InventoryApi::BatchGetStock(const v1::BatchGetStockRequest& request, const CallContext&,
                                 Respond<v1::BatchGetStockResponse> respond) {
  OwedAnswer owed(stats_, ApiCall::kBatchGetStock, std::move(respond));
  if (const auto refusal = CheckBooks(request.book_ids())) return owed.Refuse(*refusal);
  service_.ReadStock({request.book_ids().begin(), request.book_ids().end()},
                     Answer<v1::BatchGetStockResponse, std::vector<BookStock>>(
                         std::move(owed), [](const std::vector<BookStock>& books,
                                             v1::BatchGetStockResponse& response) {
                           response.mutable_stocks()->Reserve(static_cast<int>(books.size()));
                           for (const BookStock& stock : books)
                             SetStockInfo(stock, *response.add_stocks());
                         }));
}

void InventoryApi::GetInventoryLogs(const v1::GetInventoryLogsRequest& request, const CallContext&,
                                    Respond<v1::GetInventoryLogsResponse> respond) {
  OwedAnswer owed(stats_, ApiCall::kGetInventoryLogs, std::move(respond));
  MovementQuery query;
  if (const auto refusal = ToQuery(request, query)) return owed.Refuse(*refusal);
  service_.ReadMovements(
      query, Answer<v1::GetInventoryLogsResponse, MovementPage>(
                 std::move(owed),
                 [query](const MovementPage& page, v1::GetInventoryLogsResponse& response) {
                   return SetPage(page, query, response);
                 }));
}

void InventoryApi::GetReservation(const v1::GetReservationRequest& request, const CallContext&,
                                  Respond<v1::GetReservationResponse> respond) {
  OwedAnswer owed(stats_, ApiCall::kGetReservation, std::move(respond));
  if (request.order_id() == 0) return owed.Refuse(Outcome::kOrderIdMissing);
  service_.ReadOrder(
      request.order_id(), /*want_movements=*/false,
      Answer<v1::GetReservationResponse, OrderFacts>(std::move(owed), SetReservation));
}

void InventoryApi::GetOrder(const v1::GetOrderRequest& request, const CallContext&,
                            Respond<v1::GetOrderResponse> respond) {
  OwedAnswer owed(stats_, ApiCall::kGetOrder, std::move(respond));
  if (request.order_id() == 0) return owed.Refuse(Outcome::kOrderIdMissing);
  service_.ReadOrder(
      request.order_id(), /*want_movements=*/true,
      Answer<v1::GetOrderResponse, OrderFacts>(
          std::move(owed), [](const OrderFacts& facts, v1::GetOrderResponse& response) {
            SetLines(facts, response);
          }));
}

void InventoryApi::ListStock(const v1::ListStockRequest& request, const CallContext&,
                             Respond<v1::ListStockResponse> respond) {
  OwedAnswer owed(stats_, ApiCall::kListStock, std::move(respond));
  StockListQuery query;
  query.limit = PageSize(request.page_size(), 100, 1'000);
  if (request.low_stock_only()) query.below = service_.warning_threshold();
  if (!request.page_token().empty() && !ContinueFrom(request.page_token(), query)) {
    return owed.Refuse(Outcome::kPageTokenInvalid);
  }
  service_.ListStock(query, Answer<v1::ListStockResponse, StockPage>(
                                std::move(owed), [query](const StockPage& page,
                                                         v1::ListStockResponse& response) mutable {
                                  for (const BookStock& stock : page.books) {
                                    SetStockInfo(stock, *response.add_stocks());
                                  }
                                  if (page.next_after != 0) {
                                    query.after = page.next_after;
                                    response.set_next_page_token(MakePageToken(query));
                                  }
                                }));
}

absl::StatusOr<std::unique_ptr<StockStream>> InventoryApi::WatchStock(
    const v1::WatchStockRequest& request) {
  if (const auto refusal = CheckBooks(request.book_ids())) {
    return absl::InvalidArgumentError(std::string(Info(*refusal).message));
  }
  WatchQuery query;
  query.books.assign(request.book_ids().begin(), request.book_ids().end());
  query.low_stock_only = request.low_stock_only();
  query.min_interval = std::chrono::milliseconds(request.min_interval_ms());
  ASSIGN_OR_RETURN(std::unique_ptr<StockWatch> watch, service_.Watch(std::move(query)));
  return std::make_unique<StockStream>(std::move(watch));
}

void StockStream::Next(Respond<v1::WatchStockResponse> respond) {
  watch_->Next(
      [respond = std::move(respond)](const absl::StatusOr<StockWatch::Update>& update) mutable {
        StackArena arena;
        auto& response = arena.Make<v1::WatchStockResponse>();
        if (!update.ok()) return respond(update.status(), response);
        for (const StockWatch::Change& change : update->changes) {
          v1::StockChange& message = *response.add_changes();
          SetFigures(change.stock, message);
          message.set_low(change.low);
        }
        response.set_snapshot_done(update->snapshot_done);
        respond(absl::OkStatus(), response);
      });
}

}  // namespace inventory
