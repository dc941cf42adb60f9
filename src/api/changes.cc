// The RPCs that change stock: a message becomes a command, its reply the answer. The service checks
// the commands; what is checked here is what a command cannot express.
#include <vector>

#include "api/answer.h"

namespace inventory {
namespace {

constexpr int kMaxItems = 10'000;
constexpr TimeMs kMsPerSecond = 1'000;

// Submits one command; `fill` puts its reply's figures into the response.
template <typename Response, typename Fill>
void SubmitOne(InventoryService& service, Command command, const CallContext& context,
               OwedAnswer<Response> owed, Fill fill) {
  std::vector<Command> commands;
  commands.push_back(std::move(command));
  service.Submit(
      std::move(commands), context,
      Answer<Response, std::vector<Reply>>(
          std::move(owed), [fill](const std::vector<Reply>& replies, Response& response) {
            fill(replies.front(), response);
            return replies.front().outcome;
          }));
}

template <typename Response>
void SetRemaining(const Reply& reply, Response& response) {
  response.set_remaining_stock(reply.available);
}

template <typename Response>
void SetCurrent(const Reply& reply, Response& response) {
  response.set_current_stock(reply.available);
}

template <typename Response>
void SetLines(const Reply& reply, Response& response) {
  for (const LineReply& line : reply.lines) {
    v1::OrderLineOutcome& outcome = *response.add_lines();
    outcome.set_book_id(line.book);
    outcome.set_code(Info(line.outcome).code);
    outcome.set_remaining_stock(line.available);
  }
}

Deduct ToCommand(const v1::DeductStockRequest& request) {
  return {request.book_id(), request.order_id(), request.quantity()};
}

// Success has no message here: thousands of equal texts would be most of the answer's bytes.
void SetResult(const Reply& reply, v1::DeductStockResponse& result) {
  const OutcomeInfo& info = Info(reply.outcome);
  if (info.code != 0) {
    result.set_code(info.code);
    result.set_message(info.message.data(), info.message.size());
  }
  result.set_remaining_stock(reply.available);
}

}  // namespace

void InventoryApi::DeductStock(const v1::DeductStockRequest& request, const CallContext& context,
                               Respond<v1::DeductStockResponse> respond) {
  SubmitOne(service_, {ToCommand(request), nullptr}, context,
            OwedAnswer(stats_, ApiCall::kDeductStock, std::move(respond)),
            SetRemaining<v1::DeductStockResponse>);
}

void InventoryApi::BatchDeductStock(const v1::BatchDeductStockRequest& request,
                                    const CallContext& context,
                                    Respond<v1::BatchDeductStockResponse> respond) {
  OwedAnswer owed(stats_, ApiCall::kBatchDeductStock, std::move(respond));
  if (request.items_size() > kMaxItems) return owed.Refuse(Outcome::kTooManyItems);
  std::vector<Command> commands;
  commands.reserve(static_cast<std::size_t>(request.items_size()));
  for (const v1::DeductStockRequest& item : request.items()) {
    commands.push_back({ToCommand(item), nullptr});
  }
  service_.Submit(std::move(commands), context,
                  Answer<v1::BatchDeductStockResponse, std::vector<Reply>>(
                      std::move(owed), [stats = stats_](const std::vector<Reply>& replies,
                                                        v1::BatchDeductStockResponse& response) {
                        response.mutable_results()->Reserve(static_cast<int>(replies.size()));
                        OutcomeCounts counts{};
                        for (const Reply& reply : replies) {
                          SetResult(reply, *response.add_results());
                          ++counts[static_cast<std::size_t>(reply.outcome)];
                        }
                        stats->AnsweredItems(counts);
                      }));
}

void InventoryApi::ReleaseStock(const v1::ReleaseStockRequest& request, const CallContext& context,
                                Respond<v1::ReleaseStockResponse> respond) {
  Release release{request.book_id(), request.order_id(), request.quantity(), request.reason()};
  SubmitOne(service_, {std::move(release), nullptr}, context,
            OwedAnswer(stats_, ApiCall::kReleaseStock, std::move(respond)),
            SetCurrent<v1::ReleaseStockResponse>);
}

void InventoryApi::RestockInventory(const v1::RestockInventoryRequest& request,
                                    const CallContext& context,
                                    Respond<v1::RestockInventoryResponse> respond) {
  Restock restock{request.book_id(), request.quantity(), request.request_id(), request.remark()};
  SubmitOne(service_, {std::move(restock), nullptr}, context,
            OwedAnswer(stats_, ApiCall::kRestockInventory, std::move(respond)),
            SetCurrent<v1::RestockInventoryResponse>);
}

void InventoryApi::ReserveStock(const v1::ReserveStockRequest& request, const CallContext& context,
                                Respond<v1::ReserveStockResponse> respond) {
  Reserve reserve;
  reserve.order = request.order_id();
  reserve.ttl = request.ttl_seconds() * kMsPerSecond;
  reserve.lines.reserve(static_cast<std::size_t>(request.lines_size()));
  for (const v1::OrderLine& line : request.lines()) {
    reserve.lines.push_back({line.book_id(), line.quantity()});
  }
  SubmitOne(service_, {std::move(reserve), nullptr}, context,
            OwedAnswer(stats_, ApiCall::kReserveStock, std::move(respond)),
            [](const Reply& reply, v1::ReserveStockResponse& response) {
              response.set_expires_at_ms(reply.deadline);
              SetLines(reply, response);
            });
}

void InventoryApi::ConfirmReservation(const v1::ConfirmReservationRequest& request,
                                      const CallContext& context,
                                      Respond<v1::ConfirmReservationResponse> respond) {
  SubmitOne(service_, {Confirm{request.order_id()}, nullptr}, context,
            OwedAnswer(stats_, ApiCall::kConfirmReservation, std::move(respond)),
            SetLines<v1::ConfirmReservationResponse>);
}

void InventoryApi::CancelReservation(const v1::CancelReservationRequest& request,
                                     const CallContext& context,
                                     Respond<v1::CancelReservationResponse> respond) {
  SubmitOne(service_, {Cancel{request.order_id(), request.reason()}, nullptr}, context,
            OwedAnswer(stats_, ApiCall::kCancelReservation, std::move(respond)),
            SetLines<v1::CancelReservationResponse>);
}

void InventoryApi::AdjustStock(const v1::AdjustStockRequest& request, const CallContext& context,
                               Respond<v1::AdjustStockResponse> respond) {
  OwedAnswer owed(stats_, ApiCall::kAdjustStock, std::move(respond));
  Adjust adjust;
  adjust.book = request.book_id();
  switch (request.change_case()) {
    case v1::AdjustStockRequest::kDelta: adjust.quantity = request.delta(); break;
    case v1::AdjustStockRequest::kSetTo:
      adjust.set_to = true;
      adjust.quantity = request.set_to();
      break;
    case v1::AdjustStockRequest::CHANGE_NOT_SET:
      return owed.Refuse(request.book_id() == 0 ? Outcome::kBookIdMissing
                                                : Outcome::kAdjustmentMissing);
  }
  if (request.has_expected_stock()) adjust.expected = request.expected_stock();
  adjust.request_id = request.request_id();
  adjust.reason = request.reason();
  SubmitOne(service_, {std::move(adjust), nullptr}, context, std::move(owed),
            SetCurrent<v1::AdjustStockResponse>);
}

}  // namespace inventory
