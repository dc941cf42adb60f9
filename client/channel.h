// How a client reaches the service.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "client/channel_access.h"

namespace grpc {
class Channel;
}

namespace inventory {

// A connection of its own to `target` ("host:port"), over TLS where `access` names whom to trust,
// each call with its token; made when it is first used and made again by
// itself after a loss. gRPC resends nothing on it by itself, takes no service config from the name
// service and goes through no proxy: what is sent twice is decided in inventory_client.h alone.
std::shared_ptr<grpc::Channel> MakeChannel(const std::string& target,
                                           const ChannelAccess& access = {});

// Waits until the channel is connected. UNAVAILABLE when an attempt to connect failed,
// DEADLINE_EXCEEDED when there was no time left; both say that nothing was sent.
absl::Status Connect(grpc::Channel& channel, std::chrono::system_clock::time_point deadline);

}  // namespace inventory
