#include "store/embedded/recovery.h"

#include <rocksdb/iterator.h>

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "store/embedded/coding.h"
#include "store/embedded/import.h"

namespace inventory {
namespace {

constexpr char kDoing[] = "reading the store";

absl::Status Damaged(std::string_view what) {
  return absl::DataLossError(
      absl::StrCat(std::string(what), "; the folder is damaged: restore it from a backup"));
}

std::unique_ptr<rocksdb::Iterator> Rows(Database& database, Family family) {
  rocksdb::ReadOptions options;
  options.readahead_size = 2 << 20;
  options.fill_cache = false;
  return std::unique_ptr<rocksdb::Iterator>(
      database.db().NewIterator(options, database.family(family)));
}

// Applies one record to the state; an error keeps the first thing that does not fit.
class Replay : public RecordVisitor {
 public:
  Replay(EngineState& state, DurableBooks& books) : state_(state), books_(books) {}

  void Begin(RecordNumber record) { record_ = record; }
  void OnMovement(const JournaledMovement& journaled) override {
    state_.ReplayMovement(journaled, record_);
    books_.Restore(journaled.movement.book, state_.Book(journaled.movement.book));
  }
  void OnLine(LineKey key, const OrderLine& line) override {
    state_.ReplayLine(key, line, record_);
  }
  void OnReservation(OrderId order, const Reservation& reservation) override {
    state_.ReplayReservation(order, reservation, record_);
  }
  void OnRequest(BookId book, std::string_view request_id, const RequestContent& content) override {
    state_.ReplayRequest(book, request_id, content, record_);
  }

 private:
  EngineState& state_;
  DurableBooks& books_;
  RecordNumber record_ = 0;
};

// The format is written when the folder is made and checked ever after.
absl::Status CheckFormat(Database& database) {
  std::string value;
  ASSIGN_OR_RETURN(const bool found, database.Get(Family::kMeta, "format", value));
  if (!found) {
    PutVarint(value, kStoredFormat);
    rocksdb::WriteOptions options;
    options.sync = true;
    return ToStatus(database.db().Put(options, database.family(Family::kMeta), "format", value),
                    kDoing);
  }
  ByteReader reader(value);
  const std::uint64_t format = reader.Varint();
  if (!reader.complete() || format == 0) return Damaged("the format number is not readable");
  if (format > kStoredFormat) {
    return absl::FailedPreconditionError(absl::StrCat("the folder has format ", format,
                                                      ", this build knows up to ", kStoredFormat,
                                                      ": run the newer version that wrote it"));
  }
  return absl::OkStatus();
}

absl::StatusOr<RecordNumber> ReadCheckpointRecord(Database& database) {
  std::string value;
  ASSIGN_OR_RETURN(const bool found, database.Get(Family::kMeta, "checkpoint", value));
  if (!found) return 0;
  ByteReader reader(value);
  const RecordNumber record = reader.Varint();
  if (!reader.complete()) return Damaged("the checkpoint's number is not readable");
  return record;
}

// The journal's last record. It must begin with 1 and reach the checkpoint.
absl::StatusOr<RecordNumber> CheckJournalEnds(Database& database, RecordNumber checkpoint) {
  const auto row = Rows(database, Family::kJournal);
  RecordNumber first = 0;
  RecordNumber last = 0;
  row->SeekToFirst();
  if (row->Valid() && !DecodeKey(View(row->key()), first)) return Damaged("a bad journal key");
  row->SeekToLast();
  if (row->Valid() && !DecodeKey(View(row->key()), last)) return Damaged("a bad journal key");
  RETURN_IF_ERROR(ToStatus(row->status(), kDoing));
  if (first > 1) return Damaged(absl::StrCat("the journal begins at record ", first));
  if (last < checkpoint) {
    return Damaged(absl::StrCat("the journal ends at record ", last, ", before the checkpoint at ",
                                checkpoint));
  }
  return last;
}

absl::Status LoadBooks(Database& database, RecordNumber last, EngineState& state,
                       DurableBooks& books) {
  const auto row = Rows(database, Family::kBooks);
  for (row->SeekToFirst(); row->Valid(); row->Next()) {
    BookId book = 0;
    BookRow value;
    if (!DecodeKey(View(row->key()), book) || !Decode(View(row->value()), value)) {
      return Damaged("a book's row is not readable");
    }
    if (value.record > last) {
      return Damaged(absl::StrCat("book ", book, " was changed by record ", value.record,
                                  ", but the journal ends at ", last));
    }
    state.RestoreBook(book, value);
    books.Restore(book, value);
  }
  return ToStatus(row->status(), kDoing);
}

absl::Status LoadOpenReservations(Database& database, EngineState& state) {
  const auto row = Rows(database, Family::kOpen);
  std::string value;
  for (row->SeekToFirst(); row->Valid(); row->Next()) {
    OrderId order = 0;
    ReservationRow reservation;
    if (!DecodeKey(View(row->key()), order)) return Damaged("an open reservation's key");
    ASSIGN_OR_RETURN(const bool found,
                     database.Get(Family::kReservations, View(row->key()), value));
    if (!found || !Decode(value, reservation)) return Damaged("an open reservation's row");
    // A row newer than the checkpoint's number may have ended it.
    if (reservation.reservation.state != ReservationState::kReserved) continue;
    state.RestoreOpenReservation(order, std::move(reservation));
  }
  return ToStatus(row->status(), kDoing);
}

absl::StatusOr<std::uint64_t> LastKeyNumber(Database& database, Family family) {
  const auto row = Rows(database, family);
  row->SeekToLast();
  RETURN_IF_ERROR(ToStatus(row->status(), kDoing));
  if (!row->Valid()) return 0;
  ByteReader reader(View(row->key()));
  const std::uint64_t number = reader.Key64();
  if (!reader.ok()) return Damaged("a stored key is not readable");
  return number;
}

absl::Status LoadIndexBounds(Database& database, EngineState& state) {
  ASSIGN_OR_RETURN(const OrderId line_order, LastKeyNumber(database, Family::kLines));
  ASSIGN_OR_RETURN(const OrderId order, LastKeyNumber(database, Family::kReservations));
  ASSIGN_OR_RETURN(const BookId book, LastKeyNumber(database, Family::kRequests));
  state.RestoreIndexBounds(line_order, order, book != 0);
  return absl::OkStatus();
}

// Replays what is behind the checkpoint. The checkpoint's own record is read too, for the time and
// the movement id to go on from.
absl::Status ReplayJournal(Database& database, RecordNumber checkpoint, RecordNumber last,
                           EngineState& state, DurableBooks& books) {
  if (last == 0) return absl::OkStatus();
  class Skim : public RecordVisitor {
    void OnMovement(const JournaledMovement&) override {}
  } skim;
  Replay replay(state, books);
  RecordSummary summary;
  RecordNumber expected = std::max<RecordNumber>(checkpoint, 1);
  const auto row = Rows(database, Family::kJournal);
  for (row->Seek(RecordKey(expected)); row->Valid(); row->Next(), ++expected) {
    RecordNumber record = 0;
    if (!DecodeKey(View(row->key()), record) || record != expected) {
      return Damaged(absl::StrCat("the journal has a gap at record ", expected));
    }
    replay.Begin(record);
    RecordVisitor& visitor = record > checkpoint ? static_cast<RecordVisitor&>(replay) : skim;
    if (!VisitRecord(record, View(row->value()), visitor, summary)) {
      return Damaged(absl::StrCat("journal record ", record, " is not readable"));
    }
  }
  RETURN_IF_ERROR(ToStatus(row->status(), kDoing));
  state.RestoreEnd(last, summary);
  return absl::OkStatus();
}

}  // namespace

absl::Status Recover(Database& database, EngineState& state, DurableBooks& books) {
  RETURN_IF_ERROR(CheckFormat(database));
  ASSIGN_OR_RETURN(const RecordNumber imported, ReadImported(database));
  state.SetImported(imported);
  ASSIGN_OR_RETURN(const RecordNumber checkpoint, ReadCheckpointRecord(database));
  ASSIGN_OR_RETURN(const RecordNumber last, CheckJournalEnds(database, checkpoint));
  state.RestoreCheckpoint(checkpoint);
  RETURN_IF_ERROR(LoadBooks(database, last, state, books));
  RETURN_IF_ERROR(LoadOpenReservations(database, state));
  RETURN_IF_ERROR(LoadIndexBounds(database, state));
  RETURN_IF_ERROR(ReplayJournal(database, checkpoint, last, state, books));
  books.AddSparse(state.unsaved_sparse());
  return absl::OkStatus();
}

}  // namespace inventory
