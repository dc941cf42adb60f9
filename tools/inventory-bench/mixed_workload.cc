#include "tools/inventory-bench/mixed_workload.h"

#include "inventory/v1/inventory.pb.h"

namespace inventory::bench {
namespace {

const std::string kDeduct = "/inventory.v1.InventoryService/DeductStock";
const std::string kRelease = "/inventory.v1.InventoryService/ReleaseStock";
const std::string kReserve = "/inventory.v1.InventoryService/ReserveStock";
const std::string kConfirm = "/inventory.v1.InventoryService/ConfirmReservation";
const std::string kCancel = "/inventory.v1.InventoryService/CancelReservation";
const std::string kGet = "/inventory.v1.InventoryService/GetStock";

template <typename Response>
bool ReadCodeOf(std::string_view bytes, std::uint32_t& code) {
  Response response;
  if (!Parse(bytes, response)) return false;
  code = response.code();
  return true;
}

}  // namespace

void MixedWorkload::BeginOrder(Customer& customer) {
  customer.order = orders_.Next();
  customer.book = books_.Pick();
  customer.other_book = books_.Pick();
  const std::uint64_t kind = random_() % 10;
  if (kind < 4) {
    customer.plan = {Step::kDeduct};
  } else if (kind < 6) {
    customer.plan = {Step::kRelease, Step::kDeduct};
  } else if (kind < 8) {
    customer.plan = {Step::kConfirm, Step::kReserve};
  } else if (kind < 9) {
    customer.plan = {Step::kCancel, Step::kReserve};
  } else {
    customer.plan = {Step::kLook};
  }
}

Workload::Call MixedWorkload::Next(int slot) {
  Customer& customer = customers_[slot];
  if (customer.plan.empty()) BeginOrder(customer);
  const auto call = [this](const std::string& method, const auto& request) {
    request.SerializeToString(&bytes_);
    return Call{&method, bytes_};
  };
  switch (customer.plan.back()) {
    case Step::kDeduct: {
      v1::DeductStockRequest request;
      request.set_book_id(customer.book);
      request.set_quantity(quantity_);
      request.set_order_id(customer.order);
      return call(kDeduct, request);
    }
    case Step::kRelease: {
      v1::ReleaseStockRequest request;
      request.set_book_id(customer.book);
      request.set_order_id(customer.order);
      return call(kRelease, request);
    }
    case Step::kReserve: {
      v1::ReserveStockRequest request;
      request.set_order_id(customer.order);
      for (const std::uint64_t book : {customer.book, customer.other_book}) {
        v1::OrderLine& line = *request.add_lines();
        line.set_book_id(book);
        line.set_quantity(quantity_);
      }
      return call(kReserve, request);
    }
    case Step::kConfirm: {
      v1::ConfirmReservationRequest request;
      request.set_order_id(customer.order);
      return call(kConfirm, request);
    }
    case Step::kCancel: {
      v1::CancelReservationRequest request;
      request.set_order_id(customer.order);
      return call(kCancel, request);
    }
    case Step::kLook: break;
  }
  v1::GetStockRequest request;
  request.set_book_id(customer.book);
  return call(kGet, request);
}

bool MixedWorkload::ReadCode(Step step, std::string_view response, std::uint32_t& code) {
  switch (step) {
    case Step::kDeduct: return ReadCodeOf<v1::DeductStockResponse>(response, code);
    case Step::kRelease: return ReadCodeOf<v1::ReleaseStockResponse>(response, code);
    case Step::kReserve: return ReadCodeOf<v1::ReserveStockResponse>(response, code);
    case Step::kConfirm: return ReadCodeOf<v1::ConfirmReservationResponse>(response, code);
    case Step::kCancel: return ReadCodeOf<v1::CancelReservationResponse>(response, code);
    case Step::kLook: return ReadCodeOf<v1::GetStockResponse>(response, code);
  }
  return false;
}

void MixedWorkload::Read(int slot, std::string_view response, Tally& tally) {
  Customer& customer = customers_[slot];
  const Step step = customer.plan.back();
  customer.plan.pop_back();
  std::uint32_t code = 0;
  if (!ReadCode(step, response, code)) {
    tally.Unreadable("an answer cannot be read");
    customer.plan.clear();
    return;
  }
  tally.Answered(code);
  if (code != 0) {
    customer.plan.clear();
    return;
  }
  switch (step) {
    case Step::kDeduct: units_taken_ += quantity_; break;
    case Step::kRelease: units_taken_ -= quantity_; break;
    case Step::kReserve: units_taken_ += 2 * std::int64_t{quantity_}; break;
    case Step::kCancel: units_taken_ -= 2 * std::int64_t{quantity_}; break;
    case Step::kConfirm:
    case Step::kLook: break;
  }
}

}  // namespace inventory::bench
