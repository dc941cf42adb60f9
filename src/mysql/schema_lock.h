// Who changes the database's tables: one process at a time.
#pragma once

#include "absl/status/status.h"
#include "mysql/connection.h"

namespace inventory {

// A named lock of the server. Held from Take to the end of this; the server frees it with the
// session too, so a crash leaves none behind. The connection outlives this.
class SchemaLock {
 public:
  explicit SchemaLock(Connection& connection) : connection_(connection) {}
  SchemaLock(const SchemaLock&) = delete;
  ~SchemaLock();

  // Waits for half a minute, then it is Unavailable: another instance is at it.
  absl::Status Take();

 private:
  Connection& connection_;
  bool held_ = false;
};

}  // namespace inventory
