// Customers who do all that can be done with an order.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "tools/inventory-bench/workload.h"

namespace inventory::bench {

// Each slot is a customer with one order after another. An order is sold (4 of 10), sold and given
// back (2), reserved and confirmed (2), reserved and cancelled (1), or the customer only looks (1).
// A reservation has two lines. Right answers are all yes, whatever the other customers do.
class MixedWorkload : public Workload {
 public:
  MixedWorkload(BookPicker books, OrderIds orders, std::int32_t quantity, int slots,
                std::uint64_t seed)
      : books_(std::move(books)),
        orders_(orders),
        quantity_(quantity),
        random_(seed),
        customers_(slots) {}

  Call Next(int slot) override;
  void Read(int slot, std::string_view response, Tally& tally) override;
  // The order is left as it is; the customer goes on with another.
  void Failed(int slot) override { customers_[slot].plan.clear(); }
  std::int64_t units_taken() const override { return units_taken_; }
  std::int64_t units_per_call() const override { return 2 * std::int64_t{quantity_}; }

 private:
  enum class Step { kDeduct, kRelease, kReserve, kConfirm, kCancel, kLook };
  struct Customer {
    std::vector<Step> plan;  // what is still to be done, last first; the last is on its way
    std::uint64_t order = 0;
    std::uint64_t book = 0;
    std::uint64_t other_book = 0;
  };

  void BeginOrder(Customer& customer);
  // The outcome code in an answer to `step`; false: it is no such answer.
  static bool ReadCode(Step step, std::string_view response, std::uint32_t& code);

  BookPicker books_;
  OrderIds orders_;
  std::int32_t quantity_;
  std::mt19937_64 random_;
  std::vector<Customer> customers_;  // by slot
  std::int64_t units_taken_ = 0;
  std::string bytes_;
};

}  // namespace inventory::bench
