// Page tokens: where a list goes on, as an opaque text.
//
// A token is the base64url text of these bytes, integers little-endian:
//
//   logs:  'L' version(1)  book(8) order(8) type(1) since(8) until(8)  below_sequence(8)  sum(4)
//   stock: 'S' version(1)  low_stock_only(1)                           after(8)           sum(4)
//
// It carries the query it was made for, so that it cannot be continued with another one, and a
// checksum, so that a damaged one is refused. It is no secret and grants nothing: whoever makes one
// up reads what they could have read anyway.
#pragma once

#include <string>
#include <string_view>

#include "stock/stock_store.h"

namespace inventory {

// The token by which `query` goes on.
std::string MakePageToken(const MovementQuery& query);
std::string MakePageToken(const StockListQuery& query);

// Moves the query to where the token says. False, and no change: the text is no token, or it was
// made for another book, other filters or another list.
bool ContinueFrom(std::string_view token, MovementQuery& query);
bool ContinueFrom(std::string_view token, StockListQuery& query);

}  // namespace inventory
