// WatchStock's life on the wire, with a watch that the test plays.
#include <gmock/gmock.h>

#include <deque>
#include <future>
#include <thread>

#include "base/mutex.h"
#include "rpc/server_testing.h"

namespace inventory {
namespace {

// What the service side of one watch sees and says. Outlives the watch.
class Script {
 public:
  void Push(absl::StatusOr<StockWatch::Update> update) {
    Done<StockWatch::Update> done;
    {
      MutexLock lock(mutex_);
      if (!waiting_) {
        updates_.push_back(std::move(update));
        return;
      }
      done = std::move(waiting_);
      waiting_ = nullptr;
    }
    done(std::move(update));
  }
  bool WaitUntilDropped() {
    const auto until = std::chrono::steady_clock::now() + kPatience;
    MutexLock lock(mutex_);
    while (!dropped_ && std::chrono::steady_clock::now() < until) {
      changed_.WaitFor(mutex_, std::chrono::milliseconds(100));
    }
    return dropped_;
  }

  class Watch : public StockWatch {
   public:
    explicit Watch(Script& script) : script_(script) {}
    ~Watch() override {
      Done<Update> done;
      {
        MutexLock lock(script_.mutex_);
        script_.dropped_ = true;
        script_.changed_.NotifyAll();
        done = std::move(script_.waiting_);
        script_.waiting_ = nullptr;
      }
      if (done) done(absl::CancelledError("dropped"));
    }
    void Next(Done<Update> done) override {
      absl::StatusOr<Update> update;
      {
        MutexLock lock(script_.mutex_);
        if (script_.updates_.empty()) {
          script_.waiting_ = std::move(done);
          return;
        }
        update = std::move(script_.updates_.front());
        script_.updates_.pop_front();
      }
      done(std::move(update));
    }

   private:
    Script& script_;
  };

 private:
  Mutex mutex_;
  CondVar changed_;
  Done<StockWatch::Update> waiting_ ABSL_GUARDED_BY(mutex_);
  std::deque<absl::StatusOr<StockWatch::Update>> updates_ ABSL_GUARDED_BY(mutex_);
  bool dropped_ ABSL_GUARDED_BY(mutex_) = false;
};

StockWatch::Update OneChange(Quantity available, bool snapshot_done = false) {
  StockWatch::Update update;
  update.changes.push_back({{1, true, {available, 2, 9}}, true});
  update.snapshot_done = snapshot_done;
  return update;
}

class WatchTest : public testing::Test {
 protected:
  WatchTest()
      : server_([this](ServedMethods& methods) {
          methods.watch = [this](const v1::WatchStockRequest& request) {
            asked_ = request;
            return std::make_unique<StockStream>(std::make_unique<Script::Watch>(script_));
          };
        }) {
    context_.set_deadline(std::chrono::system_clock::now() + kPatience);
  }

  void Open() {
    v1::WatchStockRequest request;
    request.add_book_ids(1);
    request.set_min_interval_ms(50);
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
  v1::WatchStockRequest asked_;
  TestServer server_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<v1::WatchStockResponse>> stream_;
};

TEST_F(WatchTest, UpdatesComeInOrder) {
  script_.Push(OneChange(10));
  script_.Push(OneChange(9, /*snapshot_done=*/true));
  Open();
  const v1::WatchStockResponse first = Read();
  ASSERT_EQ(first.changes_size(), 1);
  EXPECT_EQ(first.changes(0).book_id(), 1u);
  EXPECT_EQ(first.changes(0).stock(), 10);
  EXPECT_EQ(first.changes(0).locked_stock(), 2);
  EXPECT_EQ(first.changes(0).total_stock(), 12);
  EXPECT_EQ(first.changes(0).sequence(), 9u);
  EXPECT_TRUE(first.changes(0).low());
  EXPECT_FALSE(first.snapshot_done());
  EXPECT_EQ(asked_.book_ids(0), 1u);
  EXPECT_EQ(asked_.min_interval_ms(), 50u);
  EXPECT_TRUE(Read().snapshot_done());
  script_.Push(OneChange(8));
  EXPECT_EQ(Read().changes(0).stock(), 8);
}

TEST_F(WatchTest, ManyUpdatesFromAnotherThreadAllArrive) {
  Open();
  constexpr Quantity kUpdates = 2'000;
  std::thread pusher([this] {
    for (Quantity i = 1; i <= kUpdates; ++i) script_.Push(OneChange(i));
  });
  for (Quantity i = 1; i <= kUpdates; ++i) ASSERT_EQ(Read().changes(0).stock(), i);
  pusher.join();
}

TEST_F(WatchTest, AClientThatCancelsEndsTheWatch) {
  script_.Push(OneChange(10));
  Open();
  Read();
  context_.TryCancel();
  EXPECT_EQ(ReadTheEnd().error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_TRUE(script_.WaitUntilDropped());
}

TEST_F(WatchTest, AClientThatIsGoneEndsTheWatch) {
  script_.Push(OneChange(10));
  Open();
  Read();
  context_.TryCancel();
  stream_->Finish().ok();
  stream_.reset();
  EXPECT_TRUE(script_.WaitUntilDropped());
}

TEST_F(WatchTest, AClientWhoseTimeIsUpEndsTheWatch) {
  context_.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(100));
  Open();
  EXPECT_EQ(ReadTheEnd().error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  EXPECT_TRUE(script_.WaitUntilDropped());
}

TEST_F(WatchTest, TheServicesEndReachesTheClient) {
  Open();
  script_.Push(OneChange(10));
  script_.Push(absl::ResourceExhaustedError("too slow; watch again"));
  Read();
  const grpc::Status status = ReadTheEnd();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(status.error_message(), "too slow; watch again");
  EXPECT_TRUE(script_.WaitUntilDropped());
}

TEST_F(WatchTest, StopEndsAnOpenWatchAtOnce) {
  script_.Push(OneChange(10));
  Open();
  Read();
  // With a limit that would fail the test if the stream were waited for.
  server_.server->Stop(std::chrono::hours(1));
  const grpc::Status status = ReadTheEnd();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_THAT(status.error_message(), testing::HasSubstr("stopping"));
  EXPECT_TRUE(script_.WaitUntilDropped());
}

}  // namespace
}  // namespace inventory
