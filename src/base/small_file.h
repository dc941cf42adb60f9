// The text of a file that a person has written, or a tool for them: settings, tokens, certificates.
#pragma once

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"

namespace inventory {

// NOT_FOUND: "cannot be read: Permission denied". OUT_OF_RANGE: "larger than 1048576 bytes". Whose
// file it is, and what to do, the caller adds.
absl::StatusOr<std::string> ReadSmallFile(const std::string& path, std::size_t max_bytes);

}  // namespace inventory
