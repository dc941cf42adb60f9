#include "access/token_list.h"

#include <gmock/gmock.h>

#include "absl/strings/str_cat.h"
#include "base/status_matchers.h"

namespace inventory {
namespace {

using testing::HasSubstr;
using testing::Not;

const std::string kAnna = "anna-token-0123456789";
const std::string kShop = "shop-token-0123456789";

absl::StatusOr<TokenList> Parse(const std::string& text, char separator = '\n') {
  return TokenList::Parse(text, separator, "tokens.txt");
}

TEST(TokenListTest, ATokenHasANameAndRoles) {
  const auto list = Parse("# who may call\n\n  anna operator\t" + kAnna + "  \nshop seller " +
                          kShop + "\r\nboth seller,operator both-token-0123456789\n" +
                          "eye viewer eyes-token-0123456789");
  ASSERT_OK(list);
  EXPECT_EQ(list->size(), 4u);
  const TokenHolder* anna = list->Find(kAnna);
  ASSERT_NE(anna, nullptr);
  EXPECT_EQ(*anna->name, "anna");
  EXPECT_TRUE(anna->grants.Include(Role::kOperator));
  EXPECT_TRUE(anna->grants.Include(Role::kViewer));
  EXPECT_FALSE(anna->grants.Include(Role::kSeller));
  const TokenHolder* shop = list->Find(kShop);
  ASSERT_NE(shop, nullptr);
  EXPECT_TRUE(shop->grants.Include(Role::kSeller));
  EXPECT_TRUE(shop->grants.Include(Role::kViewer));
  EXPECT_FALSE(shop->grants.Include(Role::kOperator));
  EXPECT_EQ(list->Find("both-token-0123456789")->grants.Names(), "seller,operator");
  EXPECT_FALSE(list->Find("eyes-token-0123456789")->grants.Include(Role::kSeller));
  EXPECT_TRUE(list->Find("eyes-token-0123456789")->grants.Include(Role::kViewer));
}

TEST(TokenListTest, AnotherTokenIsNotFound) {
  const auto list = Parse("anna operator " + kAnna);
  ASSERT_OK(list);
  for (const std::string& token :
       {std::string(), kShop, kAnna + "0", kAnna.substr(1), "A" + kAnna.substr(1),
        kAnna.substr(0, kAnna.size() - 1), std::string("anna"), kAnna + " ", kAnna + kAnna,
        std::string(kMaxTokenBytes + 1, 'a'), std::string(1 << 20, 'a')}) {
    EXPECT_EQ(list->Find(token), nullptr) << token.substr(0, 300);
  }
}

TEST(TokenListTest, ASettingSeparatesTokensBySemicolons) {
  const auto list = Parse("anna operator " + kAnna + "; shop seller " + kShop + ";", ';');
  ASSERT_OK(list);
  EXPECT_EQ(list->size(), 2u);
  EXPECT_NE(list->Find(kShop), nullptr);
}

TEST(TokenListTest, ATokenAndItsSuccessorMayHaveOneName) {
  const auto list = Parse("anna operator " + kAnna + "\nanna viewer " + kShop);
  ASSERT_OK(list);
  EXPECT_EQ(*list->Find(kAnna)->name, *list->Find(kShop)->name);
}

TEST(TokenListTest, AFaultNamesItsLineAndShowsNothing) {
  const std::string secret = "very-secret-0123456789";
  struct Bad {
    std::string line;
    std::string says;
  };
  const std::vector<Bad> table = {
      {"anna operator", "found 2 words"},
      {"anna operator " + secret + " x", "found 4 words"},
      {secret, "found 1 words"},
      {"a/b operator " + secret, "the name"},
      {std::string(65, 'a') + " operator " + secret, "the name"},
      {"anna " + secret + " operator", "the role"},
      {"anna root " + secret, "the role"},
      {"anna viewer, " + secret, "the role"},
      {"anna operator " + std::string(kMinTokenBytes - 1, 'x'), "the token"},
      {"anna operator " + std::string(kMaxTokenBytes + 1, 'x'), "the token"},
      {"anna operator " + secret + "\"", "the token"},
      {"anna operator " + secret + "\xC3\xA9", "the token"},
      {"anna operator " + kShop, "twice"},
  };
  for (const Bad& bad : table) {
    SCOPED_TRACE(bad.line);
    const auto list = Parse("# first\nshop seller " + kShop + "\n" + bad.line + "\n");
    EXPECT_THAT(list, StatusIs(absl::StatusCode::kInvalidArgument, "tokens.txt:3: "));
    EXPECT_THAT(list, StatusIs(absl::StatusCode::kInvalidArgument, bad.says));
    EXPECT_THAT(std::string(list.status().message()), Not(HasSubstr(secret)));
  }
}

TEST(TokenListTest, NoTokenAtAllIsAFault) {
  for (const char* text : {"", "\n\n", "# anna operator anna-token-0123456789"}) {
    EXPECT_THAT(Parse(text), StatusIs(absl::StatusCode::kInvalidArgument, "no token"));
  }
}

TEST(TokenListTest, TheirNumberHasALimit) {
  std::string text;
  for (std::size_t i = 0; i < kMaxTokens; ++i) {
    absl::StrAppend(&text, "name viewer ", 1'000'000'000'000'000 + i, "\n");
  }
  EXPECT_OK(Parse(text));
  EXPECT_THAT(Parse(text + "anna operator " + kAnna),
              StatusIs(absl::StatusCode::kInvalidArgument, "more than 1000"));
}

}  // namespace
}  // namespace inventory
