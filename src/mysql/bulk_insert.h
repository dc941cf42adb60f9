// Many rows of one prepared INSERT, sent to MariaDB in one packet (its COM_STMT_BULK_EXECUTE): the
// server reads no text. A fifth to a third of what a row costs it is saved so. MySQL has no such
// command: see Connection::takes_bulk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "base/clock.h"
#include "mysql/connection.h"

namespace inventory {

// One thread at a time.
class BulkInsert {
 public:
  // What one packet holds at most: with all its texts as long as they may be it stays below the
  // server's smallest usual max_allowed_packet.
  static constexpr std::size_t kRowsAPacket = 4'096;

  // "INSERT INTO table (a, b) VALUES ", which names so many columns; a constant of the program.
  BulkInsert(const char* head, std::size_t columns) : head_(head), columns_(columns) {}

  // The next value of the row; after a row's last one begins the next row. A column is always given
  // by the same one of these, or NULL.
  void AddNumber(std::uint64_t number);
  void AddText(std::string_view text);
  void AddTime(TimeMs time);  // of a DATETIME(3), in UTC
  void AddNull();

  std::size_t rows() const;

  // Inserts all rows, in order, or stops at a fault: as of Connection::Run.
  absl::Status Run(Connection& connection) const;

 private:
  // Of each row a value; what its kind does not use is 0.
  struct Column {
    bool is_text = false;
    std::vector<std::uint64_t> numbers;
    std::vector<std::size_t> offsets;  // in `bytes`
    std::vector<unsigned long> lengths;
    std::vector<char> indicators;  // libmariadb's: is it NULL?
    std::string bytes;
    TimeMs time = -1;  // the one given last: a batch has few
  };
  void Add(Column& column, std::uint64_t number, std::size_t offset, std::size_t length,
           bool is_null);
  Column& Next();
  static st_mysql_bind Bind(const Column& column, std::size_t begin, const char** texts);

  const char* const head_;
  std::vector<Column> columns_;
  std::size_t next_ = 0;  // column
};

}  // namespace inventory
