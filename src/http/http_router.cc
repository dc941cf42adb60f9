#include "http/http_router.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "http/console_answers.h"
#include "http/http_answers.h"
#include "http/http_routes.h"
#include "http/http_target.h"
#include "http/openapi_document.h"
#include "http/request_checks.h"

namespace inventory {
namespace {

// Longer targets are no requests of ours: 1,000 ids of seven digits would be 8,000, 200 of the
// longest fit.
constexpr std::size_t kMaxTargetBytes = 4'096;
constexpr char kMetricsType[] = "text/plain; version=0.0.4; charset=utf-8";

// What the path `/stock/{book_id}/logs` has in the place of {book_id}, if it fits; {path} is all
// the rest.
bool Fits(const std::vector<std::string>& parts, const std::vector<std::string>& path,
          std::string& id) {
  const bool takes_rest = parts.back() == "{path}";
  if (takes_rest ? path.size() < parts.size() : path.size() != parts.size()) return false;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (parts[i] == "{path}") {
      id = absl::StrJoin(path.begin() + static_cast<std::ptrdiff_t>(i), path.end(), "/");
    } else if (absl::StartsWith(parts[i], "{")) {
      id = path[i];
    } else if (parts[i] != path[i]) {
      return false;
    }
  }
  return true;
}

// Addresses end up in logs and histories.
bool HasToken(const HttpTarget& target) {
  return std::any_of(target.query.begin(), target.query.end(), [](const auto& parameter) {
    return parameter.first == "token" || parameter.first == "access_token";
  });
}

HttpAnswer NotAdmitted(const absl::Status& why) {
  HttpAnswer answer = FaultAnswer(why);
  if (answer.status == 401) {
    answer.fields.emplace_back("WWW-Authenticate", "Bearer realm=\"inventory-service\"");
  }
  return answer;
}

HttpAnswer MethodRefused(const std::set<std::string>& allowed) {
  const std::string list = absl::StrJoin(allowed, ", ");
  HttpAnswer answer = ErrorAnswer(
      405, absl::UnimplementedError(absl::StrCat("this path takes ", list, " and no other")));
  answer.fields.emplace_back("Allow", list);
  return answer;
}

}  // namespace

HttpRouter::HttpRouter(InventoryApi& api, Access& access, std::chrono::milliseconds call_limit,
                       std::function<std::string()> metrics)
    : access_(access), call_limit_(call_limit) {
  AddHealth();
  if (metrics) AddMetrics(std::move(metrics));
  AddConsole();
  for (HttpRoute& route : ApiRoutes(api)) routes_.push_back(std::move(route));
  AddDocument();
  for (const HttpRoute& route : routes_) {
    patterns_.push_back(absl::StrSplit(route.path.substr(1), '/'));
  }
}

void HttpRouter::AddHealth() {
  const HttpAnswer alive{200, "{\"status\":\"SERVING\"}", {}};
  HttpRoute health{"GET", "/healthz", Role::kAnyone,
                   [alive](const RoutedRequest&, const CallContext&, HttpRespond respond) {
                     RespondNow(alive, respond);
                   }};
  health.summary = "The process answers";
  routes_.push_back(std::move(health));
  HttpRoute ready{"GET", "/readyz", Role::kAnyone,
                  [this, alive](const RoutedRequest&, const CallContext&, HttpRespond respond) {
                    if (serving_) return RespondNow(alive, respond);
                    RespondNow(FaultAnswer(absl::UnavailableError(
                                   "the service is starting, stopping or waits for its store")),
                               respond);
                  }};
  ready.summary = "The store serves";
  routes_.push_back(std::move(ready));
}

void HttpRouter::AddMetrics(std::function<std::string()> metrics) {
  HttpRoute route{"GET", "/metrics", Role::kViewer,
                  [metrics = std::move(metrics)](const RoutedRequest&, const CallContext&,
                                                 HttpRespond respond) {
                    RespondNow({200, metrics(), {{"Content-Type", kMetricsType}}}, respond);
                  }};
  route.summary = "What is measured, for Prometheus";
  route.content_type = kMetricsType;
  routes_.push_back(std::move(route));
}

void HttpRouter::AddConsole() {
  routes_.push_back({"GET", "/", Role::kAnyone,
                     [](const RoutedRequest& routed, const CallContext&, HttpRespond respond) {
                       RespondNow(ConsolePageAnswer(routed.request), respond);
                     }});
  routes_.push_back({"GET", "/console/{path}", Role::kAnyone,
                     [](const RoutedRequest& routed, const CallContext&, HttpRespond respond) {
                       RespondNow(ConsoleFileAnswer(routed.request, routed.id), respond);
                     }});
}

// The last of the rows, and in the document itself.
void HttpRouter::AddDocument() {
  HttpRoute route{"GET", "/openapi.json", Role::kViewer,
                  [this](const RoutedRequest&, const CallContext&, HttpRespond respond) {
                    RespondNow({200, document_, {}}, respond);
                  }};
  route.summary = "This document";
  routes_.push_back(std::move(route));
  document_ = OpenApiDocument(routes_);
}

absl::StatusOr<Access::Actor> HttpRouter::Admit(const HttpRoute& route,
                                                const HttpRequest& request) const {
  if (access_.open()) return Access::Actor();
  std::optional<std::string_view> authorization;
  if (request.fields.count("authorization") == 1) authorization = *request.Field("authorization");
  const std::string call = absl::StrCat(route.method, " ", route.path);
  return access_.Admit(route.needed, authorization, {call, [&request] { return request.peer; }});
}

void HttpRouter::Answer(const HttpRequest& request, HttpRespond respond) const {
  if (request.target.size() > kMaxTargetBytes) {
    return RespondNow(ErrorAnswer(414, absl::InvalidArgumentError(
                                           absl::StrCat("the URL is longer than ", kMaxTargetBytes,
                                                        " bytes; ask in several requests"))),
                      respond);
  }
  const auto peer = [&request] { return request.peer; };
  const AccessAttempt attempt{request.method, peer};
  if (const absl::Status host = CheckHost(request, /*any_name=*/!access_.open()); !host.ok()) {
    access_.NoteForeignPage(attempt);
    const int status = absl::IsPermissionDenied(host) ? 421 : 400;  // "misdirected request"
    return RespondNow(ErrorAnswer(status, host), respond);
  }
  const absl::StatusOr<HttpTarget> target = ParseHttpTarget(request.target);
  if (!target.ok()) return RespondNow(FaultAnswer(target.status()), respond);
  if (HasToken(*target)) {
    access_.NoteTokenInUrl(attempt);
    return RespondNow(FaultAnswer(absl::InvalidArgumentError(
                          "a token has no place in a URL, which logs keep: make a new one and send "
                          "it as Authorization: Bearer TOKEN")),
                      respond);
  }

  // HEAD is GET whose body stays here.
  const std::string method = request.method == "HEAD" ? "GET" : request.method;
  std::set<std::string> allowed;
  RoutedRequest routed{request, "", target->query};
  const HttpRoute* found = nullptr;
  for (std::size_t i = 0; i < routes_.size(); ++i) {
    if (!Fits(patterns_[i], target->path, routed.id)) continue;
    const HttpRoute& route = routes_[i];
    allowed.insert(route.method);
    if (route.method == "GET") allowed.insert("HEAD");
    if (route.method == method) found = &route;
  }
  if (allowed.empty()) {
    return RespondNow(FaultAnswer(absl::NotFoundError("no such path; docs/http.md lists them")),
                      respond);
  }
  if (!found) return RespondNow(MethodRefused(allowed), respond);
  if (const absl::Status origin = CheckOrigin(request); !origin.ok()) {
    access_.NoteForeignPage(attempt);
    return RespondNow(FaultAnswer(origin), respond);
  }
  absl::StatusOr<Access::Actor> actor = Admit(*found, request);
  if (!actor.ok()) return RespondNow(NotAdmitted(actor.status()), respond);
  if (method == "POST") {
    if (const absl::Status type = CheckContentType(request); !type.ok()) {
      return RespondNow(ErrorAnswer(415, type), respond);
    }
  }
  CallContext context;
  context.deadline = std::chrono::steady_clock::now() + call_limit_;
  context.actor = *std::move(actor);
  found->handler(routed, context, std::move(respond));
}

}  // namespace inventory
