// Any text as a page token: refused, or it is one that this code makes.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "absl/strings/escaping.h"
#include "api/page_token.h"

namespace inventory {
namespace {

// A query that the text continues must make the same bytes again.
template <typename Query>
void Check(std::string_view token, Query query) {
  if (!ContinueFrom(token, query)) return;
  std::string given;
  std::string made;
  if (!absl::WebSafeBase64Unescape({token.data(), token.size()}, &given)) std::abort();
  if (!absl::WebSafeBase64Unescape(MakePageToken(query), &made)) std::abort();
  if (given != made) std::abort();
}

}  // namespace
}  // namespace inventory

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view token(reinterpret_cast<const char*>(data), size);
  inventory::MovementQuery logs;
  logs.book = 7;
  inventory::Check(token, logs);
  logs.order = 3;
  logs.type = inventory::ChangeType::kDeduct;
  logs.since = 5;
  logs.until = 9;
  inventory::Check(token, logs);
  inventory::StockListQuery stock;
  inventory::Check(token, stock);
  stock.below = 10;
  inventory::Check(token, stock);
  return 0;
}
