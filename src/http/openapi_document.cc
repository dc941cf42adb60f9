#include "http/openapi_document.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "http/openapi_schemas.h"

namespace inventory {
namespace {

using google::protobuf::FieldDescriptor;
using nlohmann::ordered_json;

// What may answer any route instead, under which statuses, and why.
struct ErrorCase {
  int status;
  bool of_changes_only;
  const char* when;
};
constexpr ErrorCase kErrorCases[] = {
    {400, false,
     "It does not fit: no JSON, an unknown field or parameter, an id that is no number"},
    {401, false, "No token, or none that is valid, where the service has tokens"},
    {403, false, "The token has not this role; or a web page from elsewhere asks"},
    {413, true, "The body is too long"},
    {415, true, "Content-Type is not application/json"},
    {421, false, "Host is another machine's name"},
    {429, false, "The queue of changes is full, or there are too many streams: nothing was done"},
    {503, false,
     "The store is away or unsure, or the service is stopping: unless the message says that "
     "nothing "
     "was done, that is unknown; ask again with the same ids"},
    {504, false, "No answer in time: the message says whether something was done"},
};

bool IsChange(const HttpRoute& route) { return route.method == "POST"; }

std::string OperationId(const HttpRoute& route) {
  if (route.calls.empty()) return absl::StrReplaceAll(route.path.substr(1), {{".", "_"}});
  return absl::StrJoin(route.calls, "Or", [](std::string* out, const HttpRouteCall& call) {
    const std::string& name = call.request->name();
    out->append(absl::StripSuffix(name, "Request").data(),
                absl::StripSuffix(name, "Request").size());
  });
}

ordered_json ErrorSchema() {
  return {{"type", "object"},
          {"description", "No answer: nothing is said about stock."},
          {"properties",
           {{"error",
             {{"type", "object"},
              {"properties",
               {{"status",
                 {{"type", "string"}, {"description", "A status of gRPC, such as UNAVAILABLE"}}},
                {"message", {{"type", "string"}, {"description", "What to do"}}}}},
              {"required", {"status", "message"}}}}}},
          {"required", ordered_json::array({"error"})}};
}

ordered_json TextHeader(const char* what) {
  return {{"description", what}, {"schema", {{"type", "string"}}}};
}

// One document being made.
class Document {
 public:
  std::string Make(const std::vector<HttpRoute>& routes);

 private:
  ordered_json Operation(const HttpRoute& route);
  ordered_json Parameters(const HttpRoute& route) const;
  ordered_json Parameter(const char* in, const std::string& name,
                         const FieldDescriptor& field) const;
  ordered_json Responses(const HttpRoute& route);
  ordered_json Content(const HttpRoute& route);
  void AddOutcomes(const HttpRoute& route, ordered_json& responses);
  void AddErrors(const HttpRoute& route, ordered_json& responses) const;

  OpenApiSchemas schemas_;
};

ordered_json Document::Parameter(const char* in, const std::string& name,
                                 const FieldDescriptor& field) const {
  ordered_json parameter = {{"name", name}, {"in", in}};
  const std::string comment = schemas_.Comment(field);
  if (!comment.empty()) parameter["description"] = comment;
  if (std::string_view(in) == "path") parameter["required"] = true;
  if (field.is_repeated()) {
    parameter["style"] = "form";
    parameter["explode"] = false;  // 1,2,3
  }
  parameter["schema"] = schemas_.Parameter(field);
  return parameter;
}

ordered_json Document::Parameters(const HttpRoute& route) const {
  ordered_json parameters = ordered_json::array();
  for (const HttpRouteCall& call : route.calls) {
    const RequestForm& form = call.form;
    if (!form.path_field.empty()) {
      parameters.push_back(
          Parameter("path", form.path_field, *call.request->FindFieldByName(form.path_field)));
    }
    for (const auto& [name, field] : form.query) {
      parameters.push_back(Parameter("query", name, *call.request->FindFieldByName(field)));
    }
    if (form.takes_key) {
      parameters.push_back({{"name", "Idempotency-Key"},
                            {"in", "header"},
                            {"description", "The request_id"},
                            {"schema", {{"type", "string"}}}});
    }
  }
  if (route.has_tag) {
    parameters.push_back({{"name", "If-None-Match"},
                          {"in", "header"},
                          {"description", "An ETag of before: 304 while nothing has changed"},
                          {"schema", {{"type", "string"}}}});
  }
  return parameters;
}

// Of an answer that is no error.
ordered_json Document::Content(const HttpRoute& route) {
  ordered_json schema = {{"type", "object"}};
  if (route.content_type != "application/json") {
    schema = {{"type", "string"}};
  } else if (route.calls.empty() && route.path != "/openapi.json") {
    schema = {{"type", "object"},
              {"properties", {{"status", {{"type", "string"}}}}},
              {"required", ordered_json::array({"status"})}};
  }
  ordered_json answers = ordered_json::array();
  for (const HttpRouteCall& call : route.calls) {
    answers.push_back(schemas_.AnswerRef(*call.response));
  }
  if (answers.size() == 1) schema = answers.front();
  if (answers.size() > 1) schema = {{"anyOf", answers}};
  if (route.content_type == "text/event-stream") {
    schema = {{"type", "string"},
              {"description", "Server-sent events; the data of each is an x-event-data as JSON"},
              {"x-event-data", answers.front()}};
  }
  return ordered_json::object({{route.content_type, ordered_json::object({{"schema", schema}})}});
}

// Each status that an outcome has, with its codes and messages.
void Document::AddOutcomes(const HttpRoute& route, ordered_json& responses) {
  std::map<int, std::set<Outcome>> by_status;
  for (const HttpRouteCall& call : route.calls) {
    for (const Outcome outcome : call.outcomes) {
      by_status[Info(outcome).http_status].insert(outcome);
    }
  }
  by_status[200];  // what is never refused
  for (const auto& [status, outcomes] : by_status) {
    ordered_json response = {{"description", status == 200 ? "Answered" : "Refused"}};
    ordered_json list = ordered_json::array();
    std::vector<std::string> words;
    for (const Outcome outcome : outcomes) {
      const OutcomeInfo& info = Info(outcome);
      list.push_back({{"code", info.code}, {"name", info.name}, {"message", info.message}});
      words.push_back(absl::StrCat(info.code, " ", std::string(info.message)));
    }
    if (!words.empty()) {
      response["description"] = absl::StrJoin(words, "; ");
      response["x-outcomes"] = list;
    }
    if (route.has_tag && status == 200) {
      response["headers"] = {{"ETag", TextHeader("Of the figures")},
                             {"Cache-Control", TextHeader("For how long they may be kept")}};
    }
    response["content"] = Content(route);
    responses[absl::StrCat(status)] = response;
  }
  if (route.has_tag) responses["304"] = {{"description", "Nothing has changed"}};
}

void Document::AddErrors(const HttpRoute& route, ordered_json& responses) const {
  const ordered_json error = ordered_json::object({{"$ref", "#/components/schemas/Error"}});
  for (const ErrorCase& one : kErrorCases) {
    if (one.of_changes_only && !IsChange(route)) continue;
    const std::string status = absl::StrCat(one.status);
    if (responses.contains(status)) {
      ordered_json& response = responses[status];
      response["description"] =
          absl::StrCat(response["description"].get<std::string>(), ". Or: ", one.when);
      ordered_json& schema = response["content"]["application/json"]["schema"];
      schema = ordered_json::object({{"anyOf", ordered_json::array({schema, error})}});
      continue;
    }
    ordered_json response = {{"description", one.when}};
    if (one.status == 429 || one.status == 503) {
      response["headers"] = {{"Retry-After", TextHeader("Seconds")}};
    }
    response["content"]["application/json"]["schema"] = error;
    responses[status] = response;
  }
  responses["default"] = {{"description", "No answer"}};
  responses["default"]["content"]["application/json"]["schema"] = error;
}

ordered_json Document::Responses(const HttpRoute& route) {
  ordered_json responses = ordered_json::object();
  AddOutcomes(route, responses);
  AddErrors(route, responses);
  return responses;
}

ordered_json Document::Operation(const HttpRoute& route) {
  ordered_json operation = {{"operationId", OperationId(route)}, {"summary", route.summary}};
  operation["parameters"] = Parameters(route);
  for (const HttpRouteCall& call : route.calls) {
    if (call.form.body == RequestForm::Body::kNone) continue;
    operation["requestBody"]["required"] = call.form.body == RequestForm::Body::kRequired;
    operation["requestBody"]["content"]["application/json"]["schema"] =
        schemas_.RequestRef(*call.request);
  }
  operation["responses"] = Responses(route);
  if (route.needed == Role::kAnyone) {
    operation["security"] = ordered_json::array();
  } else {
    operation["x-role"] = RoleName(route.needed);
  }
  return operation;
}

std::string Document::Make(const std::vector<HttpRoute>& routes) {
  ordered_json paths = ordered_json::object();
  for (const HttpRoute& route : routes) {
    if (route.summary.empty()) continue;
    paths[route.path][route.method == "GET" ? "get" : "post"] = Operation(route);
  }
  ordered_json document = {{"openapi", "3.0.3"}};
  document["info"] = {
      {"title", "inventory-service"},
      {"version", "v1"},
      {"description",
       "Stock, sales and reservations of books. An answer's code is 0 where it was "
       "done, now or before, and says why not else; an error says nothing about "
       "stock. A call may be repeated with the same ids: it has no second effect."},
      {"license", {{"name", "MIT"}, {"url", "https://opensource.org/license/mit"}}}};
  document["servers"] = ordered_json::array({{{"url", "/"}}});
  document["paths"] = paths;
  // A token, or none where the service has none.
  document["security"] = ordered_json::array(
      {ordered_json::object({{"token", ordered_json::array()}}), ordered_json::object()});
  document["components"]["securitySchemes"]["token"] = {
      {"type", "http"}, {"scheme", "bearer"}, {"description", "x-role is what it must give"}};
  document["components"]["schemas"]["Error"] = ErrorSchema();
  for (const auto& [name, schema] : schemas_.all()) {
    document["components"]["schemas"][name] = schema;
  }
  return document.dump();
}

}  // namespace

std::string OpenApiDocument(const std::vector<HttpRoute>& routes) {
  return Document().Make(routes);
}

}  // namespace inventory
