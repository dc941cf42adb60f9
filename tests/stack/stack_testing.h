// What tests of more than one store on the same servers share.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/status_matchers.h"
#include "stock/command.h"
#include "stock/stock_store.h"
#include "tests/support/store_calls.h"

namespace inventory {

// Waits until health says `word`.
inline void AwaitHealth(StockStore& store, std::string_view word) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  std::string health;
  do {
    health = std::string(store.Status().health.message());
    std::this_thread::yield();
  } while (health.find(word) == health.npos && std::chrono::steady_clock::now() < end);
  EXPECT_THAT(health, testing::HasSubstr(std::string(word)));
}

// What each command came to; none of them may have a fault.
inline std::vector<Outcome> RunAll(StockStore& store, std::vector<Command> batch) {
  const auto replies = Apply(store, std::move(batch));
  EXPECT_OK(replies);
  std::vector<Outcome> outcomes;
  if (!replies.ok()) return outcomes;
  for (const Reply& reply : *replies) {
    EXPECT_OK(reply.fault);
    outcomes.push_back(reply.outcome);
  }
  return outcomes;
}

}  // namespace inventory
