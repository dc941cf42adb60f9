// What the service counts, and how it is called wherever it is shown.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "telemetry/figure.h"

namespace inventory {

struct ServiceFigures {
  std::size_t queued = 0;          // commands waiting for a batch
  std::uint64_t commands = 0;      // accepted since the start
  std::uint64_t batches = 0;       // handed to the store since the start
  std::uint64_t refused_full = 0;  // commands refused because the queue was full
  std::uint64_t expired = 0;       // reservations this service asked to expire
  std::uint64_t low_stock_warnings = 0;
  std::optional<std::uint64_t> low_stock_books;  // not known at first; see low_stock_count.h
  std::size_t watchers = 0;
  std::uint64_t watchers_cut_off = 0;
};

// The same for status pages and metrics.
std::vector<Figure> ListFigures(const ServiceFigures& figures);

}  // namespace inventory
