#include "tools/inventoryctl/number_file.h"

#include <string_view>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace inventory {
namespace {

constexpr std::size_t kErrorsShown = 20;

std::string Heading(const std::vector<NumberColumn>& columns) {
  return absl::StrJoin(columns, ",", [](std::string* out, const NumberColumn& column) {
    absl::StrAppend(out, column.name);
  });
}

// Empty: the row is good.
std::string ReadRow(const std::vector<std::string>& fields,
                    const std::vector<NumberColumn>& columns, NumberRow& row) {
  if (fields.size() != columns.size()) {
    return absl::StrCat(fields.size(), " fields, expected ", columns.size(), " (", Heading(columns),
                        ")");
  }
  for (std::size_t i = 0; i < columns.size(); ++i) {
    std::uint64_t number = 0;
    if (!absl::SimpleAtoi(fields[i], &number) || number == 0 || number > columns[i].maximum) {
      return absl::StrCat(columns[i].name, " '", fields[i], "' is not a whole number from 1 to ",
                          columns[i].maximum);
    }
    row.numbers.push_back(number);
  }
  return "";
}

std::vector<std::string> Fields(const std::string& line) {
  std::vector<std::string> fields = absl::StrSplit(line, ',');
  for (std::string& field : fields) absl::StripAsciiWhitespace(&field);
  return fields;
}

}  // namespace

absl::StatusOr<std::vector<NumberRow>> ReadNumbers(std::istream& in,
                                                   const std::vector<NumberColumn>& columns) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  std::vector<NumberRow> rows;
  std::vector<std::string> errors;
  std::size_t bad_lines = 0;
  std::string line;
  bool heading_possible = true;
  for (int number = 1; std::getline(in, line); ++number) {
    if (number == 1 && line.rfind(kByteOrderMark, 0) == 0) line.erase(0, kByteOrderMark.size());
    absl::StripAsciiWhitespace(&line);
    if (line.empty()) continue;
    const std::vector<std::string> fields = Fields(line);
    if (std::exchange(heading_possible, false) && absl::StrJoin(fields, ",") == Heading(columns)) {
      continue;
    }
    NumberRow row{number, {}};
    const std::string error = ReadRow(fields, columns, row);
    if (error.empty()) {
      rows.push_back(std::move(row));
    } else if (++bad_lines <= kErrorsShown) {
      errors.push_back(absl::StrCat("line ", number, ": ", error));
    }
  }
  if (in.bad()) return absl::UnavailableError("reading failed before the end");
  if (bad_lines > kErrorsShown) {
    errors.push_back(absl::StrCat("… and ", bad_lines - kErrorsShown, " more bad lines"));
  }
  if (!errors.empty()) return absl::InvalidArgumentError(absl::StrJoin(errors, "\n"));
  if (rows.empty()) return absl::InvalidArgumentError("there are no rows in it");
  return rows;
}

}  // namespace inventory
