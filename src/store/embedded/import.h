// What stands in the folder while it is being filled, and after.
#pragma once

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "store/embedded/database.h"
#include "store/embedded/rows.h"

namespace inventory {

// An import goes through journal and checkpoints as sales do. So that nobody ever takes a half of
// it for a stock, its beginning is written down before the first fact, durably, and its end after
// the last.

// From here on the folder does not open until one of the other two is called.
absl::Status BeginImport(Database& database);

// The records up to `last` are the import, and it is whole. All of them must be durable.
absl::Status FinishImport(Database& database, RecordNumber last);

// Takes out everything there is, as one: the store is new again. Nothing may write meanwhile.
absl::Status ClearStore(Database& database);

// The last record that was imported; 0: none. FAILED_PRECONDITION: an import was cut short.
absl::StatusOr<RecordNumber> ReadImported(Database& database);

}  // namespace inventory
