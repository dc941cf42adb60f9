// The console's page and files as answers. They are the same for everybody and hold no figures, so
// they need no token.
#pragma once

#include <string_view>

#include "http/http_message.h"

namespace inventory {

// What `/` is answered with: checked anew each time, so that an upgrade is seen at once.
HttpAnswer ConsolePageAnswer(const HttpRequest& request);

// What /console/<path> is answered with; `path` is "<version>/views/stock.js". It may be kept for
// ever, as it never changes under its version. Another version's files are 404: half a console of
// each would be worse than none.
HttpAnswer ConsoleFileAnswer(const HttpRequest& request, std::string_view path);

}  // namespace inventory
