// A connection that has become a stream of events: stock changes as server-sent events, until the
// caller hangs up.
#pragma once

#include <memory>

#include "http/caller_stream.h"
#include "http/http_connection.h"
#include "http/http_message.h"

namespace inventory {

// Begins with `first`, an answer that has a stream and the first event's data as its body. While an
// event is being written the stream is not asked for the next one, so a slow reader costs one
// message here, and what the hub conflates for it. It is cut off when a message is not taken within
// HttpLimits::write. Draining ends it: there is no end of its own to wait for.
std::shared_ptr<HttpConnection> MakeEventStream(CallerStream caller, const HttpAnswer& first,
                                                const HttpShared& shared);

}  // namespace inventory
