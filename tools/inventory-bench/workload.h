// What a load run sends, call by call, and how it reads the answers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "client/load_batch_codec.h"
#include "inventory/v1/inventory.pb.h"
#include "tools/inventory-bench/book_picker.h"
#include "tools/inventory-bench/order_ids.h"
#include "tools/inventory-bench/tally.h"

namespace inventory::bench {

// Used by one thread. A slot is one customer: its calls follow one another, never two at once.
class Workload {
 public:
  struct Call {
    const std::string* method;
    std::string_view request;  // valid until the next call of Next
  };

  virtual ~Workload() = default;
  virtual Call Next(int slot) = 0;
  // The answer to the slot's last call; every item in it goes into `tally`.
  virtual void Read(int slot, std::string_view response, Tally& tally) = 0;
  // The slot's last call failed: whether it had an effect is unknown.
  virtual void Failed(int slot) = 0;

  // What the answers so far say was taken from the shelf, less what was given back.
  virtual std::int64_t units_taken() const = 0;
  // What one call can move at most.
  virtual std::int64_t units_per_call() const = 0;
};

// DeductStock: every call a new order.
class DeductWorkload : public Workload {
 public:
  DeductWorkload(BookPicker books, OrderIds orders, std::int32_t quantity)
      : books_(std::move(books)), orders_(orders) {
    request_.set_quantity(quantity);
  }
  Call Next(int slot) override;
  void Read(int slot, std::string_view response, Tally& tally) override;
  void Failed(int) override {}
  std::int64_t units_taken() const override { return sold_ * request_.quantity(); }
  std::int64_t units_per_call() const override { return request_.quantity(); }

 protected:
  // The last call's; the quantity is every call's.
  const v1::DeductStockRequest& request() const { return request_; }

 private:
  BookPicker books_;
  OrderIds orders_;
  std::int64_t sold_ = 0;  // orders
  v1::DeductStockRequest request_;
  v1::DeductStockResponse response_;
  std::string bytes_;
};

// BatchDeductStock: every item a new order.
class BatchDeductWorkload : public Workload {
 public:
  BatchDeductWorkload(BookPicker books, OrderIds orders, std::int32_t quantity, int batch)
      : books_(std::move(books)), orders_(orders), quantity_(quantity), items_(batch) {}
  Call Next(int slot) override;
  void Read(int slot, std::string_view response, Tally& tally) override;
  void Failed(int) override {}
  std::int64_t units_taken() const override { return sold_ * quantity_; }
  std::int64_t units_per_call() const override {
    return static_cast<std::int64_t>(items_.size()) * quantity_;
  }

 private:
  BookPicker books_;
  OrderIds orders_;
  std::int32_t quantity_;
  std::int64_t sold_ = 0;  // orders
  std::vector<DeductItem> items_;
  std::string bytes_;
};

// Fills `message` with the bytes; false: they are no such message.
bool Parse(std::string_view bytes, google::protobuf::MessageLite& message);

// BatchGetStock of a few books.
class GetWorkload : public Workload {
 public:
  GetWorkload(BookPicker books, int ids, int slots) : books_(std::move(books)), asked_(slots) {
    for (auto& request : asked_) request.mutable_book_ids()->Resize(ids, 0);
  }
  Call Next(int slot) override;
  void Read(int slot, std::string_view response, Tally& tally) override;
  void Failed(int) override {}
  std::int64_t units_taken() const override { return 0; }
  std::int64_t units_per_call() const override { return 0; }

 private:
  BookPicker books_;
  std::vector<v1::BatchGetStockRequest> asked_;  // by slot
  v1::BatchGetStockResponse response_;
  std::string bytes_;
};

}  // namespace inventory::bench
