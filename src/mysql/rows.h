// The stock's rows (schema/mysql/0001_stock.sql): what a SELECT of them reads, and the statements
// that write them. Shared by whoever keeps stock or its ledger in MySQL.
//
// No statement here updates a row that it did not expect or inserts one that is there already:
// INSERT is plain, so a duplicate key says that another transaction was quicker.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "mysql/bulk_insert.h"
#include "mysql/connection.h"
#include "stock/stock_store.h"
#include "stock/types.h"

namespace inventory {

// An order line with its place in the reservation it came from.
struct StoredLine {
  LineKey key;
  OrderLine line;
  std::optional<std::uint32_t> reserved_position;
};

// A reservation without its lines: those are the order's lines with a position.
struct StoredReservation {
  OrderId order = 0;
  Reservation reservation;
};

struct StoredRequest {
  BookId book = 0;
  std::string request_id;
  RequestContent content;
};

// The columns each Read function wants of the current row, in its order.
inline constexpr char kBookColumns[] = "book_id, stock, locked_stock, sequence, updated_at";
inline constexpr char kLineColumns[] =
    "order_id, book_id, state + 0, quantity, released_quantity, reserved_position";
inline constexpr char kReservationColumns[] = "order_id, state + 0, deadline, remembered";
inline constexpr char kRequestColumns[] =
    "book_id, request_id, change_type + 0, set_to, quantity, expected_stock";
inline constexpr char kMovementColumns[] =
    "id, book_id, sequence, change_type + 0, quantity, before_stock, after_stock, locked_after, "
    "order_id, request_id, remark, actor, created_at";

// A row that no program of ours writes is a DataLoss that names it.
absl::StatusOr<BookStock> ReadBook(const SqlRows& row);
absl::StatusOr<StoredLine> ReadLine(const SqlRows& row);
absl::StatusOr<StoredReservation> ReadReservation(const SqlRows& row);
absl::StatusOr<StoredRequest> ReadRequest(const SqlRows& row);
absl::StatusOr<Movement> ReadMovement(const SqlRows& row);

// Fills in the reservation's lines from the order's lines, in the order first named.
void AddLines(const std::vector<StoredLine>& lines, Reservation& reservation);

// The statements that write rows, cut so that none is too large for the server. Many rows of one
// table make one INSERT.
class RowStatements {
 public:
  // What one packet holds at most, about: below the server's smallest usual max_allowed_packet.
  static constexpr std::size_t kPacketBytes = 4 << 20;

  // How rows come into order_lines and inventory_logs, of which there are most.
  enum class Inserts {
    kText,
    kBulk,  // for Run on a connection that takes_bulk()
  };
  explicit RowStatements(Inserts inserts = Inserts::kText);

  void InsertMovement(const Movement& movement);
  void InsertLine(const StoredLine& line);
  void UpdateLine(LineKey key, const OrderLine& line);
  // Lines of one book that have all become this, whatever their quantities: sold by confirm, or
  // given back as a whole.
  void MoveLines(BookId book, LineState state, const std::vector<OrderId>& orders);
  void UpdatePosition(LineKey key, std::uint32_t reserved_position);
  void InsertReservation(OrderId order, const Reservation& reservation);
  void UpdateReservation(OrderId order, const Reservation& reservation);
  // Reservations that have all become this; their deadlines stay.
  void MoveReservations(ReservationState state, const std::vector<OrderId>& orders);
  void InsertRequest(BookId book, std::string_view request_id, const RequestContent& content);
  void UpdateRequest(BookId book, std::string_view request_id, const RequestContent& content);
  void InsertBook(BookId book, const Balance& balance, TimeMs time);
  void UpdateBook(BookId book, const Balance& balance, TimeMs time);

  // The packets, each to be given to Connection::Run; `last` ends the last one. Inserts that may
  // find another transaction's row come first. Not with kBulk.
  std::vector<std::string> Packets(std::string_view last);

  // All of it, on this connection: the bulk, then the packets.
  absl::Status Run(Connection& connection, std::string_view last);

 private:
  // Rows for one table.
  struct Insert {
    explicit Insert(const char* the_head) : head(the_head) {}
    // Begins a row's values and returns the text to add them to; ends statements that are full.
    std::string& Row();
    const char* const head;  // "INSERT INTO table (columns) VALUES "
    std::vector<std::string> statements;
  };
  std::string& Update();
  const std::string& Quoted(TimeMs time);

  const Inserts inserts_;
  BulkInsert bulk_lines_;
  BulkInsert bulk_movements_;
  Insert lines_;
  Insert reservations_;
  Insert requests_;
  Insert books_;
  Insert movements_;
  std::vector<std::string> updates_;
  // The time written last: a batch has one.
  TimeMs time_ = -1;
  std::string quoted_time_;
};

}  // namespace inventory
