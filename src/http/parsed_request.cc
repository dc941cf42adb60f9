#include "http/parsed_request.h"

#include <boost/beast/http/error.hpp>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "http/http_answers.h"

namespace inventory {
namespace {

namespace http = boost::beast::http;

std::string ToString(boost::beast::string_view text) { return {text.data(), text.size()}; }

}  // namespace

void SetLimits(const HttpLimits& limits, HttpRequestParser& parser) {
  parser.header_limit(limits.header_bytes);
  parser.body_limit(limits.body_bytes);
}

HttpRequest ToHttpRequest(const HttpRequestParser& parser) {
  HttpRequest request;
  request.method = ToString(parser.get().method_string());
  request.target = ToString(parser.get().target());
  for (const auto& field : parser.get().base()) {
    request.fields.emplace(absl::AsciiStrToLower(ToString(field.name_string())),
                           ToString(field.value()));
  }
  request.body = parser.get().body();
  return request;
}

bool HasUnknownCoding(const HttpRequestParser& parser) {
  return !parser.chunked() && parser.get().count(http::field::transfer_encoding) > 0;
}

HttpAnswer ParseErrorAnswer(const boost::system::error_code& error, const HttpLimits& limits) {
  if (error == http::error::header_limit) {
    return ErrorAnswer(
        431, absl::InvalidArgumentError(absl::StrCat("the URL and header are longer than ",
                                                     limits.header_bytes, " bytes")));
  }
  if (error == http::error::body_limit) {
    return ErrorAnswer(
        413, absl::InvalidArgumentError(absl::StrCat("the body is longer than ", limits.body_bytes,
                                                     " bytes; send it in several requests")));
  }
  return ErrorAnswer(
      400, absl::InvalidArgumentError(absl::StrCat("this is no HTTP/1.1: ", error.message())));
}

}  // namespace inventory
