// reserve, confirm, cancel, reservation, order: what an order holds.
#include <limits>
#include <type_traits>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "tools/inventoryctl/commands.h"
#include "tools/inventoryctl/fields.h"
#include "tools/inventoryctl/movement_table.h"
#include "tools/inventoryctl/text_table.h"
#include "tools/inventoryctl/values.h"

namespace inventory {
namespace {

using Align = TextTable::Align;

// "ORDER_LINE_STATE_SOLD" → "sold"
std::string StateName(const std::string& enumerator, const std::string& prefix) {
  return absl::AsciiStrToLower(absl::StripPrefix(enumerator, prefix));
}

// Of a Reserve-, Confirm- or CancelReservationResponse.
template <typename Response>
void ShowOutcome(Session& session, std::uint64_t order, const Response& response) {
  std::vector<TextTable::Column> columns{{"CODE"}, {"MESSAGE", Align::kLeft}, {"ORDER"}};
  std::vector<std::string> row{absl::StrCat(response.code()), response.message(),
                               absl::StrCat(order)};
  if constexpr (std::is_same_v<Response, v1::ReserveStockResponse>) {
    columns.push_back({"EXPIRES", Align::kLeft});
    row.push_back(ShowTime(response.expires_at_ms()));
  }
  TextTable table(std::move(columns));
  table.AddRow(std::move(row));
  table.Flush(session.out());
  if (response.lines().empty()) return;
  TextTable lines({{"BOOK"}, {"CODE"}, {"STOCK"}});
  for (const v1::OrderLineOutcome& line : response.lines()) {
    lines.AddRow({absl::StrCat(line.book_id()), absl::StrCat(line.code()),
                  absl::StrCat(line.remaining_stock())});
  }
  session.out() << '\n';
  lines.Flush(session.out());
}

template <typename Lines>
void ShowLines(Session& session, const Lines& lines) {
  TextTable table({{"BOOK"}, {"QUANTITY"}, {"STATE", Align::kLeft}, {"EXPIRES", Align::kLeft}});
  for (const v1::OrderLineInfo& line : lines) {
    table.AddRow({absl::StrCat(line.book_id()), absl::StrCat(line.quantity()),
                  StateName(v1::OrderLineState_Name(line.state()), "ORDER_LINE_STATE_"),
                  ShowTime(line.expires_at_ms())});
  }
  table.Flush(session.out());
}

void AddReserve(CommandSpec root, Session& session) {
  using Request = v1::ReserveStockRequest;
  auto request = std::make_shared<Request>();
  CommandSpec command = root.AddCommand(
      "reserve", "Hold copies of several books for an order, all or nothing, for a time");
  command
      .AddValues(
          "BOOK:QUANTITY", "",
          [request](const std::string& text) {
            ASSIGN_OR_RETURN(*request->add_lines(), ParseOrderLine(text));
            return absl::OkStatus();
          },
          "1:2 3:1 is two copies of book 1 and one of book 3")
      .Required();
  AddNumber(command, "--order", request, &Request::set_order_id, "the order").Required();
  AddDuration(
      command, "--ttl",
      [request](absl::Duration ttl) {
        const std::int64_t seconds = absl::ToInt64Seconds(ttl);
        if (ttl != absl::Seconds(seconds) || seconds > std::numeric_limits<std::int32_t>::max() ||
            seconds < std::numeric_limits<std::int32_t>::min()) {
          return absl::InvalidArgumentError("is not in whole seconds of a 32-bit number");
        }
        request->set_ttl_seconds(static_cast<std::int32_t>(seconds));
        return absl::OkStatus();
      },
      "how long: seconds, or 15m; absent: as the service is set");
  command.Runs([&session, request] {
    session.Answer(session.client().ReserveStock(*request),
                   [&](const v1::ReserveStockResponse& response) {
                     ShowOutcome(session, request->order_id(), response);
                   });
  });
}

void AddConfirm(CommandSpec root, Session& session) {
  auto request = std::make_shared<v1::ConfirmReservationRequest>();
  CommandSpec command = root.AddCommand("confirm", "Sell what an order has reserved");
  AddNumber(command, "ORDER", request, &v1::ConfirmReservationRequest::set_order_id, "the order")
      .Required();
  command.Runs([&session, request] {
    session.Answer(session.client().ConfirmReservation(*request),
                   [&](const v1::ConfirmReservationResponse& response) {
                     ShowOutcome(session, request->order_id(), response);
                   });
  });
}

void AddCancel(CommandSpec root, Session& session) {
  auto request = std::make_shared<v1::CancelReservationRequest>();
  CommandSpec command = root.AddCommand("cancel", "Give back what an order has reserved");
  AddNumber(command, "ORDER", request, &v1::CancelReservationRequest::set_order_id, "the order")
      .Required();
  AddText(
      command, "--reason", [request](const std::string& text) { request->set_reason(text); },
      "a note for the log");
  command.Runs([&session, request] {
    session.Answer(session.client().CancelReservation(*request),
                   [&](const v1::CancelReservationResponse& response) {
                     ShowOutcome(session, request->order_id(), response);
                   });
  });
}

void AddReservation(CommandSpec root, Session& session) {
  auto request = std::make_shared<v1::GetReservationRequest>();
  CommandSpec command = root.AddCommand("reservation", "Show an order's reservation");
  AddNumber(command, "ORDER", request, &v1::GetReservationRequest::set_order_id, "the order")
      .Required();
  command.Runs([&session, request] {
    session.Answer(session.client().GetReservation(*request),
                   [&](const v1::GetReservationResponse& response) {
                     if (response.code() != 0) return;
                     session.out() << "order " << request->order_id() << ": "
                                   << StateName(v1::ReservationState_Name(response.state()),
                                                "RESERVATION_STATE_")
                                   << ", expires " << ShowTime(response.expires_at_ms()) << "\n\n";
                     ShowLines(session, response.lines());
                   });
  });
}

void AddOrder(CommandSpec root, Session& session) {
  auto request = std::make_shared<v1::GetOrderRequest>();
  CommandSpec command =
      root.AddCommand("order", "Show what an order holds and has held, and its movements");
  AddNumber(command, "ORDER", request, &v1::GetOrderRequest::set_order_id, "the order").Required();
  command.Runs([&session, request] {
    session.Answer(session.client().GetOrder(*request), [&](const v1::GetOrderResponse& response) {
      if (response.code() != 0) return;
      ShowLines(session, response.lines());
      MovementTable movements;
      for (const v1::InventoryLog& movement : response.logs()) movements.Add(movement);
      session.out() << '\n';
      movements.Flush(session.out());
    });
  });
}

}  // namespace

void AddReservationCommands(CommandSpec root, Session& session) {
  AddReserve(root, session);
  AddConfirm(root, session);
  AddCancel(root, session);
  AddReservation(root, session);
  AddOrder(root, session);
}

}  // namespace inventory
