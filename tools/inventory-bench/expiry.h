// Many reservations that fall due in the same second, while others buy.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "tools/inventory-bench/order_ids.h"
#include "tools/inventory-bench/sale_proof.h"
#include "tools/inventory-bench/workload.h"

namespace inventory::bench {

// When each reservation falls due, as the service said: order -> unix ms.
using Deadlines = absl::flat_hash_map<std::uint64_t, std::int64_t>;

// ReserveStock: every call a new order of one unit, held until the second that begins at `due`.
class ReserveWorkload : public Workload {
 public:
  using Time = std::chrono::system_clock::time_point;

  ReserveWorkload(std::uint64_t book, OrderIds orders, Time due, int slots)
      : book_(book), orders_(orders), due_(due), asked_(slots) {}
  Call Next(int slot) override;
  void Read(int slot, std::string_view response, Tally& tally) override;
  void Failed(int) override {}
  std::int64_t units_taken() const override { return static_cast<std::int64_t>(deadlines_.size()); }
  std::int64_t units_per_call() const override { return 1; }

  const Deadlines& deadlines() const { return deadlines_; }

 private:
  std::uint64_t book_;
  OrderIds orders_;
  Time due_;
  std::vector<std::uint64_t> asked_;  // the order of each slot's last call
  Deadlines deadlines_;
  v1::ReserveStockResponse response_;
  std::string bytes_;
};

// Each reservation must have expired once, at its deadline or up to a second after it.
std::vector<ProofLine> ProveExpiry(const SaleHistory& history, const Deadlines& deadlines);

}  // namespace inventory::bench
