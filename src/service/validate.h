// What a command's own fields deserve, before anything is looked up. Pure.
#pragma once

#include <cstddef>

#include "stock/command.h"

namespace inventory {

inline constexpr std::size_t kMaxCallItems = 10'000;  // commands, or lines of a reservation
inline constexpr std::size_t kMaxCallIds = 1'000;     // books named in one read or watch
inline constexpr TimeMs kMaxReservationTtl = TimeMs{30} * 24 * 3'600 * 1'000;

// kOk, or the first row of the outcome table that applies. A Reserve's ttl may still be 0, for the
// default. Texts are UTF-8: the edge sees to that.
Outcome Validate(const Command& command);

}  // namespace inventory
