#include "mysql/bulk_insert.h"

#include <mysql.h>

#include <algorithm>
#include <string>

#include "base/status_macros.h"
#include "mysql/sql_text.h"

namespace inventory {

BulkInsert::Column& BulkInsert::Next() {
  Column& column = columns_[next_];
  next_ = (next_ + 1) % columns_.size();
  return column;
}

std::size_t BulkInsert::rows() const { return columns_.back().indicators.size(); }

void BulkInsert::Add(Column& column, std::uint64_t number, std::size_t offset, std::size_t length,
                     bool is_null) {
  column.numbers.push_back(number);
  column.offsets.push_back(offset);
  column.lengths.push_back(length);
  column.indicators.push_back(is_null ? STMT_INDICATOR_NULL : STMT_INDICATOR_NONE);
}

void BulkInsert::AddNumber(std::uint64_t number) { Add(Next(), number, 0, 0, false); }

void BulkInsert::AddNull() { Add(Next(), 0, 0, 0, true); }

void BulkInsert::AddText(std::string_view text) {
  Column& column = Next();
  column.is_text = true;
  Add(column, 0, column.bytes.size(), text.size(), false);
  column.bytes += text;
}

void BulkInsert::AddTime(TimeMs time) {
  Column& column = Next();
  column.is_text = true;
  if (time == column.time) {
    return Add(column, 0, column.offsets.back(), column.lengths.back(), false);
  }
  column.time = time;
  const std::string quoted = QuotedTime(time);
  Add(column, 0, column.bytes.size(), quoted.size() - 2, false);
  column.bytes.append(quoted, 1, quoted.size() - 2);
}

// The column's values from row `begin` on, as the library wants them. It only reads them, so they
// lose their const. `texts`: where those of a column of texts begin.
MYSQL_BIND BulkInsert::Bind(const Column& column, std::size_t begin, const char** texts) {
  MYSQL_BIND bind{};
  bind.u.indicator = const_cast<char*>(column.indicators.data() + begin);
  if (column.is_text) {
    bind.buffer_type = MYSQL_TYPE_STRING;
    bind.buffer = texts + begin;
    bind.length = const_cast<unsigned long*>(column.lengths.data() + begin);
  } else {
    bind.buffer_type = MYSQL_TYPE_LONGLONG;
    bind.is_unsigned = 1;
    bind.buffer = const_cast<std::uint64_t*>(column.numbers.data() + begin);
  }
  return bind;
}

absl::Status BulkInsert::Run(Connection& connection) const {
  std::vector<std::vector<const char*>> texts(columns_.size());
  std::string statement = head_;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    statement += i == 0 ? "(?" : ",?";
    if (!columns_[i].is_text) continue;
    for (const std::size_t offset : columns_[i].offsets) {
      texts[i].push_back(columns_[i].bytes.data() + offset);
    }
  }
  statement += ')';
  for (std::size_t begin = 0; begin < rows(); begin += kRowsAPacket) {
    const std::size_t count = std::min(kRowsAPacket, rows() - begin);
    std::vector<MYSQL_BIND> binds;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      binds.push_back(Bind(columns_[i], begin, texts[i].data()));
    }
    RETURN_IF_ERROR(connection.RunBulk(statement, binds.data(), static_cast<unsigned>(count)));
  }
  return absl::OkStatus();
}

}  // namespace inventory
