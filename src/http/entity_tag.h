// Entity tags: whether a caller's copy of an answer is still right.
#pragma once

#include <string>

#include "inventory/v1/inventory.pb.h"

namespace inventory {

// The tag of a book's figures. The sequence alone would do, but for a store that came to it twice
// (a trial's, or one that had lost changes): so the figures are in it, and the same tag always
// means the same answer.
std::string EntityTag(const v1::GetStockResponse& stock);

// Whether If-None-Match names the tag: a list of tags, weak ones too, or *.
bool NamesTag(const std::string& if_none_match, const std::string& tag);

}  // namespace inventory
