// Aligned columns for people, where a Chinese character takes two places.
#pragma once

#include <cstddef>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace inventory {

// The places a text takes on a terminal.
std::size_t DisplayWidth(std::string_view text);

// The text as it may be shown: what is not UTF-8 and what would steer a terminal (a remark comes
// from anywhere) becomes '?'.
std::string Printable(std::string_view text);

// Rows under a heading. Rows may be shown in portions, as they come: the heading is shown once, and
// a column keeps the width it has reached.
class TextTable {
 public:
  enum class Align { kLeft, kRight };
  struct Column {
    std::string name;
    Align align = Align::kRight;
  };

  explicit TextTable(std::vector<Column> columns);

  // One cell a column.
  void AddRow(std::vector<std::string> cells);
  // Shows the rows that have been added since the last time.
  void Flush(std::ostream& out);

 private:
  void WriteRow(const std::vector<std::string>& cells, std::ostream& out) const;

  std::vector<Column> columns_;
  std::vector<std::size_t> widths_;
  std::vector<std::vector<std::string>> rows_;
  bool heading_shown_ = false;
};

}  // namespace inventory
