#include "client/channel_access.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <fstream>

#include "base/status_matchers.h"
#include "tests/support/temp_folder.h"

namespace inventory {
namespace {

class ChannelAccessTest : public testing::Test {
 protected:
  ChannelAccessTest() { Clear(); }
  ~ChannelAccessTest() override { Clear(); }

  static void Clear() {
    for (const char* name : {"INVENTORY_TOKEN", "INVENTORY_TOKEN_FILE", "INVENTORY_TLS_CA"}) {
      unsetenv(name);
    }
  }
  std::string Write(const std::string& name, const std::string& text) {
    std::ofstream(folder.path() + "/" + name) << text;
    return folder.path() + "/" + name;
  }

  TempFolder folder;
};

TEST_F(ChannelAccessTest, NothingIsShownUnlessItIsGiven) {
  const auto access = ReadChannelAccess();
  ASSERT_OK(access);
  EXPECT_EQ(access->token, "");
  EXPECT_EQ(access->tls_ca, "");
}

TEST_F(ChannelAccessTest, TheTokenIsInTheEnvironmentOrAFile) {
  setenv("INVENTORY_TOKEN_FILE", Write("token", "  of-the-file\n").c_str(), 1);
  EXPECT_EQ(ReadChannelAccess()->token, "of-the-file");
  setenv("INVENTORY_TOKEN", "of-the-environment", 1);
  EXPECT_EQ(ReadChannelAccess()->token, "of-the-environment");
}

TEST_F(ChannelAccessTest, WhomToTrustIsInTheFileThatIsNamed) {
  setenv("INVENTORY_TLS_CA", Write("one.pem", "one").c_str(), 1);
  EXPECT_EQ(ReadChannelAccess()->tls_ca, "one");
  EXPECT_EQ(ReadChannelAccess(Write("two.pem", "two"))->tls_ca, "two");
}

TEST_F(ChannelAccessTest, AFileThatCannotBeReadIsAnError) {
  EXPECT_THAT(ReadChannelAccess("/nowhere/ca.pem"),
              StatusIs(absl::StatusCode::kInvalidArgument, "/nowhere/ca.pem"));
  EXPECT_THAT(ReadChannelAccess(Write("empty", "")),
              StatusIs(absl::StatusCode::kInvalidArgument, "empty"));
  setenv("INVENTORY_TOKEN_FILE", "/nowhere/token", 1);
  EXPECT_THAT(ReadChannelAccess(),
              StatusIs(absl::StatusCode::kInvalidArgument, "INVENTORY_TOKEN_FILE"));
}

}  // namespace
}  // namespace inventory
