// A connection that has become a stream of events: stock changes as server-sent events, until the
// caller hangs up.
#pragma once

#include <cstdint>
#include <memory>

#include "http/caller_stream.h"
#include "http/http_connection.h"
#include "http/http_message.h"

namespace inventory {

// Begins with `first`, an answer that has a stream and the first event's data as its body. While an
// event is being written the stream is not asked for the next one, so a slow reader costs one
// message here, and what the hub conflates for it. It is cut off when a message is not taken within
// HttpLimits::write. Draining ends it: there is no end of its own to wait for. So does a list of
// tokens of another edition than the one by which the caller was let in, before anything more is
// told.
std::shared_ptr<HttpConnection> MakeEventStream(CallerStream caller, const HttpAnswer& first,
                                                std::uint64_t edition, const HttpShared& shared);

}  // namespace inventory
