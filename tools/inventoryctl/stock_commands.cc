// get, restock, adjust, list: stock as it is, and how it is set.
#include <utility>

#include "absl/strings/str_cat.h"
#include "tools/inventoryctl/commands.h"
#include "tools/inventoryctl/fields.h"
#include "tools/inventoryctl/text_table.h"
#include "tools/inventoryctl/values.h"

namespace inventory {
namespace {

constexpr std::uint32_t kListPageSize = 1'000;

TextTable StockTable() {
  return TextTable({{"BOOK"}, {"STOCK"}, {"LOCKED"}, {"TOTAL"}, {"SEQUENCE"}});
}

// Of a GetStockResponse or a StockInfo.
template <typename Stock>
std::vector<std::string> StockRow(const Stock& stock) {
  if (stock.code() != 0) return {absl::StrCat(stock.book_id()), "-", "-", "-", "-"};
  return {absl::StrCat(stock.book_id()), absl::StrCat(stock.stock()),
          absl::StrCat(stock.locked_stock()), absl::StrCat(stock.total_stock()),
          absl::StrCat(stock.sequence())};
}

void Get(Session& session, const v1::BatchGetStockRequest& request) {
  TextTable table = StockTable();
  if (request.book_ids_size() == 1) {
    v1::GetStockRequest one;
    one.set_book_id(request.book_ids(0));
    session.Answer(session.client().GetStock(one), [&](const v1::GetStockResponse& response) {
      if (response.code() != 0) return;
      table.AddRow(StockRow(response));
      table.Flush(session.out());
    });
    return;
  }
  const auto response = session.client().BatchGetStock(request);
  const bool answered = session.Answer(response, [&](const v1::BatchGetStockResponse& stocks) {
    for (const v1::StockInfo& stock : stocks.stocks()) table.AddRow(StockRow(stock));
    if (stocks.code() == 0) table.Flush(session.out());
  });
  if (!answered) return;
  for (const v1::StockInfo& stock : response->stocks()) {
    if (stock.code() != 0) {
      session.Refused(stock.code(), "", absl::StrCat("book ", stock.book_id()));
    }
  }
}

// A request without an id of its own gets one, said before it is sent: so it may be retried, by
// this program and by whoever started it.
template <typename Request>
void EnsureRequestId(Session& session, Request& request) {
  if (!request.request_id().empty()) return;
  request.set_request_id(MakeRequestId());
  session.Note(absl::StrCat("request id ", request.request_id(),
                            " (to repeat this very request, add --request-id with it)"));
}

// Of a RestockInventoryResponse or an AdjustStockResponse.
template <typename Response>
void ShowChange(Session& session, std::uint64_t book, const Response& response) {
  TextTable table({{"CODE"}, {"MESSAGE", TextTable::Align::kLeft}, {"BOOK"}, {"STOCK"}});
  table.AddRow({absl::StrCat(response.code()), response.message(), absl::StrCat(book),
                absl::StrCat(response.current_stock())});
  table.Flush(session.out());
}

void List(Session& session, v1::ListStockRequest request) {
  TextTable table = StockTable();
  request.set_page_size(kListPageSize);
  for (;;) {
    const auto response = session.client().ListStock(request);
    const bool answered = session.Answer(response, [&](const v1::ListStockResponse& page) {
      for (const v1::StockInfo& stock : page.stocks()) table.AddRow(StockRow(stock));
      if (page.code() == 0) table.Flush(session.out());
    });
    if (!answered || response->next_page_token().empty()) return;
    request.set_page_token(response->next_page_token());
  }
}

void AddRestock(CommandSpec root, Session& session) {
  auto request = std::make_shared<v1::RestockInventoryRequest>();
  CommandSpec command = root.AddCommand("restock", "Add copies: a delivery came in");
  AddNumber(command, "BOOK", request, &v1::RestockInventoryRequest::set_book_id, "the book")
      .Required();
  AddNumber(command, "QUANTITY", request, &v1::RestockInventoryRequest::set_quantity,
            "how many copies came in")
      .Required();
  AddText(
      command, "--request-id", [request](const std::string& id) { request->set_request_id(id); },
      "names this delivery for ever: the same id adds once; made up if absent");
  AddText(
      command, "--remark", [request](const std::string& text) { request->set_remark(text); },
      "a note for the log");
  command.Runs([&session, request] {
    EnsureRequestId(session, *request);
    session.Answer(session.client().RestockInventory(*request),
                   [&](const v1::RestockInventoryResponse& response) {
                     ShowChange(session, request->book_id(), response);
                   });
  });
}

void AddAdjust(CommandSpec root, Session& session) {
  using Request = v1::AdjustStockRequest;
  auto request = std::make_shared<Request>();
  CommandSpec command = root.AddCommand("adjust", "Correct the stock: a count came out different");
  AddNumber(command, "BOOK", request, &Request::set_book_id, "the book").Required();
  CommandSpec change = command.AddOneOf("change", "what to do");
  AddNumber(change, "--delta", request, &Request::set_delta, "add this (negative: take away)");
  AddNumber(change, "--set-to", request, &Request::set_set_to, "make this the stock");
  AddNumber(command, "--expected", request, &Request::set_expected_stock,
            "only if this is the stock now");
  AddText(
      command, "--reason", [request](const std::string& text) { request->set_reason(text); },
      "a note for the log");
  AddText(
      command, "--request-id", [request](const std::string& id) { request->set_request_id(id); },
      "names this correction for ever; made up if absent");
  command.Runs([&session, request] {
    EnsureRequestId(session, *request);
    session.Answer(session.client().AdjustStock(*request),
                   [&](const v1::AdjustStockResponse& response) {
                     ShowChange(session, request->book_id(), response);
                   });
  });
}

}  // namespace

void AddStockCommands(CommandSpec root, Session& session) {
  auto get = std::make_shared<v1::BatchGetStockRequest>();
  CommandSpec get_command = root.AddCommand("get", "Show the stock of books");
  AddNumbers(get_command, "BOOK", get, &v1::BatchGetStockRequest::add_book_ids, "the books")
      .Required();
  get_command.Runs([&session, get] { Get(session, *get); });

  AddRestock(root, session);
  AddAdjust(root, session);

  auto list = std::make_shared<v1::ListStockRequest>();
  CommandSpec list_command = root.AddCommand("list", "Show the stock of all books");
  list_command.AddFlag(
      "--low", [list] { list->set_low_stock_only(true); }, "only those that run low");
  list_command.Runs([&session, list] { List(session, *list); });
}

}  // namespace inventory
