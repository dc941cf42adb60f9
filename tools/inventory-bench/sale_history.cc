#include "tools/inventory-bench/sale_history.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "client/inventory_client.h"

namespace inventory::bench {
namespace {

constexpr std::uint32_t kPageSize = 100;  // the service's limit

absl::StatusOr<v1::GetStockResponse> ReadStock(InventoryClient& client, std::uint64_t book) {
  v1::GetStockRequest request;
  request.set_book_id(book);
  ASSIGN_OR_RETURN(v1::GetStockResponse stock, client.GetStock(request));
  if (stock.code() != 0) {
    return absl::NotFoundError(
        absl::StrCat("book ", book, ": code ", stock.code(), " ", stock.message()));
  }
  return stock;
}

}  // namespace

absl::StatusOr<SaleHistory> ReadSaleHistory(InventoryClient& client, std::uint64_t book) {
  ASSIGN_OR_RETURN(const v1::GetStockResponse before, ReadStock(client, book));
  SaleHistory history;
  v1::GetInventoryLogsRequest request;
  request.set_book_id(book);
  request.set_page_size(kPageSize);
  do {
    ASSIGN_OR_RETURN(v1::GetInventoryLogsResponse page, client.GetInventoryLogs(request));
    if (page.code() != 0) {
      return absl::InternalError(
          absl::StrCat("the log of book ", book, ": code ", page.code(), " ", page.message()));
    }
    if (history.log.size() > before.sequence()) {
      return absl::InternalError(absl::StrCat("the log of book ", book,
                                              " does not end: ", history.log.size(),
                                              " movements read of ", before.sequence()));
    }
    for (v1::InventoryLog& movement : *page.mutable_logs()) {
      history.log.push_back(std::move(movement));
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  std::reverse(history.log.begin(), history.log.end());

  ASSIGN_OR_RETURN(history.stock, ReadStock(client, book));
  if (history.stock.sequence() != before.sequence()) {
    return absl::AbortedError(absl::StrCat("book ", book, " is being changed; prove it at rest"));
  }
  return history;
}

}  // namespace inventory::bench
