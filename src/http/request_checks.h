// What a request must be before anybody looks at what it asks: sent to this machine by its own
// name, by no foreign web page, and as JSON where it has content.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "http/http_message.h"

namespace inventory {

// The loopback names, with any port. A page whose own name was made to resolve to 127.0.0.1 (DNS
// rebinding) sends that name, and so is told from a caller.
absl::Status CheckHost(const HttpRequest& request);

// Browsers say which page a request comes from; only one that this very address served may ask.
absl::Status CheckOrigin(const HttpRequest& request);

// application/json, in UTF-8. A page may send a few other types without asking first, this one not.
absl::Status CheckContentType(const HttpRequest& request);

}  // namespace inventory
