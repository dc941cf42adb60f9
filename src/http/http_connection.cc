#include "http/http_connection.h"

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "http/event_stream.h"
#include "http/http_answers.h"
#include "http/http_response.h"
#include "http/parsed_request.h"
#include "http/stage_timer.h"

namespace inventory {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;
using std::chrono::milliseconds;

constexpr std::size_t kFirstRead = 4'096;
// Of bytes that were read and are not parsed yet: an endless line ends here.
constexpr std::size_t kBufferBytes = 64 * 1'024;
// A caller that is refused in the middle of its request may still be writing it. Closing at once
// would reset the connection, and it would never read why; so this much and this long is read.
constexpr std::uint64_t kDiscardBytes = 4 * 1'024 * 1'024;
constexpr milliseconds kDiscardTime{2'000};

std::string PeerOf(const asio::ip::tcp::socket& socket) {
  error_code error;
  const asio::ip::tcp::endpoint peer = socket.remote_endpoint(error);
  return error ? "" : absl::StrCat(peer.address().to_string(), ":", peer.port());
}

class CallerConnection final : public HttpConnection,
                               public std::enable_shared_from_this<CallerConnection> {
 public:
  CallerConnection(CallerStream caller, const HttpShared& shared, bool is_refused)
      : shared_(shared),
        caller_(std::move(caller)),
        peer_(PeerOf(caller_.socket())),
        timer_(caller_.get_executor()),
        unread_(is_refused) {}

  void Start() override {
    if (!caller_.is_tls()) return Begin();
    Enter(Stage::kHandshake, shared_.limits.header);
    caller_.async_handshake([self = shared_from_this()](error_code error) {
      if (self->stage_ == Stage::kEnded) return;
      if (error) return self->End();
      self->Begin();
    });
  }

  void Drain() override {
    const bool has_begun =
        stage_ == Stage::kRead || stage_ == Stage::kCall || stage_ == Stage::kWrite;
    if (!has_begun) return End();
    keep_alive_ = false;
  }

  void Abort() override { End(); }

 private:
  enum class Stage { kHandshake, kIdle, kRead, kCall, kWrite, kDiscard, kEnded };

  void Begin() {
    if (!unread_) return AwaitRequest();
    Send(FaultAnswer(absl::UnavailableError("too many connections; nothing was done")), false);
  }

  // Until a request begins. The bytes of one that came with the last one are here already.
  void AwaitRequest() {
    if (shared_.owner.draining()) return End();
    is_head_ = false;
    parser_.emplace();
    SetLimits(shared_.limits, *parser_);
    if (buffer_.size() > 0) return ReadHeader();
    Enter(Stage::kIdle, shared_.limits.idle);
    caller_.async_read_some(buffer_.prepare(kFirstRead),
                            [self = shared_from_this()](error_code error, std::size_t size) {
                              if (self->stage_ == Stage::kEnded) return;
                              if (error) return self->End();
                              self->buffer_.commit(size);
                              self->ReadHeader();
                            });
  }

  void ReadHeader() {
    Enter(Stage::kRead, shared_.limits.header);
    http::async_read_header(caller_, buffer_, *parser_,
                            [self = shared_from_this()](error_code error, std::size_t) {
                              if (self->stage_ == Stage::kEnded) return;
                              if (error) return self->OnReadError(error);
                              self->OnHeader();
                            });
  }

  void OnHeader() {
    if (HasUnknownCoding(*parser_)) {
      unread_ = true;
      return Send(ErrorAnswer(400, absl::InvalidArgumentError(
                                       "of transfer codings only chunked is known here")),
                  false);
    }
    if (parser_->is_done()) return Call();
    Enter(Stage::kRead, shared_.limits.body);
    const auto expect = parser_->get()[http::field::expect];
    if (!absl::EqualsIgnoreCase({expect.data(), expect.size()}, "100-continue")) return ReadBody();
    constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    asio::async_write(caller_, asio::buffer(kContinue.data(), kContinue.size()),
                      [self = shared_from_this()](error_code error, std::size_t) {
                        if (self->stage_ == Stage::kEnded) return;
                        if (error) return self->End();
                        self->ReadBody();
                      });
  }

  void ReadBody() {
    http::async_read(caller_, buffer_, *parser_,
                     [self = shared_from_this()](error_code error, std::size_t) {
                       if (self->stage_ == Stage::kEnded) return;
                       if (error) return self->OnReadError(error);
                       self->Call();
                     });
  }

  void OnReadError(error_code error) {
    unread_ = true;
    if (timed_out_) {
      return Send(ErrorAnswer(408, absl::DeadlineExceededError(
                                       "the request took too long to arrive; nothing was done")),
                  false);
    }
    // The caller has gone, at an end of a request or in the middle of one.
    const bool is_gone =
        error == http::error::end_of_stream || error == http::error::partial_message;
    if (is_gone || error.category() != make_error_code(http::error::bad_method).category()) {
      return End();
    }
    Send(ParseErrorAnswer(error, shared_.limits), false);
  }

  void Call() {
    // An HTTP/1.0 caller would have to be told that the connection stays: it ends, as it expects.
    keep_alive_ = parser_->get().version() >= 11 && parser_->keep_alive();
    HttpRequest request = ToHttpRequest(*parser_);
    request.peer = peer_;
    is_head_ = request.method == "HEAD";
    if (shared_.owner.draining()) {
      return Send(FaultAnswer(absl::UnavailableError(
                      "the service is stopping and nothing was done; retry on another instance, or "
                      "here after the restart")),
                  false);
    }
    Enter(Stage::kCall, shared_.limits.answer);
    edition_ = shared_.access.edition();
    shared_.router.Answer(request, [gate = shared_.gate, weak = weak_from_this(),
                                    call = ++calls_](DeferredHttpAnswer answer) {
      gate->Post([weak, call, answer = std::move(answer)] {
        if (const auto self = weak.lock()) self->OnAnswer(call, answer);
      });
    });
  }

  void OnAnswer(std::uint64_t call, const DeferredHttpAnswer& answer) {
    if (stage_ != Stage::kCall || call != calls_) return;  // it came too late
    const HttpAnswer made = answer();
    if (made.stream && !is_head_) return BecomeStream(made);
    Send(made, keep_alive_);
  }

  // What this class has for reading requests is let go: there may be thousands of streams.
  void BecomeStream(const HttpAnswer& first) {
    if (shared_.owner.draining()) return End();
    stage_ = Stage::kEnded;
    timer_.Cancel();
    shared_.owner.Became(*this, MakeEventStream(std::move(caller_), first, edition_, shared_));
  }

  void Send(const HttpAnswer& answer, bool keep_alive) {
    keep_alive_ = keep_alive;
    Enter(Stage::kWrite, shared_.limits.write);
    response_ = MakeHttpResponse(answer, keep_alive, !is_head_);
    http::async_write(caller_, *response_,
                      [self = shared_from_this()](error_code error, std::size_t) {
                        if (self->stage_ == Stage::kEnded) return;
                        if (error) return self->End();
                        self->OnWritten();
                      });
  }

  void OnWritten() {
    if (keep_alive_) return AwaitRequest();
    if (!unread_ || shared_.owner.draining()) return End();
    error_code ignored;
    caller_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
    Enter(Stage::kDiscard, kDiscardTime);
    Discard();
  }

  void Discard() {
    caller_.async_read_some(asio::buffer(waste_),
                            [self = shared_from_this()](error_code error, std::size_t size) {
                              if (self->stage_ == Stage::kEnded) return;
                              self->discarded_ += size;
                              if (error || self->discarded_ > kDiscardBytes) return self->End();
                              self->Discard();
                            });
  }

  // Each stage has an end, set once: a caller that sends a byte now and then gains nothing by it.
  void Enter(Stage stage, milliseconds limit) {
    stage_ = stage;
    timed_out_ = false;
    timer_.Set(limit, [self = shared_from_this()] { self->OnTimer(); });
  }

  void OnTimer() {
    if (stage_ == Stage::kCall) {
      return Send(ErrorAnswer(504, absl::DeadlineExceededError(
                                       "no answer in time and the outcome is unknown; ask again "
                                       "with the same ids")),
                  false);
    }
    if (stage_ != Stage::kRead) return End();
    timed_out_ = true;
    error_code ignored;
    caller_.socket().cancel(ignored);
  }

  void End() {
    if (stage_ == Stage::kEnded) return;
    stage_ = Stage::kEnded;
    timer_.Cancel();
    error_code ignored;
    caller_.socket().close(ignored);
    shared_.owner.Ended(*this);
  }

  const HttpShared& shared_;
  CallerStream caller_;
  const std::string peer_;  // "127.0.0.1:4242"
  StageTimer timer_;
  boost::beast::flat_buffer buffer_{kBufferBytes};
  std::optional<HttpRequestParser> parser_;
  std::optional<HttpResponse> response_;
  Stage stage_ = Stage::kIdle;
  bool timed_out_ = false;
  bool keep_alive_ = true;
  bool is_head_ = false;
  bool unread_;  // there may be more of the request than was read
  std::uint64_t calls_ = 0;
  std::uint64_t edition_ = 0;  // of the access list, at the last call
  std::uint64_t discarded_ = 0;
  std::array<char, kFirstRead> waste_;
};

}  // namespace

std::shared_ptr<HttpConnection> MakeHttpConnection(CallerStream caller, const HttpShared& shared,
                                                   bool is_refused) {
  return std::make_shared<CallerConnection>(std::move(caller), shared, is_refused);
}

}  // namespace inventory
