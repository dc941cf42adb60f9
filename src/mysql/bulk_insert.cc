#include "mysql/bulk_insert.h"

#include <mysql.h>

#include <algorithm>

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

absl::Status BulkInsert::Run(Connection& connection) const {
  std::vector<std::vector<const char*>> texts(columns_.size());
  for (std::size_t begin = 0; begin < rows(); begin += kRowsAPacket) {
    const std::size_t count = std::min(kRowsAPacket, rows() - begin);
    std::vector<MYSQL_BIND> binds(columns_.size());
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const Column& column = columns_[i];
      MYSQL_BIND& bind = binds[i];
      // The library only reads what it is given here.
      bind.u.indicator = const_cast<char*>(column.indicators.data() + begin);
      if (column.is_text) {
        texts[i].clear();
        for (std::size_t row = begin; row < begin + count; ++row) {
          texts[i].push_back(column.bytes.data() + column.offsets[row]);
        }
        bind.buffer_type = MYSQL_TYPE_STRING;
        bind.buffer = texts[i].data();
        bind.length = const_cast<unsigned long*>(column.lengths.data() + begin);
      } else {
        bind.buffer_type = MYSQL_TYPE_LONGLONG;
        bind.is_unsigned = 1;
        bind.buffer = const_cast<std::uint64_t*>(column.numbers.data() + begin);
      }
    }
    RETURN_IF_ERROR(connection.RunBulk(statement_, binds.data(), static_cast<unsigned>(count)));
  }
  return absl::OkStatus();
}

}  // namespace inventory
