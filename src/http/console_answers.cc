#include "http/console_answers.h"

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "console/console_files.h"
#include "http/entity_tag.h"
#include "http/http_answers.h"

namespace inventory {
namespace {

// Nothing from elsewhere, nothing inline, no form that goes anywhere, in nobody's frame.
constexpr char kPolicy[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const char* TypeOf(absl::string_view name) {
  if (absl::EndsWith(name, ".js")) return "text/javascript; charset=utf-8";
  if (absl::EndsWith(name, ".css")) return "text/css; charset=utf-8";
  if (absl::EndsWith(name, ".svg")) return "image/svg+xml";
  return "text/plain; charset=utf-8";
}

HttpAnswer FileAnswer(const HttpRequest& request, std::string_view text, const char* type,
                      const char* caching) {
  const std::string tag = absl::StrCat("\"", ConsoleVersion(), "\"");
  HttpAnswer answer;
  answer.fields = {{"Content-Type", type},
                   {"Cache-Control", caching},
                   {"ETag", tag},
                   {"Content-Security-Policy", kPolicy},
                   {"Referrer-Policy", "no-referrer"}};
  const std::string* known = request.Field("if-none-match");
  if (known && NamesTag(*known, tag)) {
    answer.status = 304;
  } else {
    answer.body = std::string(text);
  }
  return answer;
}

}  // namespace

HttpAnswer ConsolePageAnswer(const HttpRequest& request) {
  return FileAnswer(request, ConsolePage(), "text/html; charset=utf-8", "no-cache");
}

HttpAnswer ConsoleFileAnswer(const HttpRequest& request, std::string_view path) {
  const std::size_t slash = path.find('/');
  const ConsoleFile* file = nullptr;
  if (path.substr(0, slash) == ConsoleVersion() && slash != path.npos) {
    file = FindConsoleFile(path.substr(slash + 1));
  }
  if (!file) {
    return FaultAnswer(absl::NotFoundError(
        "no such file of the console, or of another version: load the page again"));
  }
  return FileAnswer(request, file->text, TypeOf({file->name.data(), file->name.size()}),
                    "public, max-age=31536000, immutable");
}

}  // namespace inventory
