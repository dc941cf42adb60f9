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

void AddReserve(CLI::App& app, Session& session) {
  using Request = v1::ReserveStockRequest;
  auto request = std::make_shared<Request>();
  CLI::App* command = app.add_subcommand(
      "reserve", "Hold copies of several books for an order, all or nothing, for a time");
  command
      ->add_option_function<std::vector<std::string>>(
          "BOOK:QUANTITY",
          [request](const std::vector<std::string>& texts) {
            for (const std::string& text : texts) {
              *request->add_lines() = ValueOrUsageError("BOOK:QUANTITY", ParseOrderLine(text));
            }
          },
          "1:2 3:1 is two copies of book 1 and one of book 3")
      ->type_name("")
      ->required();
  AddNumber(command, "--order", request, &Request::set_order_id, "the order")->required();
  command
      ->add_option_function<std::string>(
          "--ttl",
          [request](const std::string& text) {
            const absl::Duration ttl = ValueOrUsageError("--ttl", ParseDuration(text));
            const std::int64_t seconds = absl::ToInt64Seconds(ttl);
            if (ttl != absl::Seconds(seconds) ||
                seconds > std::numeric_limits<std::int32_t>::max() ||
                seconds < std::numeric_limits<std::int32_t>::min()) {
              throw CLI::ValidationError("--ttl", "is not in whole seconds of a 32-bit number");
            }
            request->set_ttl_seconds(static_cast<std::int32_t>(seconds));
          },
          "how long: seconds, or 15m; absent: as the service is set")
      ->type_name("DURATION");
  command->callback([&session, request] {
    session.Answer(session.client().ReserveStock(*request),
                   [&](const v1::ReserveStockResponse& response) {
                     ShowOutcome(session, request->order_id(), response);
                   });
  });
}

void AddConfirm(CLI::App& app, Session& session) {
  auto request = std::make_shared<v1::ConfirmReservationRequest>();
  CLI::App* command = app.add_subcommand("confirm", "Sell what an order has reserved");
  AddNumber(command, "ORDER", request, &v1::ConfirmReservationRequest::set_order_id, "the order")
      ->required();
  command->callback([&session, request] {
    session.Answer(session.client().ConfirmReservation(*request),
                   [&](const v1::ConfirmReservationResponse& response) {
                     ShowOutcome(session, request->order_id(), response);
                   });
  });
}

void AddCancel(CLI::App& app, Session& session) {
  auto request = std::make_shared<v1::CancelReservationRequest>();
  CLI::App* command = app.add_subcommand("cancel", "Give back what an order has reserved");
  AddNumber(command, "ORDER", request, &v1::CancelReservationRequest::set_order_id, "the order")
      ->required();
  AddText(
      command, "--reason", [request](const std::string& text) { request->set_reason(text); },
      "a note for the log");
  command->callback([&session, request] {
    session.Answer(session.client().CancelReservation(*request),
                   [&](const v1::CancelReservationResponse& response) {
                     ShowOutcome(session, request->order_id(), response);
                   });
  });
}

void AddReservation(CLI::App& app, Session& session) {
  auto request = std::make_shared<v1::GetReservationRequest>();
  CLI::App* command = app.add_subcommand("reservation", "Show an order's reservation");
  AddNumber(command, "ORDER", request, &v1::GetReservationRequest::set_order_id, "the order")
      ->required();
  command->callback([&session, request] {
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

void AddOrder(CLI::App& app, Session& session) {
  auto request = std::make_shared<v1::GetOrderRequest>();
  CLI::App* command =
      app.add_subcommand("order", "Show what an order holds and has held, and its movements");
  AddNumber(command, "ORDER", request, &v1::GetOrderRequest::set_order_id, "the order")->required();
  command->callback([&session, request] {
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

void AddReservationCommands(CLI::App& app, Session& session) {
  AddReserve(app, session);
  AddConfirm(app, session);
  AddCancel(app, session);
  AddReservation(app, session);
  AddOrder(app, session);
}

}  // namespace inventory
