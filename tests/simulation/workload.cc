#include "tests/simulation/workload.h"

#include <limits>
#include <memory>
#include <utility>

namespace inventory {
namespace {

constexpr OrderId kOpenOrders = 24;  // in use at a time
constexpr std::size_t kRecent = 64;
constexpr auto kMax = std::numeric_limits<Quantity>::max();

}  // namespace

// What chance alone brings about too seldom: a sold line whose book is full when it comes back.
void Workload::ScriptAFullBook() {
  const OrderId order = ++newest_order_;
  script_.push_back({Reserve{order, {{kBooks, 2}}, 4'000}, nullptr});
  script_.push_back({Confirm{order}, nullptr});
  script_.push_back(
      {Adjust{kBooks, true, kMax - static_cast<Quantity>(Below(2)), {}, {}, {}}, nullptr});
  script_.push_back({Release{kBooks, order, 0, {}}, nullptr});
}

Command Workload::Next() {
  if (script_.empty() && Below(500) == 0) ScriptAFullBook();
  if (!script_.empty() && Chance(50)) {
    Command command = std::move(script_.front());
    script_.pop_front();
    return command;
  }
  if (!recent_.empty() && Chance(12)) return recent_[Below(recent_.size())];  // a retry
  if (Chance(7)) ++newest_order_;
  Command command = Fresh();
  if (Chance(5)) command.actor = std::make_shared<const std::string>("clerk");
  recent_.push_back(command);
  if (recent_.size() > kRecent) recent_.pop_front();
  return command;
}

BookId Workload::Book() { return Chance(20) ? kBooks : 1 + Below(kBooks); }

// Mostly one of the latest; sometimes one long past.
OrderId Workload::Order() {
  return Chance(3) ? 1 + Below(newest_order_) : newest_order_ - Below(kOpenOrders);
}

Quantity Workload::Amount() {
  if (Chance(2)) return kMax - static_cast<Quantity>(Below(3));
  return 1 + static_cast<Quantity>(Below(Chance(10) ? 60 : 4));
}

std::string Workload::RequestId() {
  if (Chance(40)) return {};
  return "r" + std::to_string(newest_order_ / 16 + Below(4));
}

Command Workload::Fresh() {
  const std::uint64_t dice = Below(100);
  if (dice < 26) return {Deduct{Book(), Order(), Amount()}, nullptr};
  if (dice < 40) {
    return {Release{Book(), Order(), Chance(60) ? 0 : Amount(), Chance(10) ? "退货" : ""}, nullptr};
  }
  if (dice < 58) {
    Reserve reserve{Order(), {}, 1 + static_cast<TimeMs>(Below(4'000))};
    const std::uint64_t lines = Chance(60) ? 1 : 1 + Below(4);
    for (std::uint64_t i = 0; i < lines; ++i) reserve.lines.push_back({Book(), Amount()});
    return {std::move(reserve), nullptr};
  }
  if (dice < 73) return {Confirm{Order()}, nullptr};
  if (dice < 79) return {Cancel{Order(), Chance(10) ? "取消" : ""}, nullptr};
  if (dice < 84) return {Expire{Order()}, nullptr};
  if (dice < 93) {
    const Quantity quantity = Chance(60) ? 1 + static_cast<Quantity>(Below(3)) : Amount();
    return {Restock{Chance(25) ? kBooks : Book(), quantity, RequestId(), Chance(10) ? "到货" : ""},
            nullptr};
  }
  Adjust adjust;
  adjust.book = Book();
  adjust.set_to = Chance(50);
  adjust.quantity = static_cast<Quantity>(Below(40));
  if (!adjust.set_to) adjust.quantity -= 20;
  if (Chance(40)) {  // fill the last book to the brim
    adjust.book = kBooks;
    adjust.set_to = true;
    adjust.quantity = kMax - static_cast<Quantity>(Below(12));
  }
  if (Chance(20)) adjust.expected = static_cast<Quantity>(Below(4));
  adjust.request_id = RequestId();
  return {std::move(adjust), nullptr};
}

}  // namespace inventory
