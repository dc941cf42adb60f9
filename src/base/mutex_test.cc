#include "base/mutex.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace inventory {
namespace {

struct Counter {
  Mutex mutex;
  CondVar changed;
  int value ABSL_GUARDED_BY(mutex) = 0;
};

TEST(Mutex, KeepsOthersOut) {
  Counter counter;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&counter] {
      for (int i = 0; i < 10'000; ++i) {
        MutexLock lock(counter.mutex);
        ++counter.value;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  MutexLock lock(counter.mutex);
  EXPECT_EQ(counter.value, 40'000);
}

TEST(CondVar, WakesAWaiterWhoThenHoldsTheLock) {
  Counter counter;
  std::thread other([&counter] {
    MutexLock lock(counter.mutex);
    counter.value = 1;
    counter.changed.NotifyAll();
    while (counter.value != 2) counter.changed.Wait(counter.mutex);
    counter.value = 3;
    counter.changed.NotifyOne();
  });
  {
    MutexLock lock(counter.mutex);
    while (counter.value != 1) counter.changed.Wait(counter.mutex);
    counter.value = 2;
    counter.changed.NotifyAll();
    while (counter.value != 3) counter.changed.Wait(counter.mutex);
  }
  other.join();
}

TEST(CondVar, WaitForEndsByItself) {
  Counter counter;
  MutexLock lock(counter.mutex);
  counter.changed.WaitFor(counter.mutex, std::chrono::milliseconds(1));
  EXPECT_EQ(counter.value, 0);
}

}  // namespace
}  // namespace inventory
