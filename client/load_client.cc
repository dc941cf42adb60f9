#include "client/load_client.h"

#include <grpc/support/time.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/channel.h"

namespace inventory {
namespace {

// std::chrono's steady clock is CLOCK_MONOTONIC, and so is gRPC's.
gpr_timespec ToTimespec(LoadClient::Clock::time_point time) {
  const auto nanos =
      std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
  gpr_timespec spec = gpr_time_from_nanos(nanos, GPR_TIMESPAN);
  spec.clock_type = GPR_CLOCK_MONOTONIC;
  return spec;
}

}  // namespace

LoadClient::LoadClient(const Settings& settings) : slots_(settings.slots) {
  for (int i = 0; i < settings.channels; ++i) {
    for (const absl::string_view address : absl::StrSplit(settings.address, ',')) {
      channels_.push_back(MakeChannel(std::string(address), settings.access));
      stubs_.emplace_back(channels_.back());
    }
  }
  free_.reserve(slots_.size());
  for (Slot& slot : slots_) free_.push_back(&slot);
}

absl::StatusOr<std::unique_ptr<LoadClient>> LoadClient::Connect(
    const Settings& settings, std::chrono::milliseconds patience) {
  auto client = std::unique_ptr<LoadClient>(new LoadClient(settings));
  const auto until = std::chrono::system_clock::now() + patience;
  for (const auto& channel : client->channels_) {
    if (!inventory::Connect(*channel, until).ok()) {
      return absl::UnavailableError(
          absl::StrCat("nothing answers at ", settings.address,
                       "; start inventory-service, or name another place with --address"));
    }
  }
  return client;
}

LoadClient::~LoadClient() {
  for (Slot& slot : slots_) {
    if (slot.context) slot.context->TryCancel();
  }
  queue_.Shutdown();
  void* tag = nullptr;
  bool ok = false;
  while (queue_.Next(&tag, &ok)) {
  }
  for (Slot& slot : slots_) slot.reader.reset();  // it lives in its context's call
}

void LoadClient::Start(const std::string& method, std::string_view request,
                       std::optional<Clock::time_point> deadline, std::uint64_t tag) {
  Slot* slot = free_.back();
  free_.pop_back();
  slot->tag = tag;
  slot->context.emplace();
  if (deadline) slot->context->set_deadline(ToTimespec(*deadline));
  grpc::Slice slice(request.data(), request.size());
  slot->reader = stubs_[next_stub_].PrepareUnaryCall(slot->context.operator->(), method,
                                                     grpc::ByteBuffer(&slice, 1), &queue_);
  if (++next_stub_ == stubs_.size()) next_stub_ = 0;
  slot->reader->StartCall();
  slot->reader->Finish(&slot->response, &slot->status, slot);
}

std::optional<LoadClient::Completion> LoadClient::Next(Clock::time_point until) {
  void* tag = nullptr;
  bool ok = false;
  if (queue_.AsyncNext(&tag, &ok, ToTimespec(until)) != grpc::CompletionQueue::GOT_EVENT) {
    return std::nullopt;
  }
  Slot* slot = static_cast<Slot*>(tag);
  Completion completion;
  completion.tag = slot->tag;
  completion.status = slot->status.error_code();
  if (slot->status.ok()) {
    if (!slot->response.TrySingleSlice(&last_response_).ok()) {
      slot->response.DumpToSingleSlice(&last_response_);
    }
    completion.response = {reinterpret_cast<const char*>(last_response_.begin()),
                           last_response_.size()};
  } else {
    last_error_ = slot->status.error_message();
    completion.error = last_error_;
  }
  slot->response.Clear();
  slot->reader.reset();
  slot->context.reset();
  free_.push_back(slot);
  return completion;
}

}  // namespace inventory
