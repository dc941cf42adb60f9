#include "redis/event_loop.h"

#include <gmock/gmock.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <chrono>
#include <thread>
#include <vector>

#include "redis/event_loop_impl.h"

namespace inventory {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

TEST(EventLoopTest, RunsWhatWasPostedInOrderAndToTheEnd) {
  constexpr int kThreads = 4;
  constexpr int kTasks = 5'000;
  std::vector<int> seen[kThreads];
  bool last = false;
  {
    EventLoop loop;
    std::vector<std::thread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&, thread] {
        for (int i = 0; i < kTasks; ++i) {
          loop.Post([&seen, thread, i] { seen[thread].push_back(i); });
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    loop.Post([&] { loop.Post([&] { loop.Post([&] { last = true; }); }); });
  }
  for (const std::vector<int>& of_thread : seen) {
    ASSERT_EQ(of_thread.size(), std::size_t{kTasks});
    for (int i = 0; i < kTasks; ++i) ASSERT_EQ(of_thread[static_cast<std::size_t>(i)], i);
  }
  EXPECT_TRUE(last);
}

TEST(EventLoopTest, KnowsItsThread) {
  EventLoop loop;
  EXPECT_FALSE(loop.impl().IsThisThread());
  loop.Post([&] { EXPECT_TRUE(loop.impl().IsThisThread()); });
}

TEST(EventLoopTest, TimersRunInTheOrderOfTheirTimesUnlessStopped) {
  std::vector<int> seen;
  int pipe_ends[2];  // written by the last timer
  ASSERT_EQ(pipe(pipe_ends), 0);
  EventLoop loop;
  loop.Post([&] {
    EventLoop::Impl& impl = loop.impl();
    const steady_clock::time_point now = steady_clock::now();
    impl.StartTimer(now + milliseconds(3), [&] {
      seen.push_back(3);
      EXPECT_EQ(write(pipe_ends[1], "x", 1), 1);
    });
    const auto stopped = impl.StartTimer(now + milliseconds(2), [&] { seen.push_back(2); });
    impl.StartTimer(now, [&] { seen.push_back(0); });
    impl.StartTimer(now + milliseconds(1), [&seen, &impl, stopped] {
      seen.push_back(1);
      impl.StopTimer(stopped);
    });
  });
  char byte = 0;
  EXPECT_EQ(read(pipe_ends[0], &byte, 1), 1);
  EXPECT_THAT(seen, testing::ElementsAre(0, 1, 3));
  close(pipe_ends[0]);
  close(pipe_ends[1]);
}

TEST(EventLoopTest, TellsOfADescriptorUntilItIsUnwatched) {
  int to_loop[2];
  int from_loop[2];
  ASSERT_EQ(pipe(to_loop), 0);
  ASSERT_EQ(pipe(from_loop), 0);
  EventLoop::Impl::WatchId watch = 0;
  {
    EventLoop loop;
    loop.Post([&] {
      watch = loop.impl().Watch(to_loop[0], EPOLLIN, [&](std::uint32_t events) {
        EXPECT_EQ(events, std::uint32_t{EPOLLIN});
        char byte = 0;
        EXPECT_EQ(read(to_loop[0], &byte, 1), 1);
        EXPECT_EQ(write(from_loop[1], &byte, 1), 1);
        if (byte == 'b') loop.impl().Unwatch(watch);
      });
    });
    ASSERT_EQ(write(to_loop[1], "abc", 3), 3);
    char bytes[2];
    for (char& byte : bytes) ASSERT_EQ(read(from_loop[0], &byte, 1), 1);
    EXPECT_EQ(std::string(bytes, 2), "ab");
  }
  char rest = 0;
  EXPECT_EQ(read(to_loop[0], &rest, 1), 1);
  EXPECT_EQ(rest, 'c');
  for (const int end : {to_loop[0], to_loop[1], from_loop[0], from_loop[1]}) close(end);
}

}  // namespace
}  // namespace inventory
