// Everything the store knows, read page by page in one snapshot.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "base/worker.h"
#include "mysql/dsn.h"
#include "stock/stock_store.h"

namespace inventory {

// Opens a snapshot on a connection of its own; the pages are read on `worker`, which outlives the
// reader. Blocking. The server keeps what it has to for the snapshot until the reader is dropped.
absl::StatusOr<std::unique_ptr<FactReader>> OpenExport(const Dsn& dsn, Worker& worker);

}  // namespace inventory
