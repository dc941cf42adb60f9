#include "mysql/rows.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "mysql/fault.h"
#include "mysql/sql_text.h"

namespace inventory {
namespace {

// One statement's text at most, about.
constexpr std::size_t kStatementBytes = 1 << 20;
// Rows that one UPDATE names, at most: it keeps the optimizer's ranges small.
constexpr std::size_t kRowsAnUpdate = 500;

// For each part of at most kRowsAnUpdate ids.
template <typename Function>
void ForEachPart(const std::vector<std::uint64_t>& ids, Function function) {
  for (std::size_t begin = 0; begin < ids.size(); begin += kRowsAnUpdate) {
    const auto first = ids.begin() + static_cast<std::ptrdiff_t>(begin);
    const auto count = static_cast<std::ptrdiff_t>(std::min(kRowsAnUpdate, ids.size() - begin));
    function(std::vector<std::uint64_t>(first, first + count));
  }
}

absl::Status NotOurs(std::string_view table, const SqlRows& row) {
  return absl::DataLossError(
      absl::StrCat("the row of ", std::string(table), " that begins with ",
                   std::string(row.Text(0)), ", ", std::string(row.Text(1)),
                   " is none that this service writes; was the table edited by hand?"));
}

// A stored enumeration from 1 to `last`.
template <typename Enum>
bool ReadEnum(const SqlRows& row, int column, Enum last, Enum& value) {
  const std::uint64_t number = row.U64(column);
  value = static_cast<Enum>(number);
  return number >= 1 && number <= static_cast<std::uint64_t>(last);
}

bool ReadTime(const SqlRows& row, int column, TimeMs& time) {
  const std::optional<TimeMs> read = ParseTime(row.Text(column));
  time = read.value_or(0);
  return read.has_value();
}

}  // namespace

absl::StatusOr<BookStock> ReadBook(const SqlRows& row) {
  BookStock stock{row.U64(0), true, {row.I32(1), row.I32(2), row.U64(3)}};
  if (stock.balance.available < 0 || stock.balance.locked < 0) return NotOurs("inventory", row);
  return stock;
}

absl::StatusOr<StoredLine> ReadLine(const SqlRows& row) {
  StoredLine stored;
  stored.key = {row.U64(0), row.U64(1)};
  if (!ReadEnum(row, 2, LineState::kTombstone, stored.line.state)) {
    return NotOurs("order_lines", row);
  }
  stored.line.quantity = row.I32(3);
  stored.line.released_quantity = row.I32(4);
  if (!row.IsNull(5)) stored.reserved_position = static_cast<std::uint32_t>(row.U64(5));
  return stored;
}

absl::StatusOr<StoredReservation> ReadReservation(const SqlRows& row) {
  StoredReservation stored;
  stored.order = row.U64(0);
  if (!ReadEnum(row, 1, ReservationState::kExpired, stored.reservation.state) ||
      !ReadTime(row, 2, stored.reservation.deadline)) {
    return NotOurs("reservations", row);
  }
  stored.reservation.remembered = row.U64(3) != 0;
  return stored;
}

absl::StatusOr<StoredRequest> ReadRequest(const SqlRows& row) {
  StoredRequest stored;
  stored.book = row.U64(0);
  stored.request_id = row.Text(1);
  if (!ReadEnum(row, 2, ChangeType::kAdjust, stored.content.type)) {
    return NotOurs("request_ids", row);
  }
  stored.content.set_to = row.U64(3) != 0;
  stored.content.quantity = row.I32(4);
  stored.content.has_expected = !row.IsNull(5);
  if (stored.content.has_expected) stored.content.expected = row.I32(5);
  return stored;
}

absl::StatusOr<Movement> ReadMovement(const SqlRows& row) {
  Movement movement;
  movement.id = row.U64(0);
  movement.book = row.U64(1);
  movement.sequence = row.U64(2);
  if (!ReadEnum(row, 3, ChangeType::kAdjust, movement.type) || !ReadTime(row, 12, movement.time)) {
    return NotOurs("inventory_logs", row);
  }
  movement.quantity = row.I32(4);
  movement.before = row.I32(5);
  movement.after = row.I32(6);
  movement.locked_after = row.I32(7);
  movement.order = row.U64(8);
  movement.request_id = row.Text(9);
  movement.remark = row.Text(10);
  movement.actor = row.Text(11);
  return movement;
}

void AddLines(const std::vector<StoredLine>& lines, Reservation& reservation) {
  std::vector<const StoredLine*> reserved;
  for (const StoredLine& line : lines) {
    if (line.reserved_position) reserved.push_back(&line);
  }
  std::sort(reserved.begin(), reserved.end(), [](const StoredLine* a, const StoredLine* b) {
    return *a->reserved_position < *b->reserved_position;
  });
  reservation.lines.clear();
  for (const StoredLine* line : reserved) {
    reservation.lines.push_back({line->key.book, line->line.quantity});
  }
}

// ---- writing ------------------------------------------------------------------------------------

namespace {

constexpr char kLineInsert[] =
    "INSERT INTO order_lines"
    " (order_id, book_id, state, quantity, released_quantity, reserved_position) VALUES ";
constexpr char kMovementInsert[] =
    "INSERT INTO inventory_logs (book_id, sequence, change_type, quantity, before_stock,"
    " after_stock, locked_after, order_id, request_id, remark, actor, created_at) VALUES ";

void AddLine(const StoredLine& line, BulkInsert& insert) {
  insert.AddNumber(line.key.order);
  insert.AddNumber(line.key.book);
  insert.AddNumber(static_cast<std::uint64_t>(line.line.state));
  insert.AddNumber(static_cast<std::uint64_t>(line.line.quantity));
  insert.AddNumber(static_cast<std::uint64_t>(line.line.released_quantity));
  if (line.reserved_position) {
    insert.AddNumber(*line.reserved_position);
  } else {
    insert.AddNull();
  }
}

void AddMovement(const Movement& movement, BulkInsert& insert) {
  insert.AddNumber(movement.book);
  insert.AddNumber(movement.sequence);
  insert.AddNumber(static_cast<std::uint64_t>(movement.type));
  for (const Quantity figure :
       {movement.quantity, movement.before, movement.after, movement.locked_after}) {
    insert.AddNumber(static_cast<std::uint64_t>(figure));
  }
  if (movement.order != 0) {
    insert.AddNumber(movement.order);
  } else {
    insert.AddNull();
  }
  if (movement.request_id.empty()) {
    insert.AddNull();
  } else {
    insert.AddText(movement.request_id);
  }
  insert.AddText(movement.remark);
  insert.AddText(movement.actor);
  insert.AddTime(movement.time);
}

}  // namespace

RowStatements::RowStatements(Inserts inserts)
    : inserts_(inserts),
      bulk_lines_(kLineInsert, 6),
      bulk_movements_(kMovementInsert, 12),
      lines_(kLineInsert),
      reservations_("INSERT INTO reservations (order_id, state, deadline, remembered) VALUES "),
      requests_(
          "INSERT INTO request_ids"
          " (book_id, request_id, change_type, set_to, quantity, expected_stock) VALUES "),
      books_(
          "INSERT INTO inventory (book_id, stock, locked_stock, total_stock, sequence, created_at,"
          " updated_at) VALUES "),
      movements_(kMovementInsert) {}

std::string& RowStatements::Insert::Row() {
  if (statements.empty() || statements.back().size() > kStatementBytes) {
    statements.emplace_back(head);
  } else {
    statements.back() += ',';
  }
  return statements.back();
}

std::string& RowStatements::Update() {
  if (updates_.empty() || updates_.back().size() > kStatementBytes) {
    updates_.emplace_back();
  } else {
    updates_.back() += ';';
  }
  return updates_.back();
}

const std::string& RowStatements::Quoted(TimeMs time) {
  if (time != time_) {
    time_ = time;
    quoted_time_ = QuotedTime(time);
  }
  return quoted_time_;
}

void RowStatements::InsertMovement(const Movement& movement) {
  if (inserts_ == Inserts::kBulk) return AddMovement(movement, bulk_movements_);
  std::string& sql = movements_.Row();
  absl::StrAppend(&sql, "(", movement.book, ",", movement.sequence, ",",
                  static_cast<int>(movement.type), ",", movement.quantity, ",", movement.before,
                  ",");
  absl::StrAppend(&sql, movement.after, ",", movement.locked_after, ",");
  if (movement.order != 0) {
    absl::StrAppend(&sql, movement.order, ",");
  } else {
    sql += "NULL,";
  }
  if (movement.request_id.empty()) {
    sql += "NULL,";
  } else {
    AppendQuoted(sql, movement.request_id);
    sql += ',';
  }
  AppendQuoted(sql, movement.remark);
  sql += ',';
  AppendQuoted(sql, movement.actor);
  absl::StrAppend(&sql, ",", Quoted(movement.time), ")");
}

void RowStatements::InsertLine(const StoredLine& line) {
  if (inserts_ == Inserts::kBulk) return AddLine(line, bulk_lines_);
  std::string& sql = lines_.Row();
  absl::StrAppend(&sql, "(", line.key.order, ",", line.key.book, ",",
                  static_cast<int>(line.line.state), ",", line.line.quantity, ",");
  absl::StrAppend(&sql, line.line.released_quantity, ",");
  if (line.reserved_position) {
    absl::StrAppend(&sql, *line.reserved_position, ")");
  } else {
    sql += "NULL)";
  }
}

void RowStatements::UpdateLine(LineKey key, const OrderLine& line) {
  absl::StrAppend(&Update(), "UPDATE order_lines SET state=", static_cast<int>(line.state),
                  ",quantity=", line.quantity, ",released_quantity=", line.released_quantity,
                  " WHERE order_id=", key.order, " AND book_id=", key.book);
}

void RowStatements::MoveLines(BookId book, LineState state, const std::vector<OrderId>& orders) {
  const bool given_back = state == LineState::kReturned || state == LineState::kExpired;
  ForEachPart(orders, [&](const std::vector<OrderId>& part) {
    std::string& sql = Update();
    absl::StrAppend(
        &sql, "UPDATE order_lines FORCE INDEX (PRIMARY) SET state=", static_cast<int>(state),
        ",released_quantity=", given_back ? "quantity" : "0", " WHERE book_id=", book, " AND ");
    AppendIsOneOf(sql, "order_id", part);
  });
}

void RowStatements::UpdatePosition(LineKey key, std::uint32_t reserved_position) {
  absl::StrAppend(&Update(), "UPDATE order_lines SET reserved_position=", reserved_position,
                  " WHERE order_id=", key.order, " AND book_id=", key.book);
}

void RowStatements::InsertReservation(OrderId order, const Reservation& reservation) {
  absl::StrAppend(&reservations_.Row(), "(", order, ",", static_cast<int>(reservation.state), ",",
                  QuotedTime(reservation.deadline), ",", reservation.remembered ? "1)" : "0)");
}

void RowStatements::UpdateReservation(OrderId order, const Reservation& reservation) {
  absl::StrAppend(&Update(), "UPDATE reservations SET state=", static_cast<int>(reservation.state),
                  ",deadline=", QuotedTime(reservation.deadline), " WHERE order_id=", order);
}

void RowStatements::MoveReservations(ReservationState state, const std::vector<OrderId>& orders) {
  ForEachPart(orders, [&](const std::vector<OrderId>& part) {
    std::string& sql = Update();
    absl::StrAppend(&sql,
                    "UPDATE reservations FORCE INDEX (PRIMARY) SET state=", static_cast<int>(state),
                    " WHERE ");
    AppendIsOneOf(sql, "order_id", part);
  });
}

void RowStatements::InsertRequest(BookId book, std::string_view request_id,
                                  const RequestContent& content) {
  std::string& sql = requests_.Row();
  absl::StrAppend(&sql, "(", book, ",");
  AppendQuoted(sql, request_id);
  absl::StrAppend(&sql, ",", static_cast<int>(content.type), content.set_to ? ",1," : ",0,",
                  content.quantity, ",");
  if (content.has_expected) {
    absl::StrAppend(&sql, content.expected, ")");
  } else {
    sql += "NULL)";
  }
}

void RowStatements::UpdateRequest(BookId book, std::string_view request_id,
                                  const RequestContent& content) {
  std::string& sql = Update();
  absl::StrAppend(&sql, "UPDATE request_ids SET change_type=", static_cast<int>(content.type),
                  ",set_to=", content.set_to ? 1 : 0, ",quantity=", content.quantity,
                  ",expected_stock=");
  sql += content.has_expected ? absl::StrCat(content.expected) : "NULL";
  absl::StrAppend(&sql, " WHERE book_id=", book, " AND request_id=");
  AppendQuoted(sql, request_id);
}

void RowStatements::InsertBook(BookId book, const Balance& balance, TimeMs time) {
  std::string& sql = books_.Row();
  absl::StrAppend(&sql, "(", book, ",", balance.available, ",", balance.locked, ",",
                  balance.total(), ",");
  absl::StrAppend(&sql, balance.sequence, ",", Quoted(time), ",", Quoted(time), ")");
}

void RowStatements::UpdateBook(BookId book, const Balance& balance, TimeMs time) {
  std::string& sql = Update();
  absl::StrAppend(&sql, "UPDATE inventory SET stock=", balance.available,
                  ",locked_stock=", balance.locked, ",total_stock=", balance.total());
  absl::StrAppend(&sql, ",sequence=", balance.sequence, ",updated_at=", Quoted(time),
                  " WHERE book_id=", book);
}

std::vector<std::string> RowStatements::Packets(std::string_view last) {
  std::vector<std::string> packets(1);
  const auto add = [&packets](const std::string& statement) {
    if (packets.back().size() + statement.size() > kPacketBytes) packets.emplace_back();
    absl::StrAppend(&packets.back(), packets.back().empty() ? "" : ";", statement);
  };
  for (Insert* insert : {&lines_, &reservations_, &requests_, &books_, &movements_}) {
    for (std::string& statement : insert->statements) {
      const bool ignoring = kMysqlFault == MysqlFault::kIgnoreDuplicates ||
                            kMysqlFault == MysqlFault::kLinesBeforeLocks;
      if (ignoring) statement.insert(statement.find(" INTO"), " IGNORE");
      add(statement);
    }
  }
  for (const std::string& statement : updates_) add(statement);
  if (!packets.back().empty()) packets.back() += ';';
  packets.back() += last;
  return packets;
}

absl::Status RowStatements::Run(Connection& connection, std::string_view last) {
  RETURN_IF_ERROR(bulk_lines_.Run(connection));
  RETURN_IF_ERROR(bulk_movements_.Run(connection));
  return connection.RunAll(Packets(last));
}

}  // namespace inventory
