// watch: stock as it changes.
#include <utility>

#include "absl/strings/str_cat.h"
#include "tools/inventoryctl/commands.h"
#include "tools/inventoryctl/fields.h"
#include "tools/inventoryctl/text_table.h"
#include "tools/inventoryctl/values.h"

namespace inventory {
namespace {

void Watch(Session& session, const v1::WatchStockRequest& request) {
  TextTable table({{"TIME", TextTable::Align::kLeft},
                   {"BOOK"},
                   {"STOCK"},
                   {"LOCKED"},
                   {"TOTAL"},
                   {"SEQUENCE"},
                   {"LOW", TextTable::Align::kLeft}});
  const absl::Status ended =
      session.client().WatchStock(request, [&](const v1::WatchStockResponse& response) {
        if (session.json()) {
          session.PrintJson(response);
        } else {
          const std::string now = ShowTime(absl::ToUnixMillis(absl::Now()));
          for (const v1::StockChange& change : response.changes()) {
            table.AddRow({now, absl::StrCat(change.book_id()), absl::StrCat(change.stock()),
                          absl::StrCat(change.locked_stock()), absl::StrCat(change.total_stock()),
                          absl::StrCat(change.sequence()), change.low() ? "low" : ""});
          }
          table.Flush(session.out());
        }
        return static_cast<bool>(session.out());
      });
  if (!ended.ok()) session.Failed(ended);
}

}  // namespace

void AddWatchCommand(CommandSpec root, Session& session) {
  using Request = v1::WatchStockRequest;
  auto request = std::make_shared<Request>();
  CommandSpec command = root.AddCommand("watch", "Show stock, then each change, until interrupted");
  AddNumbers(command, "BOOK", request, &Request::add_book_ids, "the books; none: all");
  command.AddFlag(
      "--low", [request] { request->set_low_stock_only(true); }, "only those that run low");
  AddDuration(
      command, "--interval",
      [request](absl::Duration interval) {
        if (interval < absl::ZeroDuration() || interval > absl::Hours(1)) {
          return absl::InvalidArgumentError("is not between 0 and 1h");
        }
        request->set_min_interval_ms(
            static_cast<std::uint32_t>(absl::ToInt64Milliseconds(interval)));
        return absl::OkStatus();
      },
      "at most one answer in this time: seconds, or 500ms");
  command.Runs([&session, request] { Watch(session, *request); });
}

}  // namespace inventory
