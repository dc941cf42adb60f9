// The gateway over TLS.
#include <gmock/gmock.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <memory>
#include <string>

#include "access/tls_folder_testing.h"
#include "base/status_matchers.h"
#include "http/http_client_testing.h"
#include "http/http_parts_testing.h"
#include "http/http_server.h"

namespace inventory {
namespace {

namespace asio = boost::asio;
using testing::HasSubstr;

// A caller that trusts one certificate.
class TlsClient {
 public:
  TlsClient(int port, const std::string& trusted) {
    context_.add_certificate_authority(asio::buffer(trusted));
    stream_.set_verify_mode(asio::ssl::verify_peer);
    stream_.set_verify_callback(asio::ssl::host_name_verification("127.0.0.1"));
    const timeval patience{20, 0};
    stream_.next_layer().connect(
        {asio::ip::address_v4::loopback(), static_cast<std::uint16_t>(port)}, error_);
    setsockopt(stream_.next_layer().native_handle(), SOL_SOCKET, SO_RCVTIMEO, &patience,
               sizeof patience);
    if (!error_) stream_.handshake(asio::ssl::stream_base::client, error_);
  }

  bool connected() const { return !error_; }

  void Send(const std::string& request) { asio::write(stream_, asio::buffer(request), error_); }
  // All bytes until `end` is among them; what came where the connection ends first.
  std::string ReadUntil(const std::string& end) {
    std::string text;
    char more[4'096];
    while (text.find(end) == text.npos) {
      const std::size_t size = stream_.read_some(asio::buffer(more), error_);
      if (error_) break;
      text.append(more, size);
    }
    return text;
  }
  std::string AskHealth() {
    Send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
    return ReadUntil("SERVING\"}");
  }

 private:
  asio::io_context loop_;
  asio::ssl::context context_{asio::ssl::context::tls_client};
  boost::system::error_code error_;
  asio::ssl::stream<asio::ip::tcp::socket> stream_{loop_, context_};
};

class HttpTlsTest : public testing::Test, protected HttpParts {
 protected:
  void Start(const HttpLimits& limits = {}) {
    ASSERT_OK(files.Load());
    auto started = HttpServer::Start(api, access, {.limits = limits, .tls = &files});
    ASSERT_OK(started);
    server = *std::move(started);
  }

  TlsFolder folder;
  TlsFiles files{folder.certificate(), folder.key()};
  std::unique_ptr<HttpServer> server;
};

TEST_F(HttpTlsTest, RequestsAreServedOneAfterTheOther) {
  Start();
  TlsClient client(server->port(), folder.pair.certificate);
  ASSERT_TRUE(client.connected());
  EXPECT_THAT(client.AskHealth(), HasSubstr("200 OK"));
  EXPECT_THAT(client.AskHealth(), HasSubstr("200 OK"));
  const std::string body = R"({"book_id":1,"quantity":5,"remark":")" + std::string(200, 'x') +
                           "\"}" + std::string(100'000, ' ');
  client.Send("POST /restock HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" +
              ("Content-Length: " + std::to_string(body.size())) + "\r\n\r\n" + body);
  EXPECT_THAT(client.ReadUntil("}"), HasSubstr(R"("current_stock":5)"));
}

TEST_F(HttpTlsTest, StockIsStreamed) {
  Start();
  TlsClient client(server->port(), folder.pair.certificate);
  client.Send("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_THAT(client.ReadUntil("\n\n"), HasSubstr("snapshot_done"));
}

TEST_F(HttpTlsTest, WithoutTlsNothingIsServed) {
  Start();
  RawHttpClient client(server->port());
  client.Send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(client.Read().status, 0);
}

TEST_F(HttpTlsTest, AHandshakeThatDoesNotComeIsNotWaitedFor) {
  HttpLimits limits;
  limits.header = std::chrono::milliseconds(30);
  Start(limits);
  EXPECT_TRUE(RawHttpClient(server->port()).IsAtEnd());
}

TEST_F(HttpTlsTest, ANewPairIsShownToNewConnectionsAndOldOnesGoOn) {
  Start();
  const std::string before = folder.pair.certificate;
  TlsClient old(server->port(), before);
  EXPECT_THAT(old.AskHealth(), HasSubstr("200 OK"));
  folder.Replace(files);
  EXPECT_TRUE(TlsClient(server->port(), folder.pair.certificate).connected());
  EXPECT_FALSE(TlsClient(server->port(), before).connected());
  EXPECT_THAT(old.AskHealth(), HasSubstr("200 OK"));
}

TEST_F(HttpTlsTest, AStopDoesNotWaitForHandshakes) {
  Start();
  RawHttpClient silent(server->port());
  TlsClient client(server->port(), folder.pair.certificate);
  EXPECT_THAT(client.AskHealth(), HasSubstr("200 OK"));  // so the silent one has been accepted
  server->Stop(std::chrono::seconds(60));
  EXPECT_TRUE(silent.IsAtEnd());
}

}  // namespace
}  // namespace inventory
