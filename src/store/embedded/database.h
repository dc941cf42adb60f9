// RocksDB as this store uses it: the column families, how it is opened, and its errors as ours.
#pragma once

#include <rocksdb/db.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace inventory {

// The families of rows.h, in the order they are opened.
enum class Family { kMeta, kJournal, kBooks, kLines, kReservations, kOpen, kRequests, kSparse };

// `doing` is what failed, as in "writing the journal". The message says what to do where it can.
absl::Status ToStatus(const rocksdb::Status& status, std::string_view doing);

inline std::string_view View(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }
inline rocksdb::Slice ToSlice(std::string_view view) { return {view.data(), view.size()}; }

// Safe for concurrent use.
class Database {
 public:
  // Opens or makes the database in `folder`. `env` outlives it; null: the machine's.
  static absl::StatusOr<std::unique_ptr<Database>> Open(const std::string& folder,
                                                        rocksdb::Env* env);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  rocksdb::DB& db() { return *db_; }
  rocksdb::ColumnFamilyHandle* family(Family of) { return families_[static_cast<std::size_t>(of)]; }
  const std::string& folder() const { return folder_; }
  bool created() const { return created_; }

  // Whether there is a row with this key; if so `value` is it.
  absl::StatusOr<bool> Get(Family of, std::string_view key, std::string& value);

  absl::Status Close();

 private:
  Database() = default;

  std::string folder_;
  bool created_ = false;
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> families_;
};

}  // namespace inventory
