#include "http/entity_tag.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace inventory {

std::string EntityTag(const v1::GetStockResponse& stock) {
  return absl::StrCat("\"", stock.sequence(), "-", stock.stock(), "-", stock.locked_stock(), "\"");
}

bool NamesTag(const std::string& if_none_match, const std::string& tag) {
  for (absl::string_view one : absl::StrSplit(if_none_match, ',')) {
    one = absl::StripAsciiWhitespace(one);
    if (one == "*") return true;
    absl::ConsumePrefix(&one, "W/");
    if (one == tag) return true;
  }
  return false;
}

}  // namespace inventory
