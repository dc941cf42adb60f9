// The service's limits and times. Only server/ fills them from a file.
#pragma once

#include <chrono>
#include <cstddef>

#include "stock/types.h"

namespace inventory {

struct ServiceSettings {
  // Commands accepted and not yet handed to the store. At least kMaxCallItems, or the largest call
  // is refused for ever.
  std::size_t queue_limit = 100'000;
  std::size_t batch_limit = 8'192;                 // commands a batch, at most
  int batches_in_flight = 2;                       // handed to the store and not yet answered
  TimeMs reservation_ttl = 900'000;                // where a request names none
  Quantity warning_threshold = 10;                 // available below it is low; 0: never
  std::size_t watcher_limit = 12'000;              // open watches, of gRPC and HTTP together
  std::size_t watcher_buffer_limit = 10'000;       // books waiting for one slow watcher
  std::chrono::milliseconds expiry_interval{200};  // between looks for reservations that are due
  // Stock reads are answered from copies at most this old; 0: by the store.
  std::chrono::milliseconds cache_ttl{0};
};

}  // namespace inventory
