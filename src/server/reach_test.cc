#include "server/reach.h"

#include <gmock/gmock.h>

#include "base/status_matchers.h"

namespace inventory {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

class ReachTest : public testing::Test {
 protected:
  // The gRPC listener's address for that wish; or what stands in its way.
  std::string For(const std::string& wish) {
    config.server_address = wish;
    const auto reach = DecideReach(config);
    if (!reach.ok()) return std::string(reach.status().message());
    warning = reach->warning;
    return reach->server_address;
  }

  Config config;
  std::string warning;
};

TEST_F(ReachTest, WithoutTokensThisMachineAloneIsListenedTo) {
  for (const char* everywhere : {"0.0.0.0", "::", "0:0:0::0"}) {
    EXPECT_EQ(For(everywhere), "127.0.0.1");
    EXPECT_THAT(warning, HasSubstr("access.open_to_network: true"));
    EXPECT_THAT(warning, HasSubstr("access.tokens_file"));
  }
  config.http_address = "127.0.0.1";
  for (const char* here : {"127.0.0.1", "127.8.8.8", "::1", "localhost"}) {
    EXPECT_EQ(For(here), here);
    EXPECT_THAT(warning, IsEmpty());
  }
  for (const char* elsewhere :
       {"10.0.0.7", "126.0.0.1", "128.0.0.1", "192.0.2.1", "fe80::1", "::ffff:10.0.0.1", "shop",
        "127.1", "0", "localhost.example", "127.0.0.1.example"}) {
    EXPECT_THAT(For(elsewhere), HasSubstr("server.address: "));
    EXPECT_THAT(For(elsewhere), HasSubstr("access.open_to_network: true"));
  }
}

TEST_F(ReachTest, AWordOpensItAndIsWarnedOf) {
  config.access_open_to_network = true;
  EXPECT_EQ(For("0.0.0.0"), "0.0.0.0");
  EXPECT_THAT(warning, HasSubstr("may do everything"));
  EXPECT_EQ(For("10.0.0.7"), "10.0.0.7");
}

TEST_F(ReachTest, TokensDoNotCrossTheNetworkReadable) {
  for (std::string Config::*setting : {&Config::access_tokens, &Config::access_tokens_file}) {
    config = Config();
    config.access_open_to_network = true;  // is about having no tokens
    config.*setting = "some";
    EXPECT_EQ(For("0.0.0.0"), "127.0.0.1");
    EXPECT_THAT(warning, HasSubstr("access.allow_plaintext_tokens: true"));
    EXPECT_THAT(For("10.0.0.7"), HasSubstr("access.allow_plaintext_tokens: true"));
    config.access_allow_plaintext_tokens = true;
    EXPECT_EQ(For("0.0.0.0"), "0.0.0.0");
    EXPECT_THAT(warning, HasSubstr("can read the tokens"));
  }
}

TEST_F(ReachTest, TokensOverTlsMayCrossTheNetwork) {
  config.tls_certificate = "some";
  EXPECT_EQ(For("0.0.0.0"), "127.0.0.1");
  EXPECT_THAT(warning, HasSubstr("access.open_to_network: true"));
  config.access_tokens = "some";
  EXPECT_EQ(For("0.0.0.0"), "0.0.0.0");
  EXPECT_THAT(warning, IsEmpty());
  EXPECT_EQ(For("10.0.0.7"), "10.0.0.7");
}

TEST_F(ReachTest, TheGatewayKeepsToTheSameRule) {
  config.server_address = "127.0.0.1";
  auto reach = DecideReach(config);
  ASSERT_OK(reach);
  EXPECT_EQ(reach->http_address, "127.0.0.1");
  EXPECT_THAT(reach->warning, HasSubstr("only this machine"));
  config.http_address = "10.0.0.7";
  EXPECT_THAT(DecideReach(config),
              StatusIs(absl::StatusCode::kInvalidArgument, "http.address: 10.0.0.7"));
  config.http_port = 0;
  reach = DecideReach(config);
  ASSERT_OK(reach);
  EXPECT_THAT(reach->warning, IsEmpty());
  config.http_port = 9080;
  config.access_open_to_network = true;
  reach = DecideReach(config);
  ASSERT_OK(reach);
  EXPECT_EQ(reach->http_address, "10.0.0.7");
  EXPECT_THAT(reach->warning, HasSubstr("may do everything"));
}

}  // namespace
}  // namespace inventory
