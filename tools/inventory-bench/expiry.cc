#include "tools/inventory-bench/expiry.h"

#include <algorithm>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "tools/inventory-bench/report.h"

namespace inventory::bench {
namespace {

const std::string kReserve = "/inventory.v1.InventoryService/ReserveStock";
constexpr std::int64_t kLatestMs = 1'000;  // the service's promise

}  // namespace

Workload::Call ReserveWorkload::Next(int slot) {
  const auto left =
      std::chrono::ceil<std::chrono::seconds>(due_ - std::chrono::system_clock::now());
  v1::ReserveStockRequest request;
  request.set_order_id(asked_[slot] = orders_.Next());
  request.set_ttl_seconds(static_cast<std::int32_t>(std::max<std::int64_t>(left.count(), 1)));
  v1::OrderLine& line = *request.add_lines();
  line.set_book_id(book_);
  line.set_quantity(1);
  request.SerializeToString(&bytes_);
  return {&kReserve, bytes_};
}

void ReserveWorkload::Read(int slot, std::string_view response, Tally& tally) {
  if (!Parse(response, response_)) {
    tally.Unreadable("an answer is no ReserveStockResponse");
    return;
  }
  tally.Answered(response_.code());
  if (response_.code() == 0) deadlines_[asked_[slot]] = response_.expires_at_ms();
}

std::vector<ProofLine> ProveExpiry(const SaleHistory& history, const Deadlines& deadlines) {
  absl::flat_hash_set<std::uint64_t> expired;
  std::int64_t earliest = kLatestMs;
  std::int64_t latest = 0;
  for (const v1::InventoryLog& movement : history.log) {
    if (movement.change_type() != "expire") continue;
    const auto deadline = deadlines.find(movement.order_id());
    if (deadline == deadlines.end() || !expired.insert(movement.order_id()).second) {
      return {
          {false, absl::StrCat("order ", movement.order_id(), " expired, and should not have")}};
    }
    const std::int64_t late = movement.created_at_ms() - deadline->second;
    earliest = std::min(earliest, late);
    latest = std::max(latest, late);
  }
  return {{expired.size() == deadlines.size(),
           absl::StrCat("of ", Grouped(deadlines.size()), " reservations ", Grouped(expired.size()),
                        " expired, each once")},
          {earliest >= 0,
           absl::StrCat("none before its deadline: the earliest ", earliest, " ms after it")},
          {latest <= kLatestMs,
           absl::StrCat("all within a second of it: the latest ", latest, " ms after it")}};
}

}  // namespace inventory::bench
