#include "store/embedded/import.h"

#include <rocksdb/write_batch.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "store/embedded/coding.h"

namespace inventory {
namespace {

constexpr char kImport[] = "import";

absl::Status WriteSynced(Database& database, rocksdb::WriteBatch& write, std::string_view doing) {
  rocksdb::WriteOptions options;
  options.sync = true;
  return ToStatus(database.db().Write(options, &write), doing);
}

absl::Status WriteMark(Database& database, std::uint64_t mark, std::string_view doing) {
  std::string value;
  PutVarint(value, mark);
  rocksdb::WriteBatch write;
  RETURN_IF_ERROR(ToStatus(write.Put(database.family(Family::kMeta), kImport, value), doing));
  return WriteSynced(database, write, doing);
}

}  // namespace

absl::Status BeginImport(Database& database) {
  return WriteMark(database, 0, "beginning an import");
}

absl::Status FinishImport(Database& database, RecordNumber last) {
  return WriteMark(database, 1 + last, "finishing an import");
}

absl::Status ClearStore(Database& database) {
  constexpr char kDoing[] = "taking an import out again";
  const std::string past_every_key(32, '\xff');  // numbers are 16 bytes at most, texts are UTF-8
  rocksdb::WriteBatch write;
  for (const Family family :
       {Family::kJournal, Family::kBooks, Family::kLines, Family::kReservations, Family::kOpen,
        Family::kRequests, Family::kSparse}) {
    RETURN_IF_ERROR(
        ToStatus(write.DeleteRange(database.family(family), "", past_every_key), kDoing));
  }
  for (const char* key : {"checkpoint", kImport}) {
    RETURN_IF_ERROR(ToStatus(write.Delete(database.family(Family::kMeta), key), kDoing));
  }
  return WriteSynced(database, write, kDoing);
}

absl::StatusOr<RecordNumber> ReadImported(Database& database) {
  std::string value;
  ASSIGN_OR_RETURN(const bool found, database.Get(Family::kMeta, kImport, value));
  if (!found) return 0;
  ByteReader reader(value);
  const std::uint64_t mark = reader.Varint();
  if (!reader.complete()) {
    return absl::DataLossError(
        "the mark of an import is not readable; the folder is damaged: restore it from a backup");
  }
  if (mark > 0) return mark - 1;
  return absl::FailedPreconditionError(absl::StrCat(
      "an import into this store was cut short, and a part of it is no stock: remove the folder ",
      database.folder(), ", start again, and import again"));
}

}  // namespace inventory
