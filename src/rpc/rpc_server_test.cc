// The server itself: health, reflection, deadlines, stopping.
#include "rpc/rpc_server.h"

#include <gmock/gmock.h>

#include <atomic>
#include <future>
#include <thread>

#include "rpc/message.h"
#include "rpc/server_testing.h"

namespace inventory {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

constexpr char kDeduct[] = "inventory.v1.InventoryService.DeductStock";

// A handler that answers when the test says so.
class HeldCall {
 public:
  struct Held {
    UnaryReply* reply;
    CallContext context;
  };

  void ReplaceIn(ServedMethods& methods) {
    methods.unary[kDeduct] = [this](const grpc::ByteBuffer&, const CallContext& context,
                                    UnaryReply& reply) {
      held_.set_value({&reply, context});
    };
  }
  // The call, once it is there.
  Held Wait() {
    std::future<Held> held = held_.get_future();
    if (held.wait_for(kPatience) != std::future_status::ready) ADD_FAILURE() << "no call came";
    return held.get();
  }
  static void Answer(UnaryReply& reply) {
    v1::DeductStockResponse response;
    response.set_remaining_stock(7);
    reply.Send(grpc::Status::OK, Serialize(response));
  }

 private:
  std::promise<Held> held_;
};

// One DeductStock on a thread of its own.
class Caller {
 public:
  explicit Caller(TestServer& server, std::chrono::milliseconds deadline = kPatience) {
    context_.set_deadline(std::chrono::system_clock::now() + deadline);
    thread_ = std::thread([this, &server] {
      status_ = server.stub->DeductStock(&context_, v1::DeductStockRequest(), &response_);
    });
  }
  ~Caller() {
    if (thread_.joinable()) thread_.join();
  }
  grpc::Status Wait() {
    thread_.join();
    return status_;
  }
  void Cancel() { context_.TryCancel(); }

 private:
  grpc::ClientContext context_;
  v1::DeductStockResponse response_;
  grpc::Status status_;
  std::thread thread_;
};

// The health service's Check: field 1 of the request is the name, of the answer the state.
RawAnswer Check(TestServer& server, const std::string& name) {
  std::string request;
  if (!name.empty()) request = std::string("\x0a") + static_cast<char>(name.size()) + name;
  return CallRaw(server.channel, "/grpc.health.v1.Health/Check", request);
}
constexpr char kServing[] = "\x08\x01";
constexpr char kNotServing[] = "\x08\x02";

TEST(RpcServerTest, HealthFollowsServing) {
  TestServer server;
  const std::string names[] = {"", "inventory.v1.InventoryService",
                               "inventory.v1.InventoryAdminService"};
  for (const std::string& name : names) EXPECT_EQ(Check(server, name).bytes, kNotServing) << name;
  server.server->SetServing(true);
  for (const std::string& name : names) EXPECT_EQ(Check(server, name).bytes, kServing) << name;
  server.server->SetServing(false);
  for (const std::string& name : names) EXPECT_EQ(Check(server, name).bytes, kNotServing) << name;
  EXPECT_EQ(Check(server, "another.Service").status.error_code(), grpc::StatusCode::NOT_FOUND);
}

// The health service's Watch.
class HealthWatch {
 public:
  explicit HealthWatch(TestServer& server, const std::string& request = "") {
    context_.set_deadline(std::chrono::system_clock::now() + kPatience);
    call_ = grpc::GenericStub(server.channel)
                .PrepareCall(&context_, "/grpc.health.v1.Health/Watch", &queue_);
    call_->StartCall(nullptr);
    EXPECT_TRUE(Wait());
    const grpc::Slice slice(request);
    call_->WriteLast(grpc::ByteBuffer(&slice, 1), {}, nullptr);
    EXPECT_TRUE(Wait());
  }
  ~HealthWatch() {
    context_.TryCancel();
    queue_.Shutdown();
    while (Wait()) {
    }
  }
  // The next message; empty: the stream has ended.
  std::string Read() {
    grpc::ByteBuffer bytes;
    grpc::Slice slice;
    call_->Read(&bytes, nullptr);
    if (!Wait() || !bytes.DumpToSingleSlice(&slice).ok()) return "";
    return {slice.begin(), slice.end()};
  }
  grpc::Status Finish() {
    grpc::Status status;
    call_->Finish(&status, nullptr);
    EXPECT_TRUE(Wait());
    return status;
  }

 private:
  bool Wait() {
    void* tag;
    bool ok;
    return queue_.Next(&tag, &ok) && ok;
  }

  grpc::CompletionQueue queue_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> call_;
};

TEST(RpcServerTest, AHealthWatchIsToldOfChangesAndEndsWithTheServer) {
  TestServer server;
  HealthWatch watch(server);
  EXPECT_EQ(watch.Read(), kNotServing);
  server.server->SetServing(true);
  EXPECT_EQ(watch.Read(), kServing);
  server.server->SetServing(true);  // no change, no message
  server.server->SetServing(false);
  EXPECT_EQ(watch.Read(), kNotServing);
  HealthWatch unknown(server, "\x0a\x01x");
  EXPECT_EQ(unknown.Read(), "\x08\x03");
  // With a limit that would fail the test if the streams were waited for.
  server.server->Stop(std::chrono::hours(1));
  EXPECT_EQ(watch.Read(), "");
  EXPECT_EQ(watch.Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST(RpcServerTest, ReflectionListsTheServices) {
  TestServer server;
  const std::string list_services = {"\x3a\x00", 2};
  const RawAnswer answer =
      CallRaw(server.channel, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
              list_services);
  EXPECT_THAT(answer.bytes, HasSubstr("inventory.v1.InventoryService"));
  EXPECT_THAT(answer.bytes, HasSubstr("inventory.v1.InventoryAdminService"));
  EXPECT_THAT(answer.bytes, HasSubstr("grpc.health.v1.Health"));
}

TEST(RpcServerTest, ATakenPortIsAnErrorThatSaysSo) {
  TestServer server;
  const auto second =
      RpcServer::Start(server.api, server.access, {"127.0.0.1", server.server->port(), 1});
  EXPECT_THAT(second, StatusIs(absl::StatusCode::kAlreadyExists, "the port is taken"));
  EXPECT_THAT(second, StatusIs(absl::StatusCode::kAlreadyExists,
                               "127.0.0.1:" + std::to_string(server.server->port())));
}

TEST(RpcServerTest, AnAddressOfAnotherMachineIsAnErrorThatSaysSo) {
  TestServer server;
  EXPECT_THAT(RpcServer::Start(server.api, server.access, {"192.0.2.1", 0, 1}),
              StatusIs(absl::StatusCode::kInvalidArgument, "not an address of this machine"));
  EXPECT_THAT(RpcServer::Start(server.api, server.access, {"no such host.", 0, 1}),
              StatusIs(absl::StatusCode::kInvalidArgument, "name an address"));
}

TEST(RpcServerTest, AFreedPortCanBeTakenAgain) {
  int port;
  {
    TestServer first;
    port = first.server->port();
    EXPECT_THAT(first.Restock(1, 1), Answers(0, "补充成功"));
  }
  TestServer other;
  EXPECT_OK(RpcServer::Start(other.api, other.access, {"127.0.0.1", port, 1}));
}

TEST(RpcServerTest, ADeadlineReachesTheHandler) {
  HeldCall held;
  TestServer server([&](ServedMethods& methods) { held.ReplaceIn(methods); });
  const auto before = std::chrono::steady_clock::now();
  Caller caller(server, std::chrono::hours(1));
  const HeldCall::Held call = held.Wait();
  EXPECT_GT(call.context.deadline, before + std::chrono::minutes(59));
  EXPECT_LT(call.context.deadline, before + std::chrono::minutes(61));
  HeldCall::Answer(*call.reply);
  EXPECT_TRUE(caller.Wait().ok());
}

TEST(RpcServerTest, NoDeadlineIsTheLargest) {
  HeldCall held;
  TestServer server([&](ServedMethods& methods) { held.ReplaceIn(methods); });
  grpc::Status status;
  std::thread caller([&] {
    grpc::ClientContext context;
    v1::DeductStockResponse response;
    status = server.stub->DeductStock(&context, v1::DeductStockRequest(), &response);
  });
  const HeldCall::Held call = held.Wait();
  EXPECT_EQ(call.context.deadline, std::chrono::steady_clock::time_point::max());
  HeldCall::Answer(*call.reply);
  caller.join();
  EXPECT_TRUE(status.ok());
}

TEST(RpcServerTest, ACallPastItsDeadlineIsAnsweredSoAndTheLateReplyIsHarmless) {
  HeldCall held;
  TestServer server([&](ServedMethods& methods) { held.ReplaceIn(methods); });
  Caller caller(server, milliseconds(100));
  const HeldCall::Held call = held.Wait();
  EXPECT_EQ(caller.Wait().error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  HeldCall::Answer(*call.reply);
  EXPECT_EQ(server.Get(1).code(), 40401u) << "the server goes on";
}

TEST(RpcServerTest, ACancelledCallIsAnsweredAllTheSame) {
  HeldCall held;
  TestServer server([&](ServedMethods& methods) { held.ReplaceIn(methods); });
  Caller caller(server);
  const HeldCall::Held call = held.Wait();
  caller.Cancel();
  EXPECT_EQ(caller.Wait().error_code(), grpc::StatusCode::CANCELLED);
  HeldCall::Answer(*call.reply);
  EXPECT_EQ(server.Get(1).code(), 40401u) << "the server goes on";
}

TEST(RpcServerTest, StopWaitsForRunningCalls) {
  HeldCall held;
  TestServer server([&](ServedMethods& methods) { held.ReplaceIn(methods); });
  server.server->SetServing(true);
  Caller caller(server);
  const HeldCall::Held call = held.Wait();
  std::atomic<bool> stopped = false;
  std::thread stop([&] {
    server.server->Stop(kPatience);
    stopped = true;
  });
  // New calls are turned away as soon as it is stopping.
  grpc::Status refused;
  for (int tries = 0; tries < 10'000 && refused.ok(); ++tries) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kPatience);
    v1::GetStockResponse response;
    refused = server.stub->GetStock(&context, v1::GetStockRequest(), &response);
  }
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_FALSE(stopped);
  HeldCall::Answer(*call.reply);
  EXPECT_TRUE(caller.Wait().ok()) << "a call that was accepted is answered";
  stop.join();
}

TEST(RpcServerTest, StopCutsCallsAtItsLimitAndALateReplyIsDropped) {
  HeldCall held;
  TestServer server([&](ServedMethods& methods) { held.ReplaceIn(methods); });
  Caller caller(server);
  const HeldCall::Held call = held.Wait();
  server.server->Stop(milliseconds(1));
  EXPECT_FALSE(caller.Wait().ok());
  server.server.reset();
  HeldCall::Answer(*call.reply);  // the sanitizers watch this
}

TEST(RpcServerTest, StopTwiceIsOnce) {
  TestServer server;
  server.server->Stop(kPatience);
  server.server->Stop(kPatience);
}

TEST(RpcServerTest, StopUnderLoadLosesNoReply) {
  TestServer server;
  server.Restock(1, 1'000'000);
  std::atomic<int> sold = 0;
  std::atomic<int> unclear = 0;
  std::atomic<OrderId> next_order = 1;
  std::vector<std::thread> callers;
  for (int i = 0; i < 4; ++i) {
    callers.emplace_back([&] {
      for (;;) {
        grpc::ClientContext context;
        context.set_deadline(std::chrono::system_clock::now() + kPatience);
        v1::DeductStockRequest request;
        request.set_book_id(1);
        request.set_quantity(1);
        request.set_order_id(next_order++);
        v1::DeductStockResponse response;
        if (!server.stub->DeductStock(&context, request, &response).ok()) {
          ++unclear;
          return;
        }
        ++sold;
      }
    });
  }
  while (sold < 500) std::this_thread::yield();
  server.server->Stop(kPatience);
  for (std::thread& caller : callers) caller.join();
  // A call that was refused may not have sold: accepted ones were all answered.
  std::promise<Quantity> left;
  server.store->ReadStock({1}, [&](absl::StatusOr<std::vector<BookStock>> books) {
    left.set_value(books->front().balance.available);
  });
  EXPECT_EQ(1'000'000 - left.get_future().get(), sold);
  EXPECT_EQ(unclear, 4);
}

TEST(RpcServerTest, SeveralPollersServe) {
  TestServer first;  // for its api
  auto started = RpcServer::Start(first.api, first.access, {"127.0.0.1", 0, 3});
  ASSERT_OK(started);
  const auto stub = v1::InventoryService::NewStub(grpc::CreateChannel(
      "127.0.0.1:" + std::to_string((*started)->port()), grpc::InsecureChannelCredentials()));
  first.Restock(1, 1'000);
  std::vector<std::thread> callers;
  for (OrderId caller = 0; caller < 4; ++caller) {
    callers.emplace_back([&, caller] {
      for (OrderId i = 1; i <= 50; ++i) {
        grpc::ClientContext context;
        context.set_deadline(std::chrono::system_clock::now() + kPatience);
        v1::DeductStockRequest request;
        request.set_book_id(1);
        request.set_quantity(1);
        request.set_order_id(caller * 1'000 + i);
        v1::DeductStockResponse response;
        EXPECT_TRUE(stub->DeductStock(&context, request, &response).ok());
        EXPECT_EQ(response.code(), 0u);
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(first.Get(1).stock(), 800);
}

}  // namespace
}  // namespace inventory
