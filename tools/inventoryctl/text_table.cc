#include "tools/inventoryctl/text_table.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "base/utf8.h"

namespace inventory {
namespace {

struct Range {
  std::uint32_t first;
  std::uint32_t last;
};

// Of Unicode's East Asian Width: what terminals draw in two places.
constexpr std::array<Range, 14> kWide{{{0x1100, 0x115F},
                                       {0x2E80, 0x303E},
                                       {0x3041, 0x33FF},
                                       {0x3400, 0x4DBF},
                                       {0x4E00, 0x9FFF},
                                       {0xA000, 0xA4CF},
                                       {0xAC00, 0xD7A3},
                                       {0xF900, 0xFAFF},
                                       {0xFE30, 0xFE6F},
                                       {0xFF00, 0xFF60},
                                       {0xFFE0, 0xFFE6},
                                       {0x1F300, 0x1F64F},
                                       {0x1F900, 0x1F9FF},
                                       {0x20000, 0x3FFFD}}};
// Combining marks, joiners, and marks that turn the direction of writing.
constexpr std::array<Range, 5> kNoPlace{
    {{0x0300, 0x036F}, {0x200B, 0x200F}, {0x202A, 0x202E}, {0x2060, 0x2069}, {0xFE00, 0xFE0F}}};

template <std::size_t size>
bool Contains(const std::array<Range, size>& ranges, std::uint32_t character) {
  return std::any_of(ranges.begin(), ranges.end(), [&](const Range& range) {
    return character >= range.first && character <= range.last;
  });
}

// `bytes` is one UTF-8 character.
std::uint32_t Decode(std::string_view bytes) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  if (bytes.size() == 1) return byte(0);
  std::uint32_t character = byte(0) & (0x7Fu >> bytes.size());
  for (std::size_t i = 1; i < bytes.size(); ++i) character = character << 6 | (byte(i) & 0x3Fu);
  return character;
}

bool SteersTerminal(std::uint32_t character) {
  return character < 0x20 || (character >= 0x7F && character < 0xA0) ||
         (character >= 0x202A && character <= 0x202E) ||
         (character >= 0x2066 && character <= 0x2069);
}

}  // namespace

std::size_t DisplayWidth(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    const std::size_t size = std::max<std::size_t>(1, Utf8CharacterSize(text));
    const std::uint32_t character = Decode(text.substr(0, size));
    if (!Contains(kNoPlace, character)) width += Contains(kWide, character) ? 2 : 1;
    text.remove_prefix(size);
  }
  return width;
}

std::string Printable(std::string_view text) {
  std::string shown;
  while (!text.empty()) {
    const std::size_t size = Utf8CharacterSize(text);
    if (size == 0 || SteersTerminal(Decode(text.substr(0, size)))) {
      shown += '?';
    } else {
      shown += text.substr(0, size);
    }
    text.remove_prefix(std::max<std::size_t>(1, size));
  }
  return shown;
}

TextTable::TextTable(std::vector<Column> columns) : columns_(std::move(columns)) {
  for (const Column& column : columns_) widths_.push_back(DisplayWidth(column.name));
}

void TextTable::AddRow(std::vector<std::string> cells) {
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    cells[i] = Printable(cells[i]);
    widths_[i] = std::max(widths_[i], DisplayWidth(cells[i]));
  }
  rows_.push_back(std::move(cells));
}

void TextTable::Flush(std::ostream& out) {
  if (!heading_shown_) {
    std::vector<std::string> names;
    for (const Column& column : columns_) names.push_back(column.name);
    WriteRow(names, out);
    heading_shown_ = true;
  }
  for (const std::vector<std::string>& row : rows_) WriteRow(row, out);
  rows_.clear();
  out.flush();
}

void TextTable::WriteRow(const std::vector<std::string>& cells, std::ostream& out) const {
  std::string line;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const std::string padding(widths_[i] - DisplayWidth(cells[i]), ' ');
    if (i > 0) line += "  ";
    line += columns_[i].align == Align::kRight ? padding + cells[i] : cells[i] + padding;
  }
  line.erase(line.find_last_not_of(' ') + 1);
  out << line << '\n';
}

}  // namespace inventory
