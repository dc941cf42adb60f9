// Is this text UTF-8?
#pragma once

#include <cstddef>
#include <string_view>

namespace inventory {

// The length of the UTF-8 character that `text` begins with, 1 to 4 bytes; 0 where it begins with
// none (overlong forms, surrogates and numbers past U+10FFFF are none) or is empty.
std::size_t Utf8CharacterSize(std::string_view text);

bool IsUtf8(std::string_view text);

}  // namespace inventory
