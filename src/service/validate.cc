#include "service/validate.h"

#include <algorithm>
#include <string>
#include <variant>

namespace inventory {
namespace {

bool TooLong(const std::string& text) { return text.size() > kMaxTextBytes; }

// One overload a verb; each checks in the order of the outcome table.
struct Check {
  Outcome operator()(const Deduct& command) const {
    if (command.book == 0) return Outcome::kBookIdMissing;
    if (command.order == 0) return Outcome::kOrderIdMissing;
    if (command.quantity <= 0) return Outcome::kDeductQuantityInvalid;
    return Outcome::kOk;
  }

  Outcome operator()(const Release& command) const {
    if (command.book == 0) return Outcome::kBookIdMissing;
    if (command.order == 0) return Outcome::kOrderIdMissing;
    if (command.quantity < 0) return Outcome::kReleaseQuantityInvalid;
    if (TooLong(command.reason)) return Outcome::kTextTooLong;
    return Outcome::kOk;
  }

  Outcome operator()(const Restock& command) const {
    if (command.book == 0) return Outcome::kBookIdMissing;
    if (command.quantity <= 0) return Outcome::kRestockQuantityInvalid;
    if (TooLong(command.request_id) || TooLong(command.remark)) return Outcome::kTextTooLong;
    return Outcome::kOk;
  }

  Outcome operator()(const Adjust& command) const {
    if (command.book == 0) return Outcome::kBookIdMissing;
    if (TooLong(command.request_id) || TooLong(command.reason)) return Outcome::kTextTooLong;
    return Outcome::kOk;
  }

  Outcome operator()(const Reserve& command) const {
    const auto any_line = [&](auto is_bad) {
      return std::any_of(command.lines.begin(), command.lines.end(), is_bad);
    };
    if (any_line([](const ReservedLine& line) { return line.book == 0; })) {
      return Outcome::kBookIdMissing;
    }
    if (command.order == 0) return Outcome::kOrderIdMissing;
    if (any_line([](const ReservedLine& line) { return line.quantity <= 0; })) {
      return Outcome::kReserveQuantityInvalid;
    }
    if (command.lines.empty()) return Outcome::kReserveLinesMissing;
    if (command.ttl < 0) return Outcome::kTtlInvalid;
    if (command.lines.size() > kMaxCallItems) return Outcome::kTooManyItems;
    if (command.ttl > kMaxReservationTtl) return Outcome::kTtlTooLong;
    return Outcome::kOk;
  }

  Outcome operator()(const Confirm& command) const {
    return command.order == 0 ? Outcome::kOrderIdMissing : Outcome::kOk;
  }

  Outcome operator()(const Cancel& command) const {
    if (command.order == 0) return Outcome::kOrderIdMissing;
    if (TooLong(command.reason)) return Outcome::kTextTooLong;
    return Outcome::kOk;
  }

  Outcome operator()(const Expire& command) const {
    return command.order == 0 ? Outcome::kOrderIdMissing : Outcome::kOk;
  }
};

}  // namespace

Outcome Validate(const Command& command) { return std::visit(Check{}, command.verb); }

}  // namespace inventory
