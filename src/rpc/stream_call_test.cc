// A server-streaming call's life on the wire, with messages that the test plays.
#include <gmock/gmock.h>

#include <deque>
#include <thread>
#include <utility>

#include "base/mutex.h"
#include "rpc/message.h"
#include "rpc/server_testing.h"

namespace inventory {
namespace {

// What one stream says, and what becomes of it. Outlives the stream.
class Script {
 public:
  void Push(const grpc::Status& status, const v1::WatchStockResponse& message = {}) {
    ServedStream::Receiver done;
    {
      MutexLock lock(mutex_);
      said_.emplace_back(status, Serialize(message));
      done = std::exchange(waiting_, nullptr);
    }
    if (done) Tell(std::move(done));
  }

  bool WaitUntilDropped() {
    const auto until = std::chrono::steady_clock::now() + kPatience;
    MutexLock lock(mutex_);
    while (!dropped_ && std::chrono::steady_clock::now() < until) {
      changed_.WaitFor(mutex_, std::chrono::milliseconds(100));
    }
    return dropped_;
  }

  class Stream : public ServedStream {
   public:
    explicit Stream(Script& script) : script_(script) {}
    ~Stream() override {
      Receiver done;
      {
        MutexLock lock(script_.mutex_);
        script_.dropped_ = true;
        script_.changed_.NotifyAll();
        done = std::exchange(script_.waiting_, nullptr);
      }
      if (done) done(grpc::Status::CANCELLED, {});
    }
    void Next(Receiver done) override {
      {
        MutexLock lock(script_.mutex_);
        if (script_.said_.empty()) {
          script_.waiting_ = std::move(done);
          return;
        }
      }
      script_.Tell(std::move(done));
    }

   private:
    Script& script_;
  };

 private:
  void Tell(ServedStream::Receiver done) {
    std::pair<grpc::Status, grpc::ByteBuffer> next;
    {
      MutexLock lock(mutex_);
      next = std::move(said_.front());
      said_.pop_front();
    }
    done(next.first, next.second);
  }

  Mutex mutex_;
  CondVar changed_;
  ServedStream::Receiver waiting_ ABSL_GUARDED_BY(mutex_);
  std::deque<std::pair<grpc::Status, grpc::ByteBuffer>> said_ ABSL_GUARDED_BY(mutex_);
  bool dropped_ ABSL_GUARDED_BY(mutex_) = false;
};

v1::WatchStockResponse OneChange(Quantity available) {
  v1::WatchStockResponse message;
  message.add_changes()->set_stock(available);
  return message;
}

class StreamTest : public testing::Test {
 protected:
  StreamTest()
      : server_([this](ServedMethods& methods) {
          methods.streams["inventory.v1.InventoryService.WatchStock"] =
              [this](const grpc::ByteBuffer&) {
                return OpenedStream{grpc::Status::OK, std::make_unique<Script::Stream>(script_)};
              };
        }) {
    context_.set_deadline(std::chrono::system_clock::now() + kPatience);
  }

  void Open() {
    v1::WatchStockRequest request;
    stream_ = server_.stub->WatchStock(&context_, request);
  }
  v1::WatchStockResponse Read() {
    v1::WatchStockResponse response;
    EXPECT_TRUE(stream_->Read(&response));
    return response;
  }
  grpc::Status ReadTheEnd() {
    v1::WatchStockResponse response;
    EXPECT_FALSE(stream_->Read(&response)) << response.ShortDebugString();
    return stream_->Finish();
  }

  Script script_;
  TestServer server_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<v1::WatchStockResponse>> stream_;
};

TEST_F(StreamTest, NothingMoreIsToldOnceTheTokensHaveChanged) {
  Open();
  script_.Push(grpc::Status::OK, OneChange(1));
  EXPECT_EQ(Read().changes(0).stock(), 1);
  server_.access.SetTokens(*TokenList::Parse("eye viewer viewer-token-0123456789", ';', "test"));
  script_.Push(grpc::Status::OK, OneChange(2));
  const grpc::Status end = ReadTheEnd();
  EXPECT_EQ(end.error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_THAT(end.error_message(), testing::HasSubstr("tokens has changed"));
  EXPECT_TRUE(script_.WaitUntilDropped());
}

TEST_F(StreamTest, MessagesComeInOrder) {
  script_.Push(grpc::Status::OK, OneChange(10));
  script_.Push(grpc::Status::OK, OneChange(9));
  Open();
  EXPECT_EQ(Read().changes(0).stock(), 10);
  EXPECT_EQ(Read().changes(0).stock(), 9);
  script_.Push(grpc::Status::OK, OneChange(8));
  EXPECT_EQ(Read().changes(0).stock(), 8);
}

TEST_F(StreamTest, ManyMessagesFromAnotherThreadAllArrive) {
  Open();
  constexpr Quantity kMessages = 2'000;
  std::thread pusher([this] {
    for (Quantity i = 1; i <= kMessages; ++i) script_.Push(grpc::Status::OK, OneChange(i));
  });
  for (Quantity i = 1; i <= kMessages; ++i) ASSERT_EQ(Read().changes(0).stock(), i);
  pusher.join();
}

TEST_F(StreamTest, AClientThatCancelsEndsTheStream) {
  script_.Push(grpc::Status::OK, OneChange(10));
  Open();
  Read();
  context_.TryCancel();
  EXPECT_EQ(ReadTheEnd().error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_TRUE(script_.WaitUntilDropped());
}

TEST_F(StreamTest, AClientThatIsGoneEndsTheStream) {
  script_.Push(grpc::Status::OK, OneChange(10));
  Open();
  Read();
  context_.TryCancel();
  stream_->Finish().ok();
  stream_.reset();
  EXPECT_TRUE(script_.WaitUntilDropped());
}

TEST_F(StreamTest, AClientWhoseTimeIsUpEndsTheStream) {
  context_.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(100));
  Open();
  EXPECT_EQ(ReadTheEnd().error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  EXPECT_TRUE(script_.WaitUntilDropped());
}

TEST_F(StreamTest, TheServicesEndReachesTheClient) {
  Open();
  script_.Push(grpc::Status::OK, OneChange(10));
  script_.Push({grpc::StatusCode::RESOURCE_EXHAUSTED, "too slow; watch again"});
  Read();
  const grpc::Status status = ReadTheEnd();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(status.error_message(), "too slow; watch again");
  EXPECT_TRUE(script_.WaitUntilDropped());
}

TEST_F(StreamTest, StopEndsAnOpenStreamAtOnce) {
  script_.Push(grpc::Status::OK, OneChange(10));
  Open();
  Read();
  // With a limit that would fail the test if the stream were waited for.
  server_.server->Stop(std::chrono::hours(1));
  const grpc::Status status = ReadTheEnd();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_THAT(status.error_message(), testing::HasSubstr("stopping"));
  EXPECT_TRUE(script_.WaitUntilDropped());
}

// The client says nothing; nobody waits for it.
TEST(StreamWithoutRequestTest, StopEndsACallWithoutARequest) {
  TestServer server;
  grpc::CompletionQueue queue;
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kPatience);
  const auto call = grpc::GenericStub(server.channel)
                        .PrepareCall(&context, "/inventory.v1.InventoryService/WatchStock", &queue);
  const auto wait = [&queue] {
    void* tag;
    bool ok;
    return queue.Next(&tag, &ok) && ok;
  };
  call->StartCall(nullptr);
  ASSERT_TRUE(wait());
  server.Get(1);  // the server has taken both
  server.server->Stop(std::chrono::hours(1));
  grpc::Status status;
  call->Finish(&status, nullptr);
  wait();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  queue.Shutdown();
}

}  // namespace
}  // namespace inventory
