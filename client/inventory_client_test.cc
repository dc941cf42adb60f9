#include "client/inventory_client.h"

#include <gmock/gmock.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <functional>

#include "absl/strings/match.h"
#include "base/mutex.h"
#include "base/status_matchers.h"
#include "client/channel.h"
#include "inventory/v1/inventory.grpc.pb.h"
#include "tests/support/connection_gate.h"

namespace inventory {
namespace {

using std::chrono::milliseconds;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::SizeIs;

// A service that writes down what it gets and does with the nth request what a test says.
class ScriptedService : public v1::InventoryService::Service {
 public:
  using Script = std::function<grpc::Status(int number, grpc::ServerContext*)>;
  void SetScript(Script script) { script_ = std::move(script); }

  grpc::Status DeductStock(grpc::ServerContext* context, const v1::DeductStockRequest* request,
                           v1::DeductStockResponse* response) override {
    response->set_remaining_stock(95);
    return Arrived(context, *request);
  }
  grpc::Status RestockInventory(grpc::ServerContext* context,
                                const v1::RestockInventoryRequest* request,
                                v1::RestockInventoryResponse* response) override {
    response->set_current_stock(100);
    return Arrived(context, *request);
  }
  grpc::Status AdjustStock(grpc::ServerContext* context, const v1::AdjustStockRequest* request,
                           v1::AdjustStockResponse* response) override {
    response->set_current_stock(7);
    return Arrived(context, *request);
  }
  grpc::Status WatchStock(grpc::ServerContext* context, const v1::WatchStockRequest*,
                          grpc::ServerWriter<v1::WatchStockResponse>* writer) override {
    v1::WatchStockResponse response;
    response.set_snapshot_done(true);
    while (!context->IsCancelled() && writer->Write(response)) {
    }
    return grpc::Status::OK;
  }

  std::vector<std::string> arrived() {
    MutexLock lock(mutex_);
    return arrived_;
  }

 private:
  grpc::Status Arrived(grpc::ServerContext* context, const google::protobuf::Message& request) {
    int number = 0;
    {
      MutexLock lock(mutex_);
      arrived_.push_back(request.ShortDebugString());
      number = static_cast<int>(arrived_.size());
    }
    return script_(number, context);
  }

  Script script_ = [](int, grpc::ServerContext*) { return grpc::Status::OK; };
  Mutex mutex_;
  std::vector<std::string> arrived_ ABSL_GUARDED_BY(mutex_);
};

class InventoryClientTest : public testing::Test {
 protected:
  InventoryClientTest() {
    grpc::EnableDefaultHealthCheckService(true);
    server_ = grpc::ServerBuilder()
                  .AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_)
                  .RegisterService(&service_)
                  .BuildAndStart();
    gate_ = std::make_unique<ConnectionGate>(port_);
  }
  ~InventoryClientTest() override { server_->Shutdown(std::chrono::system_clock::now()); }

  InventoryClient MakeClient(milliseconds timeout = milliseconds(30'000)) const {
    return InventoryClient(MakeChannel(gate_->target()), {.timeout = timeout,
                                                          .attempts = 4,
                                                          .first_backoff = milliseconds(60),
                                                          .longest_backoff = milliseconds(500)});
  }
  // The first request arrives and its connection is lost; later ones are answered.
  void LoseTheFirstAnswer() {
    service_.SetScript([this](int number, grpc::ServerContext*) {
      if (number == 1) gate_->Cut();
      return grpc::Status::OK;
    });
  }

  static v1::DeductStockRequest DeductRequest() {
    v1::DeductStockRequest request;
    request.set_book_id(1);
    request.set_quantity(5);
    request.set_order_id(1001);
    return request;
  }
  static v1::RestockInventoryRequest RestockRequest(const std::string& request_id) {
    v1::RestockInventoryRequest request;
    request.set_book_id(1);
    request.set_quantity(100);
    request.set_request_id(request_id);
    return request;
  }
  static v1::AdjustStockRequest AdjustRequest(const std::string& request_id) {
    v1::AdjustStockRequest request;
    request.set_book_id(1);
    request.set_delta(-3);
    request.set_request_id(request_id);
    return request;
  }

  int port_ = 0;
  ScriptedService service_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<ConnectionGate> gate_;
};

TEST_F(InventoryClientTest, SendsAnOrderAgainUnchangedWhenItsAnswerIsLost) {
  LoseTheFirstAnswer();
  const auto response = MakeClient().DeductStock(DeductRequest());
  ASSERT_OK(response);
  EXPECT_EQ(response->remaining_stock(), 95);
  EXPECT_THAT(service_.arrived(), AllOf(SizeIs(2), Each(DeductRequest().ShortDebugString())));
}

TEST_F(InventoryClientTest, SendsARestockWithARequestIdAgainUnchanged) {
  LoseTheFirstAnswer();
  const auto response = MakeClient().RestockInventory(RestockRequest("delivery-7"));
  ASSERT_OK(response);
  EXPECT_EQ(response->current_stock(), 100);
  EXPECT_THAT(service_.arrived(),
              AllOf(SizeIs(2), Each(RestockRequest("delivery-7").ShortDebugString())));
}

TEST_F(InventoryClientTest, SendsAnAdjustWithARequestIdAgainUnchanged) {
  LoseTheFirstAnswer();
  ASSERT_OK(MakeClient().AdjustStock(AdjustRequest("count-3")));
  EXPECT_THAT(service_.arrived(),
              AllOf(SizeIs(2), Each(AdjustRequest("count-3").ShortDebugString())));
}

TEST_F(InventoryClientTest, NeverSendsARestockWithoutARequestIdTwice) {
  LoseTheFirstAnswer();
  EXPECT_THAT(MakeClient().RestockInventory(RestockRequest("")),
              StatusIs(absl::StatusCode::kUnavailable, "outcome unknown"));
  EXPECT_THAT(service_.arrived(), SizeIs(1));
}

TEST_F(InventoryClientTest, NeverSendsAnAdjustWithoutARequestIdTwice) {
  LoseTheFirstAnswer();
  EXPECT_THAT(MakeClient().AdjustStock(AdjustRequest("")),
              StatusIs(absl::StatusCode::kUnavailable, "outcome unknown"));
  EXPECT_THAT(service_.arrived(), SizeIs(1));
}

TEST_F(InventoryClientTest, CannotTellWhetherARestockWasLostOnTheWay) {
  InventoryClient client = MakeClient();
  ASSERT_OK(client.DeductStock(DeductRequest()));  // so that the connection is there
  gate_->CutBefore("fell off the van");
  v1::RestockInventoryRequest request = RestockRequest("");
  request.set_remark("fell off the van");
  EXPECT_THAT(client.RestockInventory(request),
              StatusIs(absl::StatusCode::kUnavailable, "outcome unknown"));
  EXPECT_THAT(service_.arrived(), SizeIs(1));
}

TEST_F(InventoryClientTest, GoesOnAfterALossOnTheWayWhereThatIsSafe) {
  InventoryClient client = MakeClient();
  ASSERT_OK(client.DeductStock(DeductRequest()));
  gate_->CutBefore("delivery-7");
  EXPECT_OK(client.RestockInventory(RestockRequest("delivery-7")));
  EXPECT_THAT(service_.arrived(), SizeIs(2));
}

TEST_F(InventoryClientTest, GivesUpAfterTheLastAttempt) {
  service_.SetScript([](int, grpc::ServerContext*) {
    return grpc::Status(grpc::StatusCode::UNAVAILABLE, "the disk is full");
  });
  EXPECT_THAT(MakeClient().DeductStock(DeductRequest()),
              StatusIs(absl::StatusCode::kUnavailable, "the disk is full"));
  EXPECT_THAT(service_.arrived(), SizeIs(4));
}

TEST_F(InventoryClientTest, DoesNotRetryOtherFaults) {
  service_.SetScript([](int, grpc::ServerContext*) {
    return grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, "the queue is full");
  });
  EXPECT_THAT(MakeClient().DeductStock(DeductRequest()),
              StatusIs(absl::StatusCode::kResourceExhausted, "the queue is full"));
  EXPECT_THAT(service_.arrived(), SizeIs(1));
}

TEST_F(InventoryClientTest, ARetryDoesNotOutliveTheDeadline) {
  service_.SetScript([](int, grpc::ServerContext* context) {
    while (!context->IsCancelled()) std::this_thread::yield();
    return grpc::Status::CANCELLED;
  });
  EXPECT_THAT(MakeClient(milliseconds(200)).DeductStock(DeductRequest()),
              StatusIs(absl::StatusCode::kDeadlineExceeded, ""));
  EXPECT_THAT(MakeClient(milliseconds(200)).RestockInventory(RestockRequest("")),
              StatusIs(absl::StatusCode::kDeadlineExceeded, "outcome unknown"));
}

TEST_F(InventoryClientTest, SaysThatNothingWasSentWhereItCouldNotConnect) {
  const LoopbackSocket nobody = LoopbackSocket::Bind();
  InventoryClient client(MakeChannel(absl::StrCat("127.0.0.1:", nobody.port())),
                         {.attempts = 2, .first_backoff = milliseconds(1)});
  EXPECT_THAT(client.RestockInventory(RestockRequest("")),
              StatusIs(absl::StatusCode::kUnavailable, "nothing was sent"));
  EXPECT_THAT(client.DeductStock(DeductRequest()), StatusIs(absl::StatusCode::kUnavailable, ""));
}

TEST_F(InventoryClientTest, AStreamEndsWhenItsReaderHasEnough) {
  int answers = 0;
  EXPECT_OK(MakeClient().WatchStock({}, [&](const v1::WatchStockResponse& response) {
    EXPECT_TRUE(response.snapshot_done());
    return ++answers < 3;
  }));
  EXPECT_EQ(answers, 3);
}

TEST_F(InventoryClientTest, AsksTheStandardHealthService) {
  InventoryClient client = MakeClient();
  EXPECT_THAT(client.IsServing(""), IsOk());
  EXPECT_TRUE(*client.IsServing(""));
  server_->GetHealthCheckService()->SetServingStatus(false);
  EXPECT_FALSE(*client.IsServing(""));
  EXPECT_THAT(client.IsServing("nobody"), StatusIs(absl::StatusCode::kNotFound, ""));
}

// Speaks just enough HTTP/2 to say goodbye to every call as "not processed", which is what makes
// gRPC resend a call by itself. One thread of its own.
class RefusingServer {
 public:
  RefusingServer() {
    thread_ = std::thread([this] {
      while (!stop_) {
        if (Readable(listener_)) Serve(listener_.Accept());
      }
    });
  }
  ~RefusingServer() {
    stop_ = true;
    thread_.join();
  }

  std::string target() const { return absl::StrCat("127.0.0.1:", listener_.port()); }
  int calls() const { return calls_; }

 private:
  static bool Readable(const LoopbackSocket& socket) {
    pollfd polled{socket.fd(), POLLIN, 0};
    return ::poll(&polled, 1, /*milliseconds=*/5) > 0;
  }

  // Until the first call on the connection, or its end.
  void Serve(const LoopbackSocket& connection) {
    constexpr char kHeaders = 1;
    constexpr std::size_t kFrameHeaderSize = 9;
    const std::string settings("\0\0\0\4\0\0\0\0\0", kFrameHeaderSize);
    // GOAWAY, last stream 0: no call was looked at. NO_ERROR.
    const std::string goaway("\0\0\10\7\0\0\0\0\0\0\0\0\0\0\0\0\0", kFrameHeaderSize + 8);
    ::send(connection.fd(), settings.data(), settings.size(), MSG_NOSIGNAL);
    std::string received;
    std::size_t frame = std::string_view("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").size();
    while (!stop_) {
      char bytes[4096];
      if (!Readable(connection)) continue;
      const ssize_t size = ::recv(connection.fd(), bytes, sizeof bytes, 0);
      if (size <= 0) return;
      received.append(bytes, static_cast<std::size_t>(size));
      while (received.size() >= frame + kFrameHeaderSize) {
        if (received[frame + 3] == kHeaders) {
          ++calls_;
          ::send(connection.fd(), goaway.data(), goaway.size(), MSG_NOSIGNAL);
          ::shutdown(connection.fd(), SHUT_WR);
          while (!stop_ && ::recv(connection.fd(), bytes, sizeof bytes, 0) > 0) {
          }
          return;
        }
        const auto byte = [&](std::size_t i) {
          return static_cast<std::size_t>(static_cast<unsigned char>(received[frame + i]));
        };
        frame += kFrameHeaderSize + (byte(0) << 16 | byte(1) << 8 | byte(2));
      }
    }
  }

  const LoopbackSocket listener_ = LoopbackSocket::Listen();
  std::atomic<int> calls_{0};
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

TEST(InventoryClientChannelTest, GrpcItselfSendsNothingTwice) {
  RefusingServer server;
  {
    InventoryClient client(MakeChannel(server.target()));
    v1::RestockInventoryRequest request;
    request.set_book_id(1);
    request.set_quantity(100);
    EXPECT_THAT(client.RestockInventory(request),
                StatusIs(absl::StatusCode::kUnavailable, "outcome unknown"));
  }
  EXPECT_EQ(server.calls(), 1);
}

}  // namespace
}  // namespace inventory
