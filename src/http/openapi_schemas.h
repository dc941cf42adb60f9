// The messages of the wire contract as schemas of OpenAPI 3.0, by protobuf's JSON mapping.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "google/protobuf/descriptor.h"

namespace inventory {

// Collects the schemas that are referred to. A message is either asked or answered with: answers
// have every field, requests need not, and may give integers of 64 bits as numbers too.
class OpenApiSchemas {
 public:
  OpenApiSchemas();

  // {"$ref": …}; the message's schema, and those it refers to, are in all() from then on.
  nlohmann::ordered_json RequestRef(const google::protobuf::Descriptor& message);
  nlohmann::ordered_json AnswerRef(const google::protobuf::Descriptor& message);

  // Of a field in a query or a path, where everything is text.
  nlohmann::ordered_json Parameter(const google::protobuf::FieldDescriptor& field) const;

  // What the .proto says of it; empty: nothing.
  std::string Comment(const google::protobuf::FieldDescriptor& field) const;

  const std::map<std::string, nlohmann::ordered_json>& all() const { return schemas_; }

 private:
  enum class Use { kRequest, kAnswer };

  nlohmann::ordered_json Ref(const google::protobuf::Descriptor& message, Use use);
  nlohmann::ordered_json Message(const google::protobuf::Descriptor& message, Use use);
  nlohmann::ordered_json Field(const google::protobuf::FieldDescriptor& field, Use use);

  const std::map<std::string, std::string> comments_;
  std::map<std::string, nlohmann::ordered_json> schemas_;
};

}  // namespace inventory
