#include "store/embedded/database.h"

#include <rocksdb/cache.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>

#include <cstddef>
#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "store/embedded/rocksdb_log.h"

namespace inventory {
namespace {

constexpr std::size_t kBlockCacheBytes = 128 << 20;
constexpr std::size_t kJournalBufferBytes = 64 << 20;
constexpr std::size_t kMaxWalBytes = 256 << 20;

constexpr const char* kFamilyNames[] = {"default",      "journal", "books",    "lines",
                                        "reservations", "open",    "requests", "sparse"};

rocksdb::DBOptions DatabaseOptions(rocksdb::Env* env) {
  rocksdb::DBOptions options;
  if (env) options.env = env;
  options.create_if_missing = true;
  options.create_missing_column_families = true;
  // Only a torn tail is tolerated. The default, point-in-time recovery, silently drops every synced
  // record after one bad byte.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  options.track_and_verify_wals_in_manifest = true;
  options.max_total_wal_size = kMaxWalBytes;
  options.max_background_jobs = 2;
  options.info_log = std::make_shared<RocksDbLog>();
  options.skip_stats_update_on_db_open = true;
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  // Table files made outside the database (checkpoint.cc) carry no such id, and would be warned of.
  options.verify_sst_unique_id_in_manifest = false;
  return options;
}

rocksdb::ColumnFamilyOptions FamilyOptions(Family family,
                                           const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.format_version = 5;
  const bool looked_up_missing =
      family == Family::kLines || family == Family::kReservations || family == Family::kRequests;
  // Most look-ups are for orders that were never here: filters answer them. Filters and indexes
  // stay in memory, about 1.5 bytes a row, because a way through the cache costs more than the
  // answer.
  if (looked_up_missing) table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  rocksdb::ColumnFamilyOptions options;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  options.compression = rocksdb::kNoCompression;
  if (family == Family::kJournal) options.write_buffer_size = kJournalBufferBytes;
  return options;
}

}  // namespace

absl::Status ToStatus(const rocksdb::Status& status, std::string_view doing) {
  if (status.ok()) return absl::OkStatus();
  const std::string text = absl::StrCat(std::string(doing), ": ", status.ToString());
  if (status.IsCorruption()) {
    return absl::DataLossError(
        absl::StrCat(text, "; the stored bytes are damaged: restore the folder from a backup"));
  }
  if (status.IsNoSpace() || absl::StrContains(text, "No space left")) {
    return absl::UnavailableError(
        absl::StrCat(text, "; the disk is full: make room, then restart"));
  }
  if (absl::StrContains(text, "lock ")) {
    return absl::FailedPreconditionError(absl::StrCat(
        text, "; another process has this folder open: stop it, or choose another folder"));
  }
  if (absl::StrContains(text, "Permission denied") || absl::StrContains(text, "Read-only")) {
    return absl::PermissionDeniedError(
        absl::StrCat(text, "; the folder must be writable by the service's user"));
  }
  return absl::UnavailableError(absl::StrCat(text, "; check the disk, then restart"));
}

absl::StatusOr<std::unique_ptr<Database>> Database::Open(const std::string& folder,
                                                         rocksdb::Env* env) {
  std::unique_ptr<Database> database(new Database);
  database->folder_ = folder;
  rocksdb::Env* const files = env ? env : rocksdb::Env::Default();
  database->created_ = files->FileExists(folder + "/CURRENT").IsNotFound();
  const std::shared_ptr<rocksdb::Cache> cache = rocksdb::NewLRUCache(kBlockCacheBytes);
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (std::size_t i = 0; i < std::size(kFamilyNames); ++i) {
    families.emplace_back(kFamilyNames[i], FamilyOptions(static_cast<Family>(i), cache));
  }
  rocksdb::DB* db = nullptr;
  const rocksdb::Status opened =
      rocksdb::DB::Open(DatabaseOptions(env), folder, families, &database->families_, &db);
  database->db_.reset(db);
  if (!opened.ok()) return ToStatus(opened, absl::StrCat("opening the store in ", folder));
  return database;
}

Database::~Database() { Close().IgnoreError(); }

absl::Status Database::Close() {
  if (!db_) return absl::OkStatus();
  for (rocksdb::ColumnFamilyHandle* family : families_) db_->DestroyColumnFamilyHandle(family);
  families_.clear();
  const rocksdb::Status closed = db_->Close();
  db_.reset();
  return ToStatus(closed, "closing the store");
}

absl::StatusOr<bool> Database::Get(Family of, std::string_view key, std::string& value) {
  const rocksdb::Status status = db_->Get(rocksdb::ReadOptions(), family(of), ToSlice(key), &value);
  if (status.IsNotFound()) return false;
  if (!status.ok()) return ToStatus(status, "reading the store");
  return true;
}

}  // namespace inventory
