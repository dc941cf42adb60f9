// The store for one machine: RocksDB on a local folder, one journal record and one fsync a batch.
// docs/embedded.md tells the formats and how recovery works.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "stock/stock_store.h"

namespace rocksdb {
class Env;
}

namespace inventory {

struct EmbeddedSettings {
  std::string path;  // the folder; made if missing
  // Order lines kept in memory, about 50 bytes each; past it, saved ones leave memory and are found
  // on disk.
  std::size_t cached_lines = 4'000'000;

  // For tests. Null: the machine's.
  rocksdb::Env* env = nullptr;
  // For tests: makes the store's clock from the last recorded time. Empty: SteadyClock.
  std::function<std::unique_ptr<Clock>(TimeMs not_before)> make_clock;
};

struct OpenedEmbeddedStore {
  std::unique_ptr<StockStore> store;
  bool created = false;  // the folder held no store before
};

// Opens or makes the store and replays its journal. Errors say what to do: NOT_FOUND / PERMISSION_
// DENIED for the folder, FAILED_PRECONDITION for a newer format or a second process, DATA_LOSS for
// a journal with a gap or a damaged record.
absl::StatusOr<OpenedEmbeddedStore> OpenEmbeddedStore(const EmbeddedSettings& settings);

}  // namespace inventory
