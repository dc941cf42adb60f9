// What a caller may cost the gateway.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace inventory {

struct HttpLimits {
  std::size_t connections = 256;             // but for event streams, which are bounded as watches
  std::chrono::milliseconds place{2'000};    // that a further one waits for, before it is refused
  std::uint32_t header_bytes = 8 * 1'024;    // with the request line
  std::uint64_t body_bytes = 1'024 * 1'024;  // 10,000 items are about 600 kB
  std::chrono::milliseconds idle{60'000};    // until a request begins
  std::chrono::milliseconds header{10'000};  // from its first byte to the header's end
  std::chrono::milliseconds body{20'000};    // from there to the body's end
  std::chrono::milliseconds call{30'000};    // until a command must have reached the store
  std::chrono::milliseconds answer{60'000};  // until an answer, whatever it is
  std::chrono::milliseconds write{20'000};   // until the caller has taken the answer, or an event
  std::chrono::milliseconds sign_of_life{15'000};  // on an event stream on which nothing happens
};

}  // namespace inventory
