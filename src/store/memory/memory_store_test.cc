// What is the memory store's own; the port's contract is held by tests/conformance.
#include "store/memory/memory_store.h"

#include <gtest/gtest.h>

#include <optional>

#include "base/status_matchers.h"

namespace inventory {
namespace {

TEST(MemoryStore, SaysThatNothingSurvives) {
  SteadyClock clock;
  const std::unique_ptr<StockStore> store = MakeMemoryStore(clock);
  const StoreStatus status = store->Status();
  EXPECT_EQ(status.name, "memory");
  EXPECT_NE(status.durability.find("nothing survives"), std::string::npos);
  EXPECT_OK(status.health);
}

TEST(MemoryStore, HasNothingToBackUp) {
  SteadyClock clock;
  const std::unique_ptr<StockStore> store = MakeMemoryStore(clock);
  std::optional<absl::Status> answer;
  store->Backup("monday", [&](absl::StatusOr<BackupResult> result) { answer = result.status(); });
  ASSERT_TRUE(answer);
  EXPECT_THAT(*answer, StatusIs(absl::StatusCode::kUnimplemented, "nothing to back up"));
}

TEST(MemoryStore, HasNothingToTakeOver) {
  SteadyClock clock;
  const std::unique_ptr<StockStore> store = MakeMemoryStore(clock);
  std::optional<absl::Status> answer;
  store->Adopt(true, [&](absl::StatusOr<AdoptedStock> result) { answer = result.status(); });
  ASSERT_TRUE(answer);
  EXPECT_THAT(*answer, StatusIs(absl::StatusCode::kUnimplemented, "store: mysql"));
}

TEST(MemoryStore, AnswersBeforeTheCallReturns) {
  SteadyClock clock;
  const std::unique_ptr<StockStore> store = MakeMemoryStore(clock);
  bool answered = false;
  store->Apply({{Restock{1, 5, {}, {}}}}, [&](absl::StatusOr<std::vector<Reply>> replies) {
    answered = replies.ok() && replies->front().available == 5;
  });
  EXPECT_TRUE(answered);
}

}  // namespace
}  // namespace inventory
