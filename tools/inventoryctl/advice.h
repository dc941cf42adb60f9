// What answers mean, in words for people.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"

namespace inventory {

// An outcome code in English, beside the service's own message; empty where it is not known here.
std::string MeaningOf(std::uint32_t code);

// What to do about a fault; empty where the status says it all.
std::string AdviceFor(absl::StatusCode code, const std::string& server);

}  // namespace inventory
