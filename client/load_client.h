// A gRPC client that costs little: for load generators that share a machine with what they measure.
//
// Bytes in, bytes out, over one completion queue that the caller polls. Not safe for concurrent
// use: one thread starts calls and takes their completions. No call is sent twice: a caller that
// retries decides so itself.
#pragma once

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "client/channel_access.h"

namespace inventory {

class LoadClient {
 public:
  using Clock = std::chrono::steady_clock;

  struct Settings {
    // host:port; or several, separated by commas: instances that serve the same stock.
    std::string address = "127.0.0.1:9004";
    int channels = 1;  // connections to each address; calls take turns
    int slots = 64;    // calls in flight, at most
    ChannelAccess access;
  };

  struct Completion {
    std::uint64_t tag = 0;
    grpc::StatusCode status = grpc::StatusCode::OK;
    std::string_view error;     // the status' text. Valid until the next call of Next.
    std::string_view response;  // the message's bytes. Valid until the next call of Next.
  };

  // UNAVAILABLE when nothing answers within `patience`.
  static absl::StatusOr<std::unique_ptr<LoadClient>> Connect(
      const Settings& settings, std::chrono::milliseconds patience = std::chrono::seconds(5));

  // Cancels what is in flight.
  ~LoadClient();
  LoadClient(const LoadClient&) = delete;
  LoadClient& operator=(const LoadClient&) = delete;

  int in_flight() const { return static_cast<int>(slots_.size() - free_.size()); }
  bool full() const { return free_.empty(); }

  // Sends `request` to `method` ("/package.Service/Method"). Without a deadline the call may take
  // for ever. REQUIRES: !full().
  void Start(const std::string& method, std::string_view request,
             std::optional<Clock::time_point> deadline, std::uint64_t tag);

  // The next completion; nothing if there is none by `until`, which is kept to the millisecond.
  std::optional<Completion> Next(Clock::time_point until);

 private:
  // One call in flight. Everything a call needs is kept here and used again.
  struct Slot {
    std::optional<grpc::ClientContext> context;
    std::unique_ptr<grpc::ClientAsyncResponseReader<grpc::ByteBuffer>> reader;
    grpc::ByteBuffer response;
    grpc::Status status;
    std::uint64_t tag = 0;
  };

  explicit LoadClient(const Settings& settings);

  std::vector<std::shared_ptr<grpc::Channel>> channels_;
  std::vector<grpc::GenericStub> stubs_;
  std::size_t next_stub_ = 0;
  grpc::CompletionQueue queue_;
  std::vector<Slot> slots_;
  std::vector<Slot*> free_;

  // What the last completion's views look at.
  grpc::Slice last_response_;
  std::string last_error_;
};

}  // namespace inventory
