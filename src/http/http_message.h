// A request and its answer as values: all that routing knows of HTTP.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"

namespace inventory {

class StockStream;

struct HttpRequest {
  std::string method;                                           // "GET"
  std::string target;                                           // as sent: "/stock/7?a=b"
  std::multimap<std::string, std::string, std::less<>> fields;  // names in lower case
  std::string body;
  std::string peer;  // "127.0.0.1:4242", for the log

  // The first field of this name; null: there is none.
  const std::string* Field(std::string_view name) const {
    const auto found = fields.find(name);
    return found == fields.end() ? nullptr : &found->second;
  }
};

struct HttpAnswer {
  int status = 200;
  std::string body;                                         // JSON; empty with 304 only
  std::vector<std::pair<std::string, std::string>> fields;  // besides those of every answer
  // Not null: the body is the first event's data, and further events follow.
  std::shared_ptr<StockStream> stream = nullptr;
};

// Makes the answer where there is time for it: the store's thread that knows it has better to do.
using DeferredHttpAnswer = std::function<HttpAnswer()>;

// Called exactly once, on any thread.
using HttpRespond = absl::AnyInvocable<void(DeferredHttpAnswer)>;

}  // namespace inventory
