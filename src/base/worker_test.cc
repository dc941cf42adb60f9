#include "base/worker.h"

#include <gtest/gtest.h>

#include <future>
#include <vector>

namespace inventory {
namespace {

TEST(Worker, RunsTasksInOrderAndFinishesThemBeforeItStops) {
  std::vector<int> ran;
  Worker worker("test", 1'000);
  for (int i = 0; i < 100; ++i) {
    worker.Post([&ran, i](const absl::Status& status) {
      if (status.ok()) ran.push_back(i);
    });
  }
  worker.Stop();
  ASSERT_EQ(ran.size(), 100u);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(ran[static_cast<std::size_t>(i)], i);
}

TEST(Worker, AnswersWhatItWillNotRun) {
  Worker worker("test", 2);
  std::promise<void> started;
  std::promise<void> go_on;
  worker.Post([&](const absl::Status&) {
    started.set_value();
    go_on.get_future().wait();
  });
  started.get_future().wait();
  worker.Post([](const absl::Status&) {});
  worker.Post([](const absl::Status&) {});
  absl::Status refused;
  worker.Post([&](const absl::Status& status) { refused = status; });
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
  go_on.set_value();
  worker.Stop();
  worker.Post([&](const absl::Status& status) { refused = status; });
  EXPECT_EQ(refused.code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace inventory
