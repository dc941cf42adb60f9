#include "tools/inventory-bench/stock_setup.h"

#include <algorithm>
#include <chrono>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "client/load_client.h"
#include "inventory/v1/inventory.pb.h"
#include "tools/inventory-bench/tally.h"

namespace inventory::bench {
namespace {

using Clock = LoadClient::Clock;

constexpr std::uint64_t kIdsPerCall = 1'000;  // the service's limit
constexpr std::int32_t kEnough = 500'000'000;
constexpr std::int32_t kRestock = 1'000'000'000;
constexpr auto kPatience = std::chrono::seconds(30);

const std::string kBatchGet = "/inventory.v1.InventoryService/BatchGetStock";
const std::string kRestockMethod = "/inventory.v1.InventoryService/RestockInventory";

// Makes `calls` calls, as many at once as there are slots, and stops at the first failure.
absl::Status CallAll(LoadClient& client, const std::string& method, std::uint64_t calls,
                     absl::FunctionRef<std::string(std::uint64_t call)> request,
                     absl::FunctionRef<absl::Status(std::string_view response)> read) {
  std::uint64_t next = 0;
  std::uint64_t done = 0;
  while (done < calls) {
    while (next < calls && !client.full()) {
      client.Start(method, request(next), Clock::now() + kPatience, next);
      ++next;
    }
    const auto completion = client.Next(Clock::now() + 2 * kPatience);
    if (!completion) return absl::DeadlineExceededError(absl::StrCat(method, ": no answer"));
    if (completion->status != grpc::StatusCode::OK) {
      return absl::UnavailableError(absl::StrCat(method, ": ", Name(completion->status), ": ",
                                                 std::string(completion->error)));
    }
    RETURN_IF_ERROR(read(completion->response));
    ++done;
  }
  return absl::OkStatus();
}

// Calls `see` with every book's stock; unknown books have none.
absl::Status ReadStock(LoadClient& client, const BookRange& books,
                       absl::FunctionRef<void(const v1::StockInfo&)> see) {
  v1::BatchGetStockResponse response;
  return CallAll(
      client, kBatchGet, (books.count + kIdsPerCall - 1) / kIdsPerCall,
      [&books](std::uint64_t call) {
        v1::BatchGetStockRequest request;
        const std::uint64_t end = std::min(books.count, (call + 1) * kIdsPerCall);
        for (std::uint64_t i = call * kIdsPerCall; i < end; ++i) {
          request.add_book_ids(books.first + i);
        }
        return request.SerializeAsString();
      },
      [&](std::string_view bytes) {
        if (!response.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) ||
            response.code() != 0) {
          return absl::InternalError(
              absl::StrCat("BatchGetStock: code ", response.code(), " ", response.message()));
        }
        for (const v1::StockInfo& stock : response.stocks()) see(stock);
        return absl::OkStatus();
      });
}

}  // namespace

absl::Status StockUp(LoadClient& client, const BookRange& books, const std::string& run) {
  std::vector<std::uint64_t> low;
  RETURN_IF_ERROR(ReadStock(client, books, [&low](const v1::StockInfo& stock) {
    if (stock.stock() < kEnough) low.push_back(stock.book_id());
  }));
  v1::RestockInventoryResponse response;
  return CallAll(
      client, kRestockMethod, low.size(),
      [&](std::uint64_t call) {
        v1::RestockInventoryRequest request;
        request.set_book_id(low[call]);
        request.set_quantity(kRestock);
        request.set_request_id(absl::StrCat("inventory-bench-", run));
        request.set_remark("inventory-bench");
        return request.SerializeAsString();
      },
      [&](std::string_view bytes) {
        if (!response.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) ||
            response.code() != 0) {
          return absl::InternalError(
              absl::StrCat("RestockInventory: code ", response.code(), " ", response.message()));
        }
        return absl::OkStatus();
      });
}

absl::StatusOr<std::int64_t> CountUnits(LoadClient& client, const BookRange& books) {
  std::int64_t units = 0;
  RETURN_IF_ERROR(
      ReadStock(client, books, [&units](const v1::StockInfo& stock) { units += stock.stock(); }));
  return units;
}

}  // namespace inventory::bench
