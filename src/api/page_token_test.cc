#include "api/page_token.h"

#include <gmock/gmock.h>

#include <optional>

namespace inventory {
namespace {

MovementQuery SomeLogs() {
  MovementQuery query;
  query.book = 7;
  query.order = 0xFFFF'FFFF'FFFF'FFFFu;
  query.type = ChangeType::kRelease;
  query.since = 1'700'000'000'000;
  query.until = 1'800'000'000'000;
  return query;
}

std::string SomeToken() {
  MovementQuery query = SomeLogs();
  query.below_sequence = 42;
  return MakePageToken(query);
}

TEST(PageTokenTest, LogsGoOnWhereTheyStopped) {
  MovementQuery query = SomeLogs();
  query.limit = 5;
  ASSERT_TRUE(ContinueFrom(SomeToken(), query));
  EXPECT_EQ(query.below_sequence, 42u);
  EXPECT_EQ(query.limit, 5) << "a page's size may change on the way";
}

TEST(PageTokenTest, StockGoesOnWhereItStopped) {
  StockListQuery query;
  query.after = 0xFEDC'BA98'7654'3210u;
  const std::string token = MakePageToken(query);
  StockListQuery next;
  ASSERT_TRUE(ContinueFrom(token, next));
  EXPECT_EQ(next.after, 0xFEDC'BA98'7654'3210u);
}

TEST(PageTokenTest, IsATextForUrls) {
  EXPECT_THAT(SomeToken(), testing::MatchesRegex("[A-Za-z0-9_-]+"));
  EXPECT_LT(SomeToken().size(), 100u);
}

TEST(PageTokenTest, BelongsToItsBookAndFilters) {
  const std::string token = SomeToken();
  MovementQuery query = SomeLogs();
  query.book = 8;
  EXPECT_FALSE(ContinueFrom(token, query));
  query = SomeLogs();
  query.order = 1;
  EXPECT_FALSE(ContinueFrom(token, query));
  query = SomeLogs();
  query.type = std::nullopt;
  EXPECT_FALSE(ContinueFrom(token, query));
  query = SomeLogs();
  query.since = 1;
  EXPECT_FALSE(ContinueFrom(token, query));
  query = SomeLogs();
  query.until = 0;
  EXPECT_FALSE(ContinueFrom(token, query));
  EXPECT_EQ(query.below_sequence, 0u) << "a refused token changes nothing";
}

TEST(PageTokenTest, BelongsToItsList) {
  StockListQuery stock;
  EXPECT_FALSE(ContinueFrom(SomeToken(), stock));
  stock.after = 5;
  MovementQuery logs;
  EXPECT_FALSE(ContinueFrom(MakePageToken(stock), logs));
  StockListQuery low;
  low.below = 10;
  EXPECT_FALSE(ContinueFrom(MakePageToken(stock), low));
}

// The threshold may be configured anew between two pages.
TEST(PageTokenTest, OutlivesAnotherThreshold) {
  StockListQuery query;
  query.below = 10;
  query.after = 5;
  StockListQuery later;
  later.below = 20;
  EXPECT_TRUE(ContinueFrom(MakePageToken(query), later));
}

TEST(PageTokenTest, GarbageIsRefused) {
  MovementQuery query = SomeLogs();
  const std::string token = SomeToken();
  for (const std::string& garbage :
       {std::string(), std::string("?"), std::string("abc"), std::string(4'000, 'A'), token + "A",
        token.substr(0, token.size() - 1), std::string("\xFF\xFE"),
        std::string(token.size(), 'A')}) {
    EXPECT_FALSE(ContinueFrom(garbage, query)) << garbage;
  }
}

TEST(PageTokenTest, OneChangedCharacterIsRefused) {
  const std::string token = SomeToken();
  MovementQuery query = SomeLogs();
  // The last character of some lengths holds bits that mean nothing, so it is left out.
  for (std::size_t i = 0; i + 1 < token.size(); ++i) {
    std::string changed = token;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(ContinueFrom(changed, query)) << "character " << i;
  }
}

}  // namespace
}  // namespace inventory
