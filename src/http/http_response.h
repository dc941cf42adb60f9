// An answer as the bytes of HTTP/1.1.
#pragma once

#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <string>

#include "http/http_message.h"

namespace inventory {

using HttpResponse = boost::beast::http::response<boost::beast::http::string_body>;

// `has_body`: false for an answer to HEAD, which has all but the body.
HttpResponse MakeHttpResponse(const HttpAnswer& answer, bool keep_alive, bool has_body);

// What stands before a body that has no end known before.
std::string StreamHeader(const HttpAnswer& answer);

}  // namespace inventory
