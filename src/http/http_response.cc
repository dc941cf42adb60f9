#include "http/http_response.h"

#include <boost/beast/http/field.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/beast/http/write.hpp>
#include <sstream>

namespace inventory {

namespace http = boost::beast::http;

HttpResponse MakeHttpResponse(const HttpAnswer& answer, bool keep_alive, bool has_body) {
  HttpResponse response(static_cast<http::status>(answer.status), 11);
  response.set(http::field::content_type, "application/json");
  response.set("X-Content-Type-Options", "nosniff");
  response.set(http::field::cache_control, "no-store");
  for (const auto& [name, value] : answer.fields) response.set(name, value);
  response.keep_alive(keep_alive);
  if (answer.status != 304 && !answer.stream) response.content_length(answer.body.size());
  if (has_body) response.body() = answer.body;
  return response;
}

std::string StreamHeader(const HttpAnswer& answer) {
  std::ostringstream header;
  header << MakeHttpResponse(answer, /*keep_alive=*/false, /*has_body=*/false).base();
  return header.str();
}

}  // namespace inventory
