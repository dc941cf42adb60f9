#include "http/json.h"

#include <algorithm>
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "base/utf8.h"
#include "google/protobuf/util/json_util.h"

namespace inventory {

absl::Status ReadJson(const std::string& text, google::protobuf::Message& message) {
  const std::string name = message.GetTypeName();
  // Protobuf takes `null`, and what begins with spaces only, for an empty object.
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == text.npos || text[first] != '{') {
    return absl::InvalidArgumentError(
        absl::StrCat("the body is no JSON object; send one with the fields of ", name));
  }
  const auto read = google::protobuf::util::JsonStringToMessage(text, &message);
  if (read.ok()) return absl::OkStatus();
  const auto why = read.message();
  return absl::InvalidArgumentError(absl::StrCat("the body does not fit ", name, ": ",
                                                 absl::string_view(why.data(), why.size())));
}

std::string WriteJson(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.always_print_primitive_fields = true;
  options.preserve_proto_field_names = true;
  std::string text;
  // It fails for types that are not known to the program only.
  static_cast<void>(google::protobuf::util::MessageToJsonString(message, &text, options));
  return text;
}

std::string JsonText(std::string_view text) {
  std::string quoted = "\"";
  while (!text.empty()) {
    const std::size_t size = Utf8CharacterSize(text);
    const auto c = static_cast<unsigned char>(text.front());
    if (size == 0) {
      quoted += "\xEF\xBF\xBD";
    } else if (c == '"' || c == '\\') {
      quoted += {'\\', text.front()};
    } else if (c < 0x20) {
      char escaped[8];
      std::snprintf(escaped, sizeof escaped, "\\u%04x", c);
      quoted += escaped;
    } else {
      quoted += text.substr(0, size);
    }
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
  return quoted + '"';
}

}  // namespace inventory
