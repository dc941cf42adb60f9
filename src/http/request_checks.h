// What a request must be before anybody looks at what it asks: sent by no foreign web page, and as
// JSON where it has content.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "http/http_message.h"

namespace inventory {

// The field Host is there once; and unless any name will do, it is localhost or a numeric address,
// with any port. A page whose own name was made to resolve to this machine (DNS rebinding) sends
// that name, and so is told from a caller. Where tokens are asked for such a page has none.
absl::Status CheckHost(const HttpRequest& request, bool any_name);

// Browsers say which page a request comes from; only one that this very address served may ask,
// over TLS (of a proxy before us perhaps) or not.
absl::Status CheckOrigin(const HttpRequest& request);

// application/json, in UTF-8. A page may send a few other types without asking first, this one not.
absl::Status CheckContentType(const HttpRequest& request);

}  // namespace inventory
