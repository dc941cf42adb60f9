#include "http/openapi_schemas.h"

#include <cstdint>
#include <limits>

#include "absl/strings/str_cat.h"
#include "http/proto_comments.h"

namespace inventory {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using nlohmann::ordered_json;

constexpr char kUnsignedDigits[] = "^[0-9]{1,20}$";
constexpr char kSignedDigits[] = "^-?[0-9]{1,19}$";

ordered_json Names(const EnumDescriptor& type) {
  ordered_json names = ordered_json::array();
  for (int i = 0; i < type.value_count(); ++i) names.push_back(type.value(i)->name());
  return {{"type", "string"}, {"enum", names}};
}

// Of one value. Integers of 64 bits are text, as numbers of JSON keep 53 bits in many readers.
ordered_json Scalar(const FieldDescriptor& field) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_UINT64:
      return {{"type", "string"}, {"format", "uint64"}, {"pattern", kUnsignedDigits}};
    case FieldDescriptor::CPPTYPE_INT64:
      return {{"type", "string"}, {"format", "int64"}, {"pattern", kSignedDigits}};
    case FieldDescriptor::CPPTYPE_UINT32:
      return {{"type", "integer"},
              {"format", "int64"},
              {"minimum", 0},
              {"maximum", std::numeric_limits<std::uint32_t>::max()}};
    case FieldDescriptor::CPPTYPE_INT32: return {{"type", "integer"}, {"format", "int32"}};
    case FieldDescriptor::CPPTYPE_BOOL: return {{"type", "boolean"}};
    case FieldDescriptor::CPPTYPE_ENUM: return Names(*field.enum_type());
    default: return {{"type", "string"}};
  }
}

bool Is64Bits(const FieldDescriptor& field) {
  return field.cpp_type() == FieldDescriptor::CPPTYPE_UINT64 ||
         field.cpp_type() == FieldDescriptor::CPPTYPE_INT64;
}

}  // namespace

OpenApiSchemas::OpenApiSchemas() : comments_(ProtoComments()) {}

ordered_json OpenApiSchemas::RequestRef(const Descriptor& message) {
  return Ref(message, Use::kRequest);
}
ordered_json OpenApiSchemas::AnswerRef(const Descriptor& message) {
  return Ref(message, Use::kAnswer);
}

ordered_json OpenApiSchemas::Ref(const Descriptor& message, Use use) {
  if (!schemas_.contains(message.name())) schemas_[message.name()] = Message(message, use);
  return {{"$ref", absl::StrCat("#/components/schemas/", message.name())}};
}

ordered_json OpenApiSchemas::Message(const Descriptor& message, Use use) {
  ordered_json schema = {{"type", "object"}};
  const auto comment = comments_.find(message.full_name());
  if (comment != comments_.end()) schema["description"] = comment->second;
  ordered_json required = ordered_json::array();
  ordered_json properties = ordered_json::object();
  for (int i = 0; i < message.field_count(); ++i) {
    const FieldDescriptor& field = *message.field(i);
    properties[field.name()] = Field(field, use);
    if (!field.has_presence()) required.push_back(field.name());
  }
  schema["properties"] = properties;
  if (use == Use::kAnswer && !required.empty()) schema["required"] = required;
  if (use == Use::kRequest) schema["additionalProperties"] = false;
  return schema;
}

ordered_json OpenApiSchemas::Field(const FieldDescriptor& field, Use use) {
  ordered_json schema = field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE
                            ? Ref(*field.message_type(), use)
                            : Scalar(field);
  if (use == Use::kRequest && Is64Bits(field)) {
    schema = {{"anyOf", {schema, {{"type", "integer"}}}}};
  }
  if (field.is_repeated()) schema = {{"type", "array"}, {"items", schema}};
  const std::string comment = Comment(field);
  if (comment.empty()) return schema;
  // What stands beside a $ref is passed over.
  if (schema.contains("$ref")) schema = {{"allOf", {schema}}};
  schema["description"] = comment;
  return schema;
}

ordered_json OpenApiSchemas::Parameter(const FieldDescriptor& field) const {
  const ordered_json one = Scalar(field);
  return field.is_repeated() ? ordered_json{{"type", "array"}, {"items", one}} : one;
}

std::string OpenApiSchemas::Comment(const FieldDescriptor& field) const {
  const auto comment = comments_.find(field.full_name());
  return comment == comments_.end() ? "" : comment->second;
}

}  // namespace inventory
