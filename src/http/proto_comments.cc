#include "http/proto_comments.h"

#include <cstdlib>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.pb.h"

namespace inventory {
namespace {

namespace pb = google::protobuf;

// What protoc makes of the .proto, comments included: the descriptors that are compiled in have
// none.
constexpr char kDescriptors[] =
#include "http_proto_descriptors.inc"
    ;

}  // namespace

std::map<std::string, std::string> ProtoComments() {
  pb::FileDescriptorSet files;
  if (!files.ParseFromString(absl::HexStringToBytes(kDescriptors)))
    std::abort();  // no build of ours
  std::map<std::string, std::string> comments;
  for (const pb::FileDescriptorProto& file : files.file()) {
    for (const auto& location : file.source_code_info().location()) {
      // The path is a chain of field numbers and indexes: 4 is message_type, and in that 2 is
      // field.
      const auto& path = location.path();
      if ((path.size() != 2 && path.size() != 4) || path[0] != 4) continue;
      if (path.size() == 4 && path[2] != 2) continue;
      const pb::DescriptorProto& message = file.message_type(path[1]);
      std::string name = absl::StrCat(file.package(), ".", message.name());
      if (path.size() == 4) absl::StrAppend(&name, ".", message.field(path[3]).name());
      std::string comment =
          absl::StrCat(location.leading_comments(), " ", location.trailing_comments());
      absl::RemoveExtraAsciiWhitespace(&comment);
      if (!comment.empty()) comments.emplace(std::move(name), std::move(comment));
    }
  }
  return comments;
}

}  // namespace inventory
