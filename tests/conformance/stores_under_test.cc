#include <utility>

#include "base/status_macros.h"
#include "rocksdb/env.h"
#include "store/embedded/embedded_store.h"
#include "store/memory/memory_store.h"
#include "store/mysql/mysql_store.h"
#include "tests/conformance/conformance.h"
#include "tests/stack/redis_stack.h"
#include "tests/support/mariadb_server.h"
#include "tests/support/redis_server.h"
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

// A few databases that are emptied and used again: making tables takes most of a second.
class ReusedDatabases {
 public:
  // The next one, by its number: empty, as if no store had been in it.
  absl::StatusOr<std::size_t> Next() {
    const std::size_t next = made_++ % kDatabases;
    if (next == databases_.size()) {
      databases_.push_back(TestDatabase::Make());
    } else {
      RETURN_IF_ERROR(EmptyDatabase(dsn(next)));
    }
    return next;
  }
  Dsn dsn(std::size_t number) const { return databases_[number].socket_dsn(); }

 private:
  static constexpr std::size_t kDatabases = 4;  // more than are in use at a time
  std::vector<TestDatabase> databases_;
  std::size_t made_ = 0;
};

absl::StatusOr<std::unique_ptr<StockStore>> MakeMysql(const Clock& clock, const std::string&) {
  static auto& databases = *new ReusedDatabases;
  ASSIGN_OR_RETURN(const std::size_t number, databases.Next());
  return OpenMysqlStore({.dsn = databases.dsn(number), .clock = &clock});
}

// With a database of Redis for each.
absl::StatusOr<std::unique_ptr<StockStore>> MakeRedis(const Clock& clock, const std::string&) {
  static auto& databases = *new ReusedDatabases;
  ASSIGN_OR_RETURN(const std::size_t number, databases.Next());
  const int db = static_cast<int>(number);
  RETURN_IF_ERROR(RedisServer::Shared().Ask({"FLUSHDB"}, db).status());
  RedisStackSettings settings;
  settings.dsn = databases.dsn(number);
  settings.store.endpoint = RedisServer::Shared().socket_endpoint(db);
  settings.store.clock = &clock;
  return OpenRedisStack(settings);
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
      {"mysql", MakeMysql},
      {"redis", MakeRedis, /*imports=*/false},
  };
}

std::vector<StoreUnderTest> StoresUnderTest(bool imports) {
  std::vector<StoreUnderTest> stores = StoresUnderTest();
  std::erase_if(stores, [imports](const StoreUnderTest& each) { return each.imports != imports; });
  return stores;
}

}  // namespace inventory
