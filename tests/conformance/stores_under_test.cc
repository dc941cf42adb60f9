#include <utility>

#include "base/status_macros.h"
#include "mysql/connection.h"
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

// In one of a few databases that are emptied and used again: making tables takes most of a second.
absl::StatusOr<std::unique_ptr<StockStore>> MakeMysql(const Clock& clock, const std::string&) {
  constexpr std::size_t kDatabases = 4;  // more than are in use at a time
  static auto& databases = *new std::vector<TestDatabase>;
  static std::size_t made = 0;
  const std::size_t next = made++ % kDatabases;
  const bool is_new = next == databases.size();
  if (is_new) databases.push_back(TestDatabase::Make());
  MysqlSettings settings{.dsn = databases[next].socket_dsn(), .clock = &clock};
  if (!is_new) {
    ASSIGN_OR_RETURN(const auto connection, Connection::Open(settings.dsn));
    RETURN_IF_ERROR(connection
                        ->Run("DELETE FROM inventory;DELETE FROM inventory_logs;"
                              "DELETE FROM order_lines;DELETE FROM reservations;"
                              "DELETE FROM request_ids")
                        .status());
  }
  return OpenMysqlStore(settings);
}

// In one of a few databases of each server, used again.
absl::StatusOr<std::unique_ptr<StockStore>> MakeRedis(const Clock& clock, const std::string&) {
  constexpr std::size_t kDatabases = 4;  // more than are in use at a time
  static auto& databases = *new std::vector<TestDatabase>;
  static std::size_t made = 0;
  const std::size_t next = made++ % kDatabases;
  const bool is_new = next == databases.size();
  if (is_new) databases.push_back(TestDatabase::Make());
  RedisStackSettings settings;
  settings.dsn = databases[next].socket_dsn();
  const int db = static_cast<int>(next);
  settings.store.endpoint = RedisServer::Shared().socket_endpoint(db);
  settings.store.clock = &clock;
  if (!is_new) RETURN_IF_ERROR(EmptyDatabase(settings.dsn));
  RETURN_IF_ERROR(RedisServer::Shared().Ask({"FLUSHDB"}, db).status());
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
