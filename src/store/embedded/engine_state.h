// The decided state: what the rules read and write, ahead of what is durable by the batches that
// are on their way to disk.
#pragma once

#include <cstddef>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "stock/rules.h"
#include "stock/stock_store.h"
#include "store/embedded/database.h"
#include "store/embedded/generations.h"
#include "store/embedded/journal_record.h"
#include "store/embedded/line_table.h"

namespace inventory {

using ReservationPointer = std::shared_ptr<const ReservationRow>;
using ReservationTable = MapTable<OrderId, ReservationPointer>;
using RequestTable = MapTable<std::string, RequestRow>;  // by RequestKey

// What a batch came to, ready to be made durable.
struct DecidedBatch {
  struct Record {
    RecordNumber number;
    std::size_t size;
  };
  std::string bytes;            // of the records, one after the other
  std::vector<Record> records;  // none: nothing changed
  std::vector<StockChanged> changes;
  std::vector<RecordNumber> change_records;  // changes[i] was made by change_records[i]
  std::vector<SparseRow> sparse;             // every 128th movement of a book
  bool announced = true;                     // observers are told of the changes
};

// What a checkpoint saves: all that changed since the last one began. The tables do not change.
struct CheckpointContent {
  RecordNumber record = 0;  // everything up to here is in it
  std::uint64_t last_movement_id = 0;
  std::shared_ptr<const LineTable> lines;
  std::shared_ptr<const ReservationTable> reservations;
  std::shared_ptr<const RequestTable> requests;
  std::vector<BookId> books;      // whose rows changed; their figures are read when they are saved
  std::vector<SparseRow> sparse;  // every 128th movement of a book
};

// A line's last record, with the line.
struct FoundLine {
  BookId book = 0;
  LineRow row;
};

// Owned and used by the engine's thread alone. A failed look-up on disk shows in fault(): what was
// decided after it is worthless and the engine must stop.
class EngineState : public StockState {
 public:
  // `database` outlives it.
  explicit EngineState(Database& database) : database_(&database) {}

  // ---- StockState ----
  const Balance* FindBook(BookId book) override;
  const OrderLine* FindLine(LineKey key) override;
  const Reservation* FindReservation(OrderId order) override;
  const Reservation* FindOpenReservation(OrderId order) override;
  const RequestContent* FindRequest(BookId book, std::string_view request_id) override;
  void Record(Movement movement) override;
  void SetLine(LineKey key, const OrderLine& line) override;
  void SetReservation(OrderId order, Reservation reservation) override;
  void SetRequest(BookId book, std::string_view request_id, const RequestContent& content) override;

  // ---- batches ----
  // Before the first command of a batch.
  void BeginBatch(TimeMs now);
  // After each command: what it changed stays in one record; a full record is closed.
  void EndCommand();
  DecidedBatch EndBatch();
  // The batch's time.
  TimeMs now() const { return now_; }
  RecordNumber checkpoint_record() const { return checkpoint_record_; }
  // The last record decided.
  RecordNumber last_record() const { return last_record_; }
  TimeMs last_time() const { return last_time_; }
  const absl::Status& fault() const { return fault_; }

  // ---- reads of the engine ----
  // The order's lines by book, tombstones too.
  std::vector<FoundLine> LinesOf(OrderId order);
  std::vector<OrderId> Due(TimeMs now, int limit) const;

  // ---- checkpoints ----
  // Enough has changed since the last one began; `line_limit` is what memory may hold.
  bool WantsCheckpoint(std::size_t line_limit) const;
  // So many unsaved lines that only a finished checkpoint may make room for more.
  bool MustWaitForCheckpoint(std::size_t line_limit) const;
  CheckpointContent BeginCheckpoint();
  // The content of the last BeginCheckpoint is stored. Returns what was taken out of memory so that
  // at most `limit` lines stay, for the caller to drop on another thread.
  std::vector<std::shared_ptr<const void>> EndCheckpoint(std::size_t limit);

  // ---- imports (import.h) ----
  // The records up to this one were imported: there a reservation stands apart from its lines.
  void SetImported(RecordNumber last) { imported_ = last; }
  // Every book as a change from nothing, by book, for observers; at most `limit` a batch.
  std::vector<DecidedBatch> AllBooks(std::size_t limit) const;

  // ---- recovery (recovery.h), before the first batch ----
  // Before anything else: what is stored reaches at least to this record.
  void RestoreCheckpoint(RecordNumber record) { checkpoint_record_ = record; }
  void RestoreBook(BookId book, const BookRow& row);
  void RestoreOpenReservation(OrderId order, ReservationRow row);
  // The highest orders in the index, and whether it has any request.
  void RestoreIndexBounds(OrderId max_line_order, OrderId max_reservation_order, bool has_requests);
  void ReplayMovement(const JournaledMovement& journaled, RecordNumber record);
  void ReplayLine(LineKey key, const OrderLine& line, RecordNumber record);
  void ReplayReservation(OrderId order, const Reservation& reservation, RecordNumber record);
  void ReplayRequest(BookId book, std::string_view request_id, const RequestContent& content,
                     RecordNumber record);
  // The journal's end: where new records go on.
  void RestoreEnd(RecordNumber last_record, const RecordSummary& summary);
  // The rows of the sparse index that the replay found.
  const std::vector<SparseRow>& unsaved_sparse() const { return sparse_; }
  // A book that is known.
  const BookRow& Book(BookId book) const { return books_.find(book)->second; }

  // ---- figures ----
  std::size_t lines_in_memory() const { return lines_.size(); }
  std::size_t open_reservations() const { return open_.size(); }
  // Releases that came before their deduct, remembered by this object.
  std::uint64_t tombstones() const { return tombstones_; }

 private:
  // Null: none. Sets found_record_.
  const LineRow* FindLineRow(LineKey key);
  const ReservationRow* FindReservationRow(OrderId order);
  RecordNumber RecordOfLine(const Movement& movement);
  void PutReservation(OrderId order, ReservationPointer row);
  void TouchBook(BookId book, const BookRow& before, RecordNumber record);
  // Whether it belongs into the sparse index.
  bool KeepSparse(const Movement& movement, RecordNumber record);
  void CloseRecord();
  // Keeps the first failure. False: not found, or failed.
  template <typename Row>
  bool ReadIndexRow(Family family, std::string_view key, Row& row);

  Database* database_;

  absl::flat_hash_map<BookId, BookRow> books_;
  Generations<LineTable> lines_;
  Generations<ReservationTable> reservations_;
  Generations<RequestTable> requests_;
  // Open reservations stand here too: they never leave memory, and neither do their lines.
  absl::flat_hash_map<OrderId, ReservationPointer> open_;
  std::set<std::pair<TimeMs, OrderId>> deadlines_;

  // What the index may hold that memory does not: only orders up to these, only requests if there
  // are any. So growing order ids never read the index.
  OrderId evicted_max_line_order_ = 0;
  OrderId evicted_max_reservation_order_ = 0;
  bool requests_evicted_ = false;
  RecordNumber imported_ = 0;

  // Since the last BeginCheckpoint.
  RecordNumber checkpoint_record_ = 0;
  std::vector<BookId> changed_books_;
  std::vector<SparseRow> sparse_;
  std::size_t unsaved_changes_ = 0;  // movements, reservations, request ids, tombstones

  // The batch being decided.
  TimeMs now_ = 0;
  TimeMs last_time_ = 0;
  RecordNumber last_record_ = 0;
  std::uint64_t next_movement_id_ = 1;
  RecordWriter record_;
  DecidedBatch batch_;

  // Where a look-up left its result.
  OrderLine found_line_;
  LineRow line_from_index_;
  ReservationRow reservation_from_index_;
  RequestRow request_from_index_;
  std::string index_value_;
  std::uint64_t tombstones_ = 0;
  LineKey last_key_;  // of the last FindLine, and
  RecordNumber last_key_record_ = 0;

  absl::Status fault_;
};

}  // namespace inventory
