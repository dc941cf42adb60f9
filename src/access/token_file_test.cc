#include "access/token_file.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "base/status_matchers.h"
#include "tests/support/temp_folder.h"

namespace inventory {
namespace {

using testing::HasSubstr;
using testing::Not;

const std::string kOld = "old-token-0123456789";
const std::string kNew = "new-token-0123456789";

class TokenFileTest : public testing::Test {
 protected:
  void Write(const std::string& text) { std::ofstream(path) << text; }
  bool IsKnown(const std::string& token) {
    return access
        .Admit(Role::kViewer, "Bearer " + token, {"a call", [] { return std::string("peer"); }})
        .ok();
  }
  // What the log says of two looks, which is what a change takes.
  std::string LookTwice() {
    testing::internal::CaptureStderr();
    file.LookAgain();
    file.LookAgain();
    return testing::internal::GetCapturedStderr();
  }

  TempFolder folder;
  const std::string path = folder.path() + "/tokens";
  Access access;
  TokenFile file{path, access};
};

TEST_F(TokenFileTest, AChangedFileIsTakenOver) {
  Write("anna viewer " + kOld);
  ASSERT_OK(file.Load());
  EXPECT_TRUE(IsKnown(kOld));
  EXPECT_THAT(LookTwice(), testing::IsEmpty());
  Write("anna viewer " + kNew);
  file.LookAgain();
  EXPECT_TRUE(IsKnown(kOld)) << "a file that may still be being written was taken";
  file.LookAgain();
  EXPECT_FALSE(IsKnown(kOld));
  EXPECT_TRUE(IsKnown(kNew));
}

TEST_F(TokenFileTest, AFileThatIsReplacedIsTakenOver) {
  Write("anna viewer " + kOld);
  ASSERT_OK(file.Load());
  std::ofstream(path + ".new") << "anna viewer " + kNew;
  std::filesystem::rename(path + ".new", path);
  LookTwice();
  EXPECT_TRUE(IsKnown(kNew));
}

TEST_F(TokenFileTest, FromABadFileNothingIsTakenAndItIsSaidOnce) {
  Write("anna viewer " + kOld);
  ASSERT_OK(file.Load());
  for (const std::string& bad : {"anna viewer " + kNew + "\nshop " + kNew, std::string()}) {
    Write(bad);
    EXPECT_THAT(LookTwice(), HasSubstr("stay as they were"));
    EXPECT_THAT(LookTwice(), testing::IsEmpty());
    EXPECT_TRUE(IsKnown(kOld));
    EXPECT_FALSE(IsKnown(kNew));
  }
  std::filesystem::remove(path);
  const std::string log = LookTwice();
  EXPECT_THAT(log, HasSubstr("cannot be read"));
  EXPECT_THAT(log, Not(HasSubstr(kNew)));
  EXPECT_TRUE(IsKnown(kOld));
  Write("anna viewer " + kNew);
  LookTwice();
  EXPECT_TRUE(IsKnown(kNew));
}

TEST_F(TokenFileTest, AtTheStartABadFileIsAnError) {
  EXPECT_THAT(file.Load(), StatusIs(absl::StatusCode::kFailedPrecondition, path));
  Write("anna viewer short");
  EXPECT_THAT(file.Load(), StatusIs(absl::StatusCode::kInvalidArgument, path + ":1: the token"));
  Write("");
  EXPECT_THAT(file.Load(), StatusIs(absl::StatusCode::kInvalidArgument, "no token"));
  Write(std::string((1 << 20) + 1, '\n'));
  EXPECT_THAT(file.Load(), StatusIs(absl::StatusCode::kFailedPrecondition, "larger than"));
  EXPECT_TRUE(access.open());
}

TEST_F(TokenFileTest, AFileThatEverybodyMayReadIsWarnedOf) {
  Write("anna viewer " + kOld);
  for (const auto& [mode, warns] : {std::pair(0644, true), std::pair(0640, false)}) {
    ASSERT_EQ(chmod(path.c_str(), static_cast<mode_t>(mode)), 0);
    testing::internal::CaptureStderr();
    ASSERT_OK(file.Load());
    EXPECT_EQ(
        testing::internal::GetCapturedStderr().find("may read the tokens") != std::string::npos,
        warns);
  }
}

}  // namespace
}  // namespace inventory
