// The row of store_owner: whose stock the database holds.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace inventory {

// What stands there: a store's name, or that nobody's stock is whole yet.
inline constexpr std::string_view kMysqlOwner = "mysql";
inline constexpr std::string_view kRedisOwner = "redis";
inline constexpr std::string_view kImporting = "importing";

// The row is made at a start and never deleted.
inline absl::Status NoOwner() {
  return absl::FailedPreconditionError(
      "the table store_owner is empty: the database was emptied or its server forgot; look whether "
      "it is the right one and whole, then restart this instance");
}

// Whether the row's `owner` is the store that asks.
inline absl::Status CheckOwner(std::string_view owner, std::string_view store) {
  if (owner == store) return absl::OkStatus();
  if (owner == kImporting) {
    return absl::FailedPreconditionError("an import into the database is under way");
  }
  return absl::FailedPreconditionError(absl::StrCat(
      "the database's stock is the ", std::string(owner),
      " store's (table store_owner), not this one's; write store: ", std::string(owner),
      " in the configuration and restart this instance, or name another database in its "
      "database.dsn"));
}

}  // namespace inventory
