#include "stock/types.h"

#include <string_view>

namespace inventory {

std::string_view Name(ChangeType type) {
  switch (type) {
    case ChangeType::kDeduct: return "deduct";
    case ChangeType::kRelease: return "release";
    case ChangeType::kRestock: return "restock";
    case ChangeType::kReserve: return "reserve";
    case ChangeType::kConfirm: return "confirm";
    case ChangeType::kCancel: return "cancel";
    case ChangeType::kExpire: return "expire";
    case ChangeType::kAdjust: return "adjust";
  }
  return "unknown";
}

const ChangeType* FindChangeType(std::string_view name) {
  static constexpr ChangeType kAll[] = {
      ChangeType::kDeduct,  ChangeType::kRelease, ChangeType::kRestock, ChangeType::kReserve,
      ChangeType::kConfirm, ChangeType::kCancel,  ChangeType::kExpire,  ChangeType::kAdjust};
  for (const ChangeType& type : kAll) {
    if (Name(type) == name) return &type;
  }
  return nullptr;
}

std::string_view Name(LineState state) {
  switch (state) {
    case LineState::kReserved: return "reserved";
    case LineState::kSoldByDeduct: return "sold_by_deduct";
    case LineState::kSoldByConfirm: return "sold_by_confirm";
    case LineState::kReturned: return "returned";
    case LineState::kExpired: return "expired";
    case LineState::kTombstone: return "tombstone";
  }
  return "unknown";
}

const LineState* FindLineState(std::string_view name) {
  static constexpr LineState kAll[] = {LineState::kReserved,      LineState::kSoldByDeduct,
                                       LineState::kSoldByConfirm, LineState::kReturned,
                                       LineState::kExpired,       LineState::kTombstone};
  for (const LineState& state : kAll) {
    if (Name(state) == name) return &state;
  }
  return nullptr;
}

std::string_view Name(ReservationState state) {
  switch (state) {
    case ReservationState::kReserved: return "reserved";
    case ReservationState::kConfirmed: return "confirmed";
    case ReservationState::kCancelled: return "cancelled";
    case ReservationState::kExpired: return "expired";
  }
  return "unknown";
}

}  // namespace inventory
