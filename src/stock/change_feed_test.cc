#include "stock/change_feed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace inventory {
namespace {

using testing::ElementsAre;
using testing::FieldsAre;
using testing::IsEmpty;

class Recorder : public StockObserver {
 public:
  void OnChanges(const std::vector<StockChanged>& changes) override {
    told.insert(told.end(), changes.begin(), changes.end());
  }
  std::vector<StockChanged> told;
};

class ChangeFeedTest : public testing::Test {
 protected:
  ChangeFeedTest() { feed_.Observe(&recorder_); }
  static Balance At(std::uint64_t sequence, Quantity available) { return {available, 0, sequence}; }

  ChangeFeed feed_;
  Recorder recorder_;
};

TEST_F(ChangeFeedTest, TellsOwnChangesOneByOne) {
  feed_.Publish({{1, 10, At(2, 9)}, {1, 9, At(3, 8)}, {2, 5, At(7, 4)}});
  EXPECT_THAT(recorder_.told, ElementsAre(FieldsAre(1, 10, At(2, 9)), FieldsAre(1, 9, At(3, 8)),
                                          FieldsAre(2, 5, At(7, 4))));
}

TEST_F(ChangeFeedTest, WhatIsFoundIsOneChangeFromTheStateToldLast) {
  feed_.Publish({{1, 10, At(2, 9)}});
  feed_.PublishFound({{1, true, At(5, 3)}});
  EXPECT_THAT(recorder_.told, ElementsAre(FieldsAre(1, 10, At(2, 9)), FieldsAre(1, 9, At(5, 3))));
}

TEST_F(ChangeFeedTest, ABookFirstFoundChangedNothingSinceWhatItWasIsNotKnown) {
  feed_.PublishFound({{1, true, At(5, 3)}});
  EXPECT_THAT(recorder_.told, ElementsAre(FieldsAre(1, 3, At(5, 3))));
}

TEST_F(ChangeFeedTest, AnOlderStateNeverFollowsANewerOne) {
  feed_.PublishFound({{1, true, At(5, 3)}});
  recorder_.told.clear();
  feed_.PublishFound({{1, true, At(5, 3)}});
  feed_.Publish({{1, 4, At(4, 4)}, {1, 4, At(5, 3)}});
  EXPECT_THAT(recorder_.told, IsEmpty());
  feed_.Publish({{1, 3, At(6, 2)}});
  EXPECT_THAT(recorder_.told, ElementsAre(FieldsAre(1, 3, At(6, 2))));
}

TEST_F(ChangeFeedTest, WithoutAnObserverItRemembersAllTheSame) {
  feed_.Observe(nullptr);
  feed_.Publish({{1, 10, At(2, 9)}});
  feed_.Observe(&recorder_);
  feed_.PublishFound({{1, true, At(2, 9)}});
  EXPECT_THAT(recorder_.told, IsEmpty());
}

}  // namespace
}  // namespace inventory
