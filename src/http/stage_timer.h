// The end of a stage of a connection: a write that must be done by then, a wait that is over.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/error_code.hpp>
#include <chrono>
#include <cstdint>
#include <utility>

namespace inventory {

// The loop's thread only.
class StageTimer {
 public:
  explicit StageTimer(const boost::asio::any_io_executor& executor) : timer_(executor) {}

  // Calls `expired` after `limit`, unless there is another Set or a Cancel before. `expired` holds
  // whoever has the timer.
  template <typename Expired>
  void Set(std::chrono::milliseconds limit, Expired expired) {
    timer_.expires_after(limit);
    // A timer that has run out already can no more be taken back, so each has its number.
    timer_.async_wait([this, number = ++number_,
                       expired = std::move(expired)](const boost::system::error_code& error) {
      if (!error && number == number_) expired();
    });
  }

  void Cancel() {
    ++number_;
    boost::system::error_code ignored;
    timer_.cancel(ignored);
  }

 private:
  boost::asio::steady_timer timer_;
  std::uint64_t number_ = 0;
};

}  // namespace inventory
