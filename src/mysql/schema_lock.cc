#include "mysql/schema_lock.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace inventory {
namespace {

// Names are the server's, for all its databases, and have at most 64 characters.
constexpr char kName[] = "CONCAT('inventory-service schema ', MD5(DATABASE()))";
// Tries of some seconds each: a single wait would have to end before the connection gives up.
constexpr int kTries = 10;
constexpr int kTrySeconds = 3;

}  // namespace

SchemaLock::~SchemaLock() {
  if (held_) connection_.Run(absl::StrCat("DO RELEASE_LOCK(", kName, ")")).IgnoreError();
}

absl::Status SchemaLock::Take() {
  for (int i = 0; i < kTries && !held_; ++i) {
    ASSIGN_OR_RETURN(
        std::vector<SqlRows> results,
        connection_.Run(absl::StrCat("SELECT GET_LOCK(", kName, ",", kTrySeconds, ")")));
    held_ = results.front().Next() && results.front().U64(0) == 1;
  }
  if (held_) return absl::OkStatus();
  return absl::UnavailableError(
      absl::StrCat("another instance has been changing the tables for more than ",
                   kTries * kTrySeconds, " s; waiting for it"));
}

}  // namespace inventory
