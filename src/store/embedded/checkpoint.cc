#include "store/embedded/checkpoint.h"

#include <rocksdb/sst_file_writer.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "store/embedded/coding.h"

namespace inventory {
namespace {

constexpr char kDoing[] = "saving a checkpoint";

// One family's table file; keys must come in order.
class TableFile {
 public:
  TableFile(Database& database, Family family)
      : database_(database),
        handle_(database.family(family)),
        path_(absl::StrCat(database.folder(), "/checkpoint-", static_cast<int>(family), ".sst")),
        writer_(rocksdb::EnvOptions(), database.db().GetOptions(handle_)) {}

  absl::Status Put(std::string_view key, std::string_view value) {
    RETURN_IF_ERROR(Open());
    return ToStatus(writer_.Put(ToSlice(key), ToSlice(value)), kDoing);
  }
  absl::Status Delete(std::string_view key) {
    RETURN_IF_ERROR(Open());
    return ToStatus(writer_.Delete(ToSlice(key)), kDoing);
  }

  // Hands the file to the database, durably.
  absl::Status Ingest() {
    if (!open_) return absl::OkStatus();
    RETURN_IF_ERROR(ToStatus(writer_.Finish(), kDoing));
    rocksdb::IngestExternalFileOptions options;
    options.move_files = true;
    options.snapshot_consistency = false;
    return ToStatus(database_.db().IngestExternalFile(handle_, {path_}, options), kDoing);
  }

 private:
  absl::Status Open() {
    if (open_) return absl::OkStatus();
    open_ = true;
    return ToStatus(writer_.Open(path_), kDoing);
  }

  Database& database_;
  rocksdb::ColumnFamilyHandle* const handle_;
  const std::string path_;
  rocksdb::SstFileWriter writer_;
  bool open_ = false;
};

template <typename Key, typename Row>
void SortByKey(std::vector<std::pair<Key, Row>>& rows) {
  std::sort(rows.begin(), rows.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
}

absl::Status SaveBooks(Database& database, const DurableBooks& books, std::vector<BookId> changed) {
  std::sort(changed.begin(), changed.end());
  const std::vector<BookRow> rows = books.Rows(changed);
  TableFile file(database, Family::kBooks);
  for (std::size_t i = 0; i < changed.size(); ++i) {
    std::string value;
    Encode(rows[i], value);
    RETURN_IF_ERROR(file.Put(BookKey(changed[i]), value));
  }
  return file.Ingest();
}

absl::Status SaveLines(Database& database, const LineTable& lines) {
  std::vector<std::pair<LineKey, LineRow>> rows;
  rows.reserve(lines.size());
  lines.ForEach([&](LineKey key, const LineRow& row) { rows.emplace_back(key, row); });
  SortByKey(rows);
  TableFile file(database, Family::kLines);
  std::string value;
  for (const auto& [key, row] : rows) {
    value.clear();
    Encode(row, value);
    RETURN_IF_ERROR(file.Put(LineRowKey(key), value));
  }
  return file.Ingest();
}

absl::Status SaveReservations(Database& database, const ReservationTable& reservations) {
  std::vector<std::pair<OrderId, ReservationPointer>> rows;
  rows.reserve(reservations.size());
  reservations.ForEach(
      [&](OrderId order, const ReservationPointer& row) { rows.emplace_back(order, row); });
  SortByKey(rows);
  TableFile file(database, Family::kReservations);
  TableFile open(database, Family::kOpen);
  for (const auto& [order, row] : rows) {
    const std::string key = OrderKey(order);
    std::string value;
    Encode(*row, value);
    RETURN_IF_ERROR(file.Put(key, value));
    RETURN_IF_ERROR(row->reservation.state == ReservationState::kReserved ? open.Put(key, "")
                                                                          : open.Delete(key));
  }
  RETURN_IF_ERROR(file.Ingest());
  return open.Ingest();
}

absl::Status SaveRequests(Database& database, const RequestTable& requests) {
  std::vector<std::pair<std::string, RequestRow>> rows;
  rows.reserve(requests.size());
  requests.ForEach(
      [&](const std::string& key, const RequestRow& row) { rows.emplace_back(key, row); });
  SortByKey(rows);
  TableFile file(database, Family::kRequests);
  for (const auto& [key, row] : rows) {
    std::string value;
    Encode(row, value);
    RETURN_IF_ERROR(file.Put(key, value));
  }
  return file.Ingest();
}

absl::Status SaveSparse(Database& database, std::vector<SparseRow> rows) {
  std::sort(rows.begin(), rows.end(), [](const SparseRow& a, const SparseRow& b) {
    return std::pair(a.book, a.sequence) < std::pair(b.book, b.sequence);
  });
  TableFile file(database, Family::kSparse);
  for (const SparseRow& row : rows) {
    std::string value;
    EncodeSparse(row, value);
    RETURN_IF_ERROR(file.Put(SparseKey(row.book, row.sequence), value));
  }
  return file.Ingest();
}

}  // namespace

absl::Status SaveCheckpoint(Database& database, const DurableBooks& books,
                            const CheckpointContent& content) {
  RETURN_IF_ERROR(SaveBooks(database, books, content.books));
  RETURN_IF_ERROR(SaveLines(database, *content.lines));
  RETURN_IF_ERROR(SaveReservations(database, *content.reservations));
  RETURN_IF_ERROR(SaveRequests(database, *content.requests));
  RETURN_IF_ERROR(SaveSparse(database, content.sparse));
  std::string record;
  PutVarint(record, content.record);
  rocksdb::WriteOptions options;
  options.sync = true;
  return ToStatus(database.db().Put(options, database.family(Family::kMeta), "checkpoint", record),
                  kDoing);
}

}  // namespace inventory
