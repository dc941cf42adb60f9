#include "http/request_form.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <iterator>
#include <set>
#include <system_error>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/status_macros.h"
#include "base/utf8.h"
#include "google/protobuf/descriptor.h"
#include "http/json.h"

namespace inventory {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// Digits only: no spaces, no plus. `name` is the parameter's.
template <typename Integer>
absl::StatusOr<Integer> ReadInteger(const std::string& name, const std::string& text) {
  Integer value = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (error == std::errc() && rest == end) return value;
  return absl::InvalidArgumentError(
      absl::StrCat(name, " is no whole number of ", 8 * sizeof(Integer), " bits"));
}

absl::Status AddIds(const std::string& name, const std::string& text, const FieldDescriptor& field,
                    Message& message) {
  for (const std::string& one : std::vector<std::string>(absl::StrSplit(text, ','))) {
    ASSIGN_OR_RETURN(const std::uint64_t id, ReadInteger<std::uint64_t>(name, one));
    message.GetReflection()->AddUInt64(&message, &field, id);
  }
  return absl::OkStatus();
}

// Sets a field from text; a list of ids is separated by commas.
absl::Status SetField(const std::string& name, const std::string& text,
                      const FieldDescriptor& field, Message& message) {
  const google::protobuf::Reflection& reflection = *message.GetReflection();
  if (field.is_repeated()) return AddIds(name, text, field, message);
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_UINT64: {
      ASSIGN_OR_RETURN(const std::uint64_t value, ReadInteger<std::uint64_t>(name, text));
      reflection.SetUInt64(&message, &field, value);
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_UINT32: {
      ASSIGN_OR_RETURN(const std::uint32_t value, ReadInteger<std::uint32_t>(name, text));
      reflection.SetUInt32(&message, &field, value);
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_INT64: {
      ASSIGN_OR_RETURN(const std::int64_t value, ReadInteger<std::int64_t>(name, text));
      reflection.SetInt64(&message, &field, value);
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_BOOL:
      if (text != "true" && text != "false") {
        return absl::InvalidArgumentError(absl::StrCat(name, " is neither true nor false"));
      }
      reflection.SetBool(&message, &field, text == "true");
      return absl::OkStatus();
    case FieldDescriptor::CPPTYPE_STRING:
      if (!IsUtf8(text)) return absl::InvalidArgumentError(absl::StrCat(name, " is no UTF-8"));
      reflection.SetString(&message, &field, text);
      return absl::OkStatus();
    default: return absl::InternalError(absl::StrCat(name, " cannot be given this way"));
  }
}

const FieldDescriptor& FieldOf(const Message& message, const std::string& name) {
  return *message.GetDescriptor()->FindFieldByName(name);
}

absl::Status ReadQuery(const RequestForm& form, const RoutedRequest& routed, Message& message) {
  std::set<std::string> seen;
  for (const auto& [name, value] : routed.query) {
    const auto known = std::find_if(form.query.begin(), form.query.end(),
                                    [&name = name](const auto& one) { return one.first == name; });
    if (known == form.query.end()) {
      return absl::InvalidArgumentError(absl::StrCat("there is no parameter \"", name, "\" here"));
    }
    if (!seen.insert(name).second) {
      return absl::InvalidArgumentError(absl::StrCat("the parameter ", name, " is there twice"));
    }
    RETURN_IF_ERROR(SetField(name, value, FieldOf(message, known->second), message));
  }
  return absl::OkStatus();
}

// Who names an order in the path and another in the body must not be guessed at.
absl::Status ReadPath(const RequestForm& form, const RoutedRequest& routed, Message& message) {
  const FieldDescriptor& field = FieldOf(message, form.path_field);
  const google::protobuf::Reflection& reflection = *message.GetReflection();
  const std::uint64_t in_body = reflection.GetUInt64(message, &field);
  RETURN_IF_ERROR(SetField(form.path_field, routed.id, field, message));
  if (in_body != 0 && in_body != reflection.GetUInt64(message, &field)) {
    return absl::InvalidArgumentError(
        absl::StrCat(form.path_field, " is one in the path and another in the body"));
  }
  return absl::OkStatus();
}

absl::Status ReadKey(const HttpRequest& request, Message& message) {
  const auto [first, end] = request.fields.equal_range("idempotency-key");
  if (first == end) return absl::OkStatus();
  if (std::next(first) != end || first->second.empty()) {
    return absl::InvalidArgumentError("Idempotency-Key must be there once and not be empty");
  }
  const FieldDescriptor& field = FieldOf(message, "request_id");
  const std::string in_body = message.GetReflection()->GetString(message, &field);
  if (!in_body.empty() && in_body != first->second) {
    return absl::InvalidArgumentError(
        "Idempotency-Key and the body's request_id differ; send one of them, or the same");
  }
  return SetField("Idempotency-Key", first->second, field, message);
}

}  // namespace

absl::Status ReadForm(const RequestForm& form, const RoutedRequest& routed, Message& message) {
  RETURN_IF_ERROR(ReadQuery(form, routed, message));
  const std::string& body = routed.request.body;
  if (form.body == RequestForm::Body::kRequired ||
      (form.body == RequestForm::Body::kOptional && !body.empty())) {
    RETURN_IF_ERROR(ReadJson(body, message));
  }
  if (!form.path_field.empty()) RETURN_IF_ERROR(ReadPath(form, routed, message));
  return form.takes_key ? ReadKey(routed.request, message) : absl::OkStatus();
}

}  // namespace inventory
