#include "http/event_stream.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "api/inventory_api.h"
#include "http/http_answers.h"
#include "http/http_response.h"
#include "http/json.h"
#include "http/stage_timer.h"

namespace inventory {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using std::chrono::milliseconds;

// When a browser that lost the stream asks again. Its answer begins with the state of every book.
constexpr char kRetry[] = "retry: 2000\n\n";
constexpr char kKeepAlive[] = ":\n\n";
// What the kernel holds for a reader that does not read: by default it would be megabytes.
constexpr int kSendBufferBytes = 32 * 1'024;

class EventStream final : public HttpConnection, public std::enable_shared_from_this<EventStream> {
 public:
  EventStream(CallerStream caller, const HttpAnswer& first, std::uint64_t edition,
              const HttpShared& shared)
      : shared_(shared),
        edition_(edition),
        caller_(std::move(caller)),
        timer_(caller_.get_executor()),
        stream_(first.stream),
        header_(absl::StrCat(StreamHeader(first), kRetry)),
        text_(NextEvent(first.body)) {}

  void Start() override {
    SetSocketOptions();
    AwaitHangUp();
    Write(std::exchange(text_, {}));
  }
  void Drain() override { End(); }
  void Abort() override { End(); }

 private:
  // What an update comes to, made on the loop's thread.
  using Deferred = std::function<std::string(EventStream&)>;

  // Neither has to work: without them a reader that takes nothing is only found out later.
  void SetSocketOptions() {
    error_code ignored;
    caller_.socket().set_option(asio::socket_base::send_buffer_size(kSendBufferBytes), ignored);
    // A reader that is gone without a word, or takes nothing, while the kernel has bytes for it.
    const auto patience = static_cast<unsigned>(shared_.limits.write.count());
    setsockopt(caller_.socket().native_handle(), IPPROTO_TCP, TCP_USER_TIMEOUT, &patience,
               sizeof patience);
  }

  // The caller has nothing to say any more: whatever comes is an end.
  void AwaitHangUp() {
    caller_.async_read_some(asio::buffer(unexpected_),
                            [self = shared_from_this()](error_code, std::size_t) { self->End(); });
  }

  std::string NextEvent(const std::string& json) {
    return absl::StrCat("id: ", ++events_, "\ndata: ", json, "\n\n");
  }
  std::string LastEvent(const absl::Status& fault) {
    is_last_ = true;
    return absl::StrCat("event: fault\ndata: ", FaultAnswer(fault).body, "\n\n");
  }

  void Ask() {
    asked_ = true;
    stream_->Next([gate = shared_.gate, weak = weak_from_this()](
                      const absl::Status& status, const v1::WatchStockResponse& response) {
      Deferred deferred;
      if (status.ok()) {
        deferred = [copy = std::make_shared<const v1::WatchStockResponse>(response)](
                       EventStream& self) { return self.NextEvent(WriteJson(*copy)); };
      } else {
        deferred = [status](EventStream& self) { return self.LastEvent(status); };
      }
      gate->Post([weak, deferred = std::move(deferred)]() mutable {
        if (const auto self = weak.lock()) self->OnUpdate(std::move(deferred));
      });
    });
  }

  void OnUpdate(Deferred deferred) {
    if (ended_) return;
    asked_ = false;
    if (writing_) {  // a sign of life; at most one, as the next update is asked for after this one
      held_ = std::move(deferred);
    } else {
      Write(deferred(*this));
    }
  }

  // Writes this, or what ends the stream where the caller may not be told more.
  void Write(const std::string& text) {
    const bool may_be_told = shared_.access.edition() == edition_;
    text_ = absl::StrCat(std::exchange(header_, {}),
                         may_be_told ? text : LastEvent(Access::TokensHaveChanged()));
    writing_ = true;
    SetTimer(shared_.limits.write);
    asio::async_write(caller_, asio::buffer(text_),
                      [self = shared_from_this()](error_code error, std::size_t) {
                        if (self->ended_) return;
                        if (error) return self->End();
                        self->OnWritten();
                      });
  }

  void OnWritten() {
    writing_ = false;
    text_ = {};
    if (is_last_) return End();
    if (held_) return Write(std::exchange(held_, nullptr)(*this));
    SetTimer(shared_.limits.sign_of_life);
    if (!asked_) Ask();
  }

  void SetTimer(milliseconds limit) {
    timer_.Set(limit, [self = shared_from_this()] { self->OnTimer(); });
  }

  void OnTimer() {
    if (writing_) return End();
    Write(kKeepAlive);
  }

  void End() {
    if (ended_) return;
    ended_ = true;
    stream_.reset();
    held_ = nullptr;
    timer_.Cancel();
    error_code ignored;
    caller_.socket().close(ignored);
    shared_.owner.Ended(*this);
  }

  const HttpShared& shared_;
  const std::uint64_t edition_;  // of the access list
  CallerStream caller_;
  StageTimer timer_;
  std::shared_ptr<StockStream> stream_;
  std::uint64_t events_ = 0;
  std::string header_;  // is written before the first event
  std::string text_;    // what is being written
  Deferred held_;       // comes after it
  bool writing_ = false;
  bool asked_ = false;
  bool is_last_ = false;
  bool ended_ = false;
  std::array<char, 1> unexpected_;
};

}  // namespace

std::shared_ptr<HttpConnection> MakeEventStream(CallerStream caller, const HttpAnswer& first,
                                                std::uint64_t edition, const HttpShared& shared) {
  return std::make_shared<EventStream>(std::move(caller), first, edition, shared);
}

}  // namespace inventory
