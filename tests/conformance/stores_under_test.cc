#include <utility>

#include "rocksdb/env.h"
#include "store/embedded/embedded_store.h"
#include "store/memory/memory_store.h"
#include "tests/conformance/conformance.h"
#include "tests/support/unsynced_file_system.h"

namespace inventory {
namespace {

absl::StatusOr<std::unique_ptr<StockStore>> MakeEmbedded(const Clock& clock,
                                                         EmbeddedSettings settings) {
  settings.make_clock = [&clock](TimeMs) { return std::make_unique<BorrowedClock>(clock); };
  absl::StatusOr<OpenedEmbeddedStore> opened = OpenEmbeddedStore(settings);
  if (!opened.ok()) return opened.status();
  return std::move(opened->store);
}

// So small that lines leave memory all the time and are found again; on a disk in memory, because
// the one on the machine's own shows all there is to see of that.
absl::StatusOr<std::unique_ptr<StockStore>> MakeWithTinyCache(const Clock& clock,
                                                              const std::string&) {
  static auto& disks = *new std::vector<std::unique_ptr<rocksdb::Env>>;  // outlive the stores
  disks.push_back(rocksdb::NewCompositeEnv(std::make_shared<UnsyncedFileSystem>()));
  return MakeEmbedded(clock, {.path = "/store", .cached_lines = 2, .env = disks.back().get()});
}

}  // namespace

std::vector<StoreUnderTest> StoresUnderTest() {
  return {
      {"memory", [](const Clock& clock, const std::string&) { return MakeMemoryStore(clock); }},
      {"embedded",
       [](const Clock& clock, const std::string& folder) {
         return MakeEmbedded(clock, {.path = folder + "/store"});
       }},
      {"embedded_tiny_cache", MakeWithTinyCache},
  };
}

}  // namespace inventory
