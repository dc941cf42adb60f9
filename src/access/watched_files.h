// Small files that are replaced while the service runs: tokens, a certificate and its key.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace inventory {

// Whether any user of the machine may read it. Not where it cannot be told.
bool OthersMayRead(const std::string& path);

// Files that belong together. A change counts when it has been the same at two looks running: a
// file that is being written, or one of a pair of which the other is not there yet, is not taken
// for the new state. Keeps no text. One thread at a time.
class WatchedFiles {
 public:
  using Texts = std::vector<std::string>;  // in the order of the paths

  explicit WatchedFiles(std::vector<std::string> paths) : paths_(std::move(paths)) {}

  // What stands in them now, which Changed goes by from here on.
  absl::StatusOr<Texts> Read();

  // To be called about once a second: what stands in them, or why they cannot be read, once for
  // each change.
  std::optional<absl::StatusOr<Texts>> Changed();

 private:
  absl::StatusOr<Texts> ReadAll() const;

  const std::vector<std::string> paths_;
  std::string given_;  // digest of what was given out last
  std::string seen_;   // digest of what the last look found
};

}  // namespace inventory
