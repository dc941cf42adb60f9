// deduct, release, batch-deduct: selling and taking back.
#include <fstream>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tools/inventoryctl/commands.h"
#include "tools/inventoryctl/fields.h"
#include "tools/inventoryctl/number_file.h"
#include "tools/inventoryctl/text_table.h"

namespace inventory {
namespace {

constexpr std::size_t kItemsPerCall = 10'000;

void ShowLine(Session& session, std::uint32_t code, const std::string& message, std::uint64_t book,
              std::uint64_t order, std::int32_t stock) {
  TextTable table({{"CODE"}, {"MESSAGE", TextTable::Align::kLeft}, {"BOOK"}, {"ORDER"}, {"STOCK"}});
  table.AddRow(
      {absl::StrCat(code), message, absl::StrCat(book), absl::StrCat(order), absl::StrCat(stock)});
  table.Flush(session.out());
}

void AddDeduct(CommandSpec root, Session& session) {
  using Request = v1::DeductStockRequest;
  auto request = std::make_shared<Request>();
  CommandSpec command = root.AddCommand("deduct", "Sell copies to an order");
  AddNumber(command, "BOOK", request, &Request::set_book_id, "the book").Required();
  AddNumber(command, "QUANTITY", request, &Request::set_quantity, "how many copies").Required();
  AddNumber(command, "--order", request, &Request::set_order_id,
            "the order; the same order and book sell once")
      .Required();
  command.Runs([&session, request] {
    session.Answer(session.client().DeductStock(*request),
                   [&](const v1::DeductStockResponse& response) {
                     ShowLine(session, response.code(), response.message(), request->book_id(),
                              request->order_id(), response.remaining_stock());
                   });
  });
}

void AddRelease(CommandSpec root, Session& session) {
  using Request = v1::ReleaseStockRequest;
  auto request = std::make_shared<Request>();
  CommandSpec command = root.AddCommand("release", "Take back what an order holds of a book");
  AddNumber(command, "BOOK", request, &Request::set_book_id, "the book").Required();
  AddNumber(command, "QUANTITY", request, &Request::set_quantity,
            "what the order holds; absent or 0: all of it");
  AddNumber(command, "--order", request, &Request::set_order_id, "the order").Required();
  AddText(
      command, "--reason", [request](const std::string& text) { request->set_reason(text); },
      "a note for the log");
  command.Runs([&session, request] {
    session.Answer(session.client().ReleaseStock(*request),
                   [&](const v1::ReleaseStockResponse& response) {
                     ShowLine(session, response.code(), response.message(), request->book_id(),
                              request->order_id(), response.current_stock());
                   });
  });
}

absl::StatusOr<std::vector<NumberRow>> ReadDeductions(Session& session, const std::string& file) {
  constexpr std::uint64_t kMaxId = std::numeric_limits<std::uint64_t>::max();
  constexpr std::uint64_t kMaxQuantity = std::numeric_limits<std::int32_t>::max();
  const std::vector<NumberColumn> columns{
      {"book_id", kMaxId}, {"quantity", kMaxQuantity}, {"order_id", kMaxId}};
  if (file == "-") return ReadNumbers(session.streams().in, columns);
  std::ifstream in(file);
  if (!in) return absl::NotFoundError("cannot open it");
  return ReadNumbers(in, columns);
}

// Sends rows [first, last). Returns how many were refused, or nothing after a fault.
std::optional<std::size_t> DeductRows(Session& session, const std::vector<NumberRow>& rows,
                                      std::size_t first, std::size_t last, TextTable& refused) {
  v1::BatchDeductStockRequest request;
  for (std::size_t i = first; i < last; ++i) {
    v1::DeductStockRequest& item = *request.add_items();
    item.set_book_id(rows[i].numbers[0]);
    item.set_quantity(static_cast<std::int32_t>(rows[i].numbers[1]));
    item.set_order_id(rows[i].numbers[2]);
  }
  const auto response = session.client().BatchDeductStock(request);
  if (!session.Answer(response, [](const v1::BatchDeductStockResponse&) {})) return std::nullopt;
  if (response->results_size() != request.items_size()) {
    session.Failed(absl::InternalError("the service answered with another number of results"));
    return std::nullopt;
  }
  std::size_t count = 0;
  for (std::size_t i = first; i < last; ++i) {
    const v1::DeductStockResponse& result = response->results(static_cast<int>(i - first));
    if (result.code() == 0) continue;
    ++count;
    refused.AddRow({absl::StrCat(rows[i].line), absl::StrCat(result.code()), result.message(),
                    absl::StrCat(rows[i].numbers[0]), absl::StrCat(rows[i].numbers[2]),
                    absl::StrCat(result.remaining_stock())});
  }
  return count;
}

void BatchDeduct(Session& session, const std::string& file) {
  const auto rows = ReadDeductions(session, file);
  if (!rows.ok()) {
    return session.WrongUsage(
        absl::StrCat(file, ": nothing was sent:\n", std::string(rows.status().message())));
  }
  std::size_t sold = 0;
  std::size_t refused_count = 0;
  TextTable refused(
      {{"LINE"}, {"CODE"}, {"MESSAGE", TextTable::Align::kLeft}, {"BOOK"}, {"ORDER"}, {"STOCK"}});
  for (std::size_t first = 0; first < rows->size(); first += kItemsPerCall) {
    const std::size_t last = std::min(first + kItemsPerCall, rows->size());
    const std::optional<std::size_t> count = DeductRows(session, *rows, first, last, refused);
    if (!count) {
      session.Note(absl::StrCat("stopped at line ", (*rows)[first].line, " after ", sold,
                                " sold; repeat the command to go on: nothing is sold twice"));
      break;
    }
    refused_count += *count;
    sold += last - first - *count;
  }
  if (!session.json()) {
    if (refused_count > 0) refused.Flush(session.out());
    session.out() << sold << " sold (now or before), " << refused_count << " refused, of "
                  << rows->size() << '\n';
  }
  if (refused_count > 0) session.RefusedSome(refused_count, rows->size());
}

}  // namespace

void AddSaleCommands(CommandSpec root, Session& session) {
  AddDeduct(root, session);
  AddRelease(root, session);

  auto file = std::make_shared<std::string>();
  CommandSpec command =
      root.AddCommand("batch-deduct", "Sell to many orders: a file of book_id,quantity,order_id");
  AddPlainText(command, "FILE", file, "the file, or - for the standard input").Required();
  command.Runs([&session, file] { BatchDeduct(session, *file); });
}

}  // namespace inventory
