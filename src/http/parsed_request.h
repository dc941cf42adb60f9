// Bytes -> HttpRequest, by Boost.Beast's parser.
#pragma once

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "http/http_limits.h"
#include "http/http_message.h"

namespace inventory {

using HttpRequestParser = boost::beast::http::request_parser<boost::beast::http::string_body>;

// Before the first byte.
void SetLimits(const HttpLimits& limits, HttpRequestParser& parser);

// Of a parser that is done, or has the header at least.
HttpRequest ToHttpRequest(const HttpRequestParser& parser);

// Whether the header has a transfer coding that the parser passes over: what follows would be taken
// for a request of its own, perhaps one that a proxy before us has not seen.
bool HasUnknownCoding(const HttpRequestParser& parser);

// What to tell the caller whose bytes the parser refused.
HttpAnswer ParseErrorAnswer(const boost::system::error_code& error, const HttpLimits& limits);

}  // namespace inventory
