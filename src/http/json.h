// Messages of the wire contract as JSON, both ways, by protobuf's own mapping: names as in the
// .proto, every field written, integers of 64 bits as strings.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "google/protobuf/message.h"

namespace inventory {

// INVALID_ARGUMENT: not JSON, not an object, an unknown field, a value that the field cannot have.
absl::Status ReadJson(const std::string& text, google::protobuf::Message& message);

std::string WriteJson(const google::protobuf::Message& message);

// `text` in quotes. Bytes that are no UTF-8 become U+FFFD.
std::string JsonText(std::string_view text);

}  // namespace inventory
