// Values as people write them on a command line or in a file, and back.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "inventory/v1/inventory.pb.h"

namespace inventory {

// "90", "90s", "15m", "1h30m", "500ms"; a number alone is seconds.
absl::StatusOr<absl::Duration> ParseDuration(const std::string& text);

// "2026-11-23", "2026-11-23 10:30[:15[.5]]" in `zone`, the same with a 'T' and a zone of its own
// ("2026-11-23T10:30:15Z", "…+08:00"), or a duration before `now`: "15m".
absl::StatusOr<absl::Time> ParseTime(const std::string& text, absl::Time now, absl::TimeZone zone);

// "2026-11-23 10:30:15.123" in local time; "-" for 0, which is no time.
std::string ShowTime(std::int64_t unix_ms);

// "1:2" is two copies of book 1.
absl::StatusOr<v1::OrderLine> ParseOrderLine(const std::string& text);

// A random (version 4) UUID.
std::string MakeRequestId();

}  // namespace inventory
