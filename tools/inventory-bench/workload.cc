#include "tools/inventory-bench/workload.h"

#include "absl/strings/str_cat.h"

namespace inventory::bench {
namespace {

const std::string kDeduct = "/inventory.v1.InventoryService/DeductStock";
const std::string kBatchDeduct = "/inventory.v1.InventoryService/BatchDeductStock";
const std::string kBatchGet = "/inventory.v1.InventoryService/BatchGetStock";

}  // namespace

bool Parse(std::string_view bytes, google::protobuf::MessageLite& message) {
  return message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

Workload::Call DeductWorkload::Next(int) {
  request_.set_book_id(books_.Pick());
  request_.set_order_id(orders_.Next());
  request_.SerializeToString(&bytes_);
  return {&kDeduct, bytes_};
}

void DeductWorkload::Read(int, std::string_view response, Tally& tally) {
  if (Parse(response, response_)) {
    tally.Answered(response_.code());
    if (response_.code() == 0) ++sold_;
  } else {
    tally.Unreadable("an answer is no DeductStockResponse");
  }
}

Workload::Call BatchDeductWorkload::Next(int) {
  for (DeductItem& item : items_) {
    item = {books_.Pick(), quantity_, orders_.Next()};
  }
  return {&kBatchDeduct, EncodeBatchDeduct(items_, bytes_)};
}

void BatchDeductWorkload::Read(int, std::string_view response, Tally& tally) {
  BatchAnswer answer;
  const std::uint64_t ok_before = tally.ok_items();
  const bool whole = DecodeBatchDeduct(
      response, [&tally](std::uint32_t code) { tally.Answered(code); }, answer);
  sold_ += static_cast<std::int64_t>(tally.ok_items() - ok_before);
  if (!whole) {
    tally.Unreadable("an answer is no BatchDeductStockResponse");
  } else if (answer.code != 0) {
    tally.Answered(answer.code);
  } else if (answer.results != items_.size()) {
    tally.Unreadable(
        absl::StrCat("a batch of ", items_.size(), " got ", answer.results, " results"));
  }
}

Workload::Call GetWorkload::Next(int slot) {
  v1::BatchGetStockRequest& request = asked_[slot];
  for (std::uint64_t& id : *request.mutable_book_ids()) id = books_.Pick();
  request.SerializeToString(&bytes_);
  return {&kBatchGet, bytes_};
}

void GetWorkload::Read(int slot, std::string_view response, Tally& tally) {
  const v1::BatchGetStockRequest& request = asked_[slot];
  if (!Parse(response, response_) || response_.stocks_size() != request.book_ids_size()) {
    tally.Unreadable("an answer is no BatchGetStockResponse with every book asked for");
    return;
  }
  for (int i = 0; i < response_.stocks_size(); ++i) {
    const v1::StockInfo& stock = response_.stocks(i);
    if (stock.book_id() != request.book_ids(i)) {
      tally.Unreadable("an answer has its books in another order");
      return;
    }
    tally.Answered(stock.code());
  }
}

}  // namespace inventory::bench
