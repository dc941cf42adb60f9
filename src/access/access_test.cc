#include "access/access.h"

#include <gmock/gmock.h>

#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_matchers.h"

namespace inventory {
namespace {

const std::string kViewer = "viewer-token-0123456789";
const std::string kSeller = "seller-token-0123456789";
const std::string kOperator = "operator-token-0123456789";

TokenList Tokens(const std::string& text) {
  absl::StatusOr<TokenList> list = TokenList::Parse(text, ';', "test");
  EXPECT_OK(list);
  return *std::move(list);
}

class AccessTest : public testing::Test {
 protected:
  void GiveTokens() {
    access.SetTokens(Tokens(absl::StrCat("eye viewer ", kViewer, ";shop seller ", kSeller,
                                         ";anna operator ", kOperator)));
  }
  absl::StatusOr<Access::Actor> Admit(Role needed, std::optional<std::string_view> authorization) {
    return access.Admit(needed, authorization, {"POST /restock", [] { return "peer"; }});
  }
  absl::StatusOr<Access::Actor> Bear(Role needed, const std::string& token) {
    return Admit(needed, "Bearer " + token);
  }

  Access access;
};

TEST_F(AccessTest, WithoutTokensEverybodyMayDoEverything) {
  EXPECT_TRUE(access.open());
  for (const Role role : {Role::kAnyone, Role::kViewer, Role::kSeller, Role::kOperator}) {
    const auto actor = Admit(role, std::nullopt);
    ASSERT_OK(actor);
    EXPECT_EQ(*actor, nullptr);
  }
  EXPECT_OK(Bear(Role::kOperator, "whatever"));
}

TEST_F(AccessTest, EachRoleMayDoItsOwnAndRead) {
  GiveTokens();
  EXPECT_FALSE(access.open());
  struct Row {
    Role needed;
    bool viewer, seller, is_operator;
  };
  for (const Row& row :
       {Row{Role::kAnyone, true, true, true}, Row{Role::kViewer, true, true, true},
        Row{Role::kSeller, false, true, false}, Row{Role::kOperator, false, false, true}}) {
    SCOPED_TRACE(RoleName(row.needed));
    EXPECT_EQ(Bear(row.needed, kViewer).ok(), row.viewer);
    EXPECT_EQ(Bear(row.needed, kSeller).ok(), row.seller);
    EXPECT_EQ(Bear(row.needed, kOperator).ok(), row.is_operator);
  }
}

TEST_F(AccessTest, TheActorIsTheTokensName) {
  GiveTokens();
  const auto actor = Bear(Role::kSeller, kSeller);
  ASSERT_OK(actor);
  EXPECT_EQ(**actor, "shop");
}

TEST_F(AccessTest, HealthNeedsNoToken) {
  GiveTokens();
  EXPECT_OK(Admit(Role::kAnyone, std::nullopt));
  EXPECT_OK(Bear(Role::kAnyone, "of another service"));
}

TEST_F(AccessTest, WhatIsNoKnownTokenIsUnauthenticated) {
  GiveTokens();
  EXPECT_THAT(Admit(Role::kViewer, std::nullopt),
              StatusIs(absl::StatusCode::kUnauthenticated, "role viewer"));
  for (const std::string& field :
       {std::string(), kViewer, "Basic " + kViewer, std::string("Bearer"), std::string("Bearer  "),
        "Bearer" + kViewer}) {
    EXPECT_THAT(Admit(Role::kViewer, field),
                StatusIs(absl::StatusCode::kUnauthenticated, "Bearer TOKEN"))
        << field;
  }
  EXPECT_EQ(access.Figures().no_token, 7u);
  EXPECT_THAT(Bear(Role::kViewer, kViewer + "x"),
              StatusIs(absl::StatusCode::kUnauthenticated, "not known"));
  EXPECT_THAT(Bear(Role::kViewer, kViewer + ", Bearer " + kViewer),
              StatusIs(absl::StatusCode::kUnauthenticated, "not known"));
  EXPECT_EQ(access.Figures().unknown_token, 2u);
  EXPECT_OK(Admit(Role::kViewer, "bearer  " + kViewer));
}

TEST_F(AccessTest, TheWrongRoleIsToldWhichOneIsNeeded) {
  GiveTokens();
  const auto refused = Bear(Role::kOperator, kSeller);
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kPermissionDenied, "needs the role operator"));
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kPermissionDenied, "shop has seller"));
  EXPECT_EQ(access.Figures().wrong_role, 1u);
}

TEST_F(AccessTest, RefusalsAreLoggedWithoutTheSecretAndNotWithoutEnd) {
  GiveTokens();
  testing::internal::CaptureStderr();
  Bear(Role::kOperator, kSeller).IgnoreError();
  Bear(Role::kViewer, "unknown-secret-0123456789").IgnoreError();
  for (int i = 0; i < 1'000; ++i) Bear(Role::kViewer, "unknown-secret-0123456789").IgnoreError();
  access.NoteTokenInUrl({"GET /stock", [] { return "peer"; }});
  access.NoteForeignPage({"GET /stock", [] { return "peer"; }});
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_THAT(log, testing::HasSubstr("reason=\"wrong role\" call=\"POST /restock\" peer=peer "
                                      "token=shop"));
  EXPECT_THAT(log, testing::HasSubstr("reason=\"unknown token\""));
  EXPECT_THAT(log, testing::Not(testing::HasSubstr("secret")));
  EXPECT_THAT(log, testing::Not(testing::HasSubstr(kSeller)));
  const auto lines = std::count(log.begin(), log.end(), '\n');
  EXPECT_LT(lines, 500);
  EXPECT_EQ(access.Figures().unknown_token, 1'001u);
  EXPECT_EQ(access.Figures().token_in_url, 1u);
  EXPECT_EQ(access.Figures().foreign_page, 1u);
}

TEST_F(AccessTest, TokensAreReplacedWhileCallsAreDecided) {
  GiveTokens();
  std::vector<std::thread> callers;
  for (int i = 0; i < 3; ++i) {
    callers.emplace_back([this] {
      for (int call = 0; call < 500; ++call) EXPECT_OK(Bear(Role::kSeller, kSeller));
    });
  }
  for (int i = 0; i < 100; ++i) GiveTokens();
  for (std::thread& caller : callers) caller.join();
  access.SetTokens(Tokens("anna operator " + kOperator));
  EXPECT_THAT(Bear(Role::kSeller, kSeller), StatusIs(absl::StatusCode::kUnauthenticated, ""));
}

TEST(LineBudgetTest, SoManyLinesASecondAndTheRestIsCounted) {
  using std::chrono::milliseconds;
  LineBudget budget(2);
  const LineBudget::Time start{};
  EXPECT_EQ(budget.Take(start), 0u);
  EXPECT_EQ(budget.Take(start), 0u);
  EXPECT_EQ(budget.Take(start + milliseconds(500)), std::nullopt);
  EXPECT_EQ(budget.Take(start + milliseconds(999)), std::nullopt);
  EXPECT_EQ(budget.Take(start + milliseconds(1'000)), 2u);
  EXPECT_EQ(budget.Take(start + milliseconds(1'001)), 0u);
  EXPECT_EQ(budget.Take(start + milliseconds(1'002)), std::nullopt);
}

}  // namespace
}  // namespace inventory
