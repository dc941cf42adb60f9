// A client-streaming call's life on the wire, with a receiver that the test plays.
#include <gmock/gmock.h>

#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "rpc/message.h"
#include "rpc/server_testing.h"

namespace inventory {
namespace {

// What one call is given, and what it is told. Outlives the call.
class Taker {
 public:
  class Upload : public ServedUpload {
   public:
    explicit Upload(Taker& receiver) : receiver_(receiver) {}
    ~Upload() override {
      MutexLock lock(receiver_.mutex_);
      receiver_.dropped_ = true;
      receiver_.changed_.NotifyAll();
    }
    void Take(const grpc::ByteBuffer& message, Taken done) override {
      v1::ImportStockRequest request;
      EXPECT_TRUE(Parse(message, request).ok());
      receiver_.OnMessage(request.facts_size(), std::move(done));
    }
    void End(ServedStream::Receiver done) override { receiver_.OnEnd(std::move(done)); }

   private:
    Taker& receiver_;
  };

  // Waits for the next message and gives its size; it is not taken yet.
  int AwaitMessage() {
    MutexLock lock(mutex_);
    Await([this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return static_cast<bool>(taken_); });
    return size_;
  }
  void Answer(const grpc::Status& status) {
    ServedUpload::Taken taken;
    {
      MutexLock lock(mutex_);
      taken = std::exchange(taken_, nullptr);
    }
    taken(status);
  }
  void AnswerEnd(const grpc::Status& status, const std::string& message) {
    ServedStream::Receiver end;
    {
      MutexLock lock(mutex_);
      Await([this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return static_cast<bool>(end_); });
      end = std::exchange(end_, nullptr);
    }
    v1::ImportStockResponse response;
    response.set_message(message);
    end(status, status.ok() ? Serialize(response) : grpc::ByteBuffer());
  }
  bool AwaitDropped() {
    MutexLock lock(mutex_);
    return Await([this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return dropped_; });
  }
  int messages() {
    MutexLock lock(mutex_);
    return messages_;
  }

 private:
  template <typename Condition>
  bool Await(Condition condition) ABSL_NO_THREAD_SAFETY_ANALYSIS {
    const auto until = std::chrono::steady_clock::now() + kPatience;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > until) return false;
      changed_.WaitFor(mutex_, std::chrono::milliseconds(100));
    }
    return true;
  }
  void OnMessage(int size, ServedUpload::Taken done) {
    MutexLock lock(mutex_);
    ++messages_;
    size_ = size;
    taken_ = std::move(done);
    changed_.NotifyAll();
  }
  void OnEnd(ServedStream::Receiver done) {
    MutexLock lock(mutex_);
    end_ = std::move(done);
    changed_.NotifyAll();
  }

  Mutex mutex_;
  CondVar changed_;
  int messages_ ABSL_GUARDED_BY(mutex_) = 0;
  int size_ ABSL_GUARDED_BY(mutex_) = 0;
  ServedUpload::Taken taken_ ABSL_GUARDED_BY(mutex_);
  ServedStream::Receiver end_ ABSL_GUARDED_BY(mutex_);
  bool dropped_ ABSL_GUARDED_BY(mutex_) = false;
};

class UploadTest : public testing::Test {
 protected:
  UploadTest()
      : server_([this](ServedMethods& methods) {
          methods.uploads["inventory.v1.InventoryAdminService.ImportStock"] = [this] {
            return std::make_unique<Taker::Upload>(receiver_);
          };
        }) {
    context_.set_deadline(std::chrono::system_clock::now() + kPatience);
    writer_ = server_.admin->ImportStock(&context_, &response_);
  }

  // A message of so many facts.
  bool Write(int facts) {
    v1::ImportStockRequest request;
    for (int i = 0; i < facts; ++i) request.add_facts();
    return writer_->Write(request);
  }

  Taker receiver_;
  TestServer server_;
  grpc::ClientContext context_;
  v1::ImportStockResponse response_;
  std::unique_ptr<grpc::ClientWriter<v1::ImportStockRequest>> writer_;
};

TEST_F(UploadTest, EachMessageIsTakenAndTheEndIsAnswered) {
  for (const int facts : {1, 3, 2}) {
    ASSERT_TRUE(Write(facts));
    EXPECT_EQ(receiver_.AwaitMessage(), facts);
    receiver_.Answer(grpc::Status::OK);
  }
  writer_->WritesDone();
  receiver_.AnswerEnd(grpc::Status::OK, "all of it");
  EXPECT_TRUE(writer_->Finish().ok());
  EXPECT_EQ(response_.message(), "all of it");
  EXPECT_TRUE(receiver_.AwaitDropped());
}

TEST_F(UploadTest, NoMessagesAtAllIsAnEndToo) {
  writer_->WritesDone();
  receiver_.AnswerEnd(grpc::Status::OK, "nothing");
  EXPECT_TRUE(writer_->Finish().ok());
  EXPECT_EQ(response_.message(), "nothing");
  EXPECT_EQ(receiver_.messages(), 0);
}

// Two are on the wire, but the second is read only when the first has been taken.
TEST_F(UploadTest, TheNextMessageWaitsForTheLast) {
  ASSERT_TRUE(Write(1));
  ASSERT_TRUE(Write(2));
  EXPECT_EQ(receiver_.AwaitMessage(), 1);
  // Another call has been served on the same queue, behind both messages.
  server_.Get(1);
  EXPECT_EQ(receiver_.messages(), 1);
  receiver_.Answer(grpc::Status::OK);
  EXPECT_EQ(receiver_.AwaitMessage(), 2);
  receiver_.Answer(grpc::Status::OK);
  writer_->WritesDone();
  receiver_.AnswerEnd(grpc::Status::OK, "");
  EXPECT_TRUE(writer_->Finish().ok());
}

TEST_F(UploadTest, AMessageThatIsRefusedEndsTheCall) {
  ASSERT_TRUE(Write(1));
  receiver_.AwaitMessage();
  receiver_.Answer({grpc::StatusCode::INVALID_ARGUMENT, "not this"});
  const grpc::Status status = writer_->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(status.error_message(), "not this");
  EXPECT_TRUE(receiver_.AwaitDropped());
  EXPECT_EQ(receiver_.messages(), 1);
}

TEST_F(UploadTest, AnEndThatIsRefusedEndsTheCall) {
  writer_->WritesDone();
  receiver_.AnswerEnd({grpc::StatusCode::FAILED_PRECONDITION, "not now"}, "");
  EXPECT_EQ(writer_->Finish().error_message(), "not now");
  EXPECT_TRUE(receiver_.AwaitDropped());
}

TEST_F(UploadTest, AClientThatCancelsBreaksItOff) {
  ASSERT_TRUE(Write(1));
  receiver_.AwaitMessage();
  context_.TryCancel();
  EXPECT_EQ(writer_->Finish().error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_TRUE(receiver_.AwaitDropped());
  receiver_.Answer(grpc::Status::OK);  // too late, and no harm
}

TEST_F(UploadTest, StopEndsItAtOnce) {
  ASSERT_TRUE(Write(1));
  receiver_.AwaitMessage();
  receiver_.Answer(grpc::Status::OK);
  // With a limit that would fail the test if the client were waited for.
  server_.server->Stop(std::chrono::hours(1));
  const grpc::Status status = writer_->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_THAT(status.error_message(), testing::HasSubstr("stopping"));
  EXPECT_TRUE(receiver_.AwaitDropped());
}

}  // namespace
}  // namespace inventory
