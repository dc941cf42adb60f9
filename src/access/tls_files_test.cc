#include "access/tls_files.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "access/tls_folder_testing.h"
#include "base/status_matchers.h"

namespace inventory {
namespace {

using testing::HasSubstr;

class TlsFilesTest : public testing::Test {
 protected:
  std::string LookTwice() {
    testing::internal::CaptureStderr();
    files.LookAgain();
    files.LookAgain();
    return testing::internal::GetCapturedStderr();
  }

  TlsFolder folder;
  TlsFiles files{folder.certificate(), folder.key()};
};

TEST_F(TlsFilesTest, AReplacedPairIsTakenOver) {
  ASSERT_OK(files.Load());
  const auto before = files.pair();
  EXPECT_EQ(before->certificate, folder.pair.certificate);
  EXPECT_THAT(LookTwice(), testing::IsEmpty());
  EXPECT_EQ(files.pair(), before);
  folder.Replace(files);
  EXPECT_NE(files.pair(), before);
  EXPECT_EQ(files.pair()->certificate, folder.pair.certificate);
  EXPECT_EQ(files.pair()->key, folder.pair.key);
}

TEST_F(TlsFilesTest, HalfAPairIsNotTaken) {
  ASSERT_OK(files.Load());
  const auto before = files.pair();
  const TlsPair next = MakeTlsPair();
  folder.Write({next.certificate, folder.pair.key});
  testing::internal::CaptureStderr();
  files.LookAgain();
  EXPECT_THAT(testing::internal::GetCapturedStderr(), testing::IsEmpty()) << "said too early";
  folder.Write(next);
  LookTwice();
  EXPECT_EQ(files.pair()->key, next.key);
  folder.Write({folder.pair.certificate, next.key});
  EXPECT_THAT(LookTwice(), HasSubstr("is not the key"));
  EXPECT_EQ(files.pair()->key, next.key);
  EXPECT_EQ(files.pair()->certificate, next.certificate);
}

TEST_F(TlsFilesTest, WhatIsNoPairIsSaidAndNotShown) {
  const TlsPair good = folder.pair;
  struct Bad {
    TlsPair pair;
    const char* says;
  };
  const std::string secret = "c2VjcmV0";
  const std::string armour = "-----BEGIN PRIVATE KEY-----\n";
  for (const Bad& bad :
       {Bad{{"", good.key}, "no certificate"}, Bad{{good.key, good.key}, "no certificate"},
        Bad{{good.certificate, ""}, "no private key"},
        Bad{{good.certificate, good.certificate}, "no private key"},
        Bad{{good.certificate, armour + secret + "\n-----END PRIVATE KEY-----\n"},
            "no private key"},
        Bad{{good.certificate, MakeTlsPair().key}, "is not the key"}}) {
    const absl::Status status = CheckPair(bad.pair);
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument, bad.says));
    EXPECT_EQ(status.message().find(secret), absl::string_view::npos);
  }
  EXPECT_OK(CheckPair(good));
  EXPECT_OK(CheckPair({good.certificate + MakeTlsPair().certificate, good.key})) << "a chain";
}

TEST_F(TlsFilesTest, WhatIsWorthKnowingIsLogged) {
  testing::internal::CaptureStderr();
  ASSERT_EQ(chmod(folder.key().c_str(), 0644), 0);
  ASSERT_OK(files.Load());
  std::string log = testing::internal::GetCapturedStderr();
  EXPECT_THAT(log, HasSubstr("may read the key"));
  EXPECT_THAT(log, HasSubstr("a certificate is in force valid_until="));
  folder.Write(MakeTlsPair(-60));
  EXPECT_THAT(LookTwice(), HasSubstr("has ended"));
}

TEST_F(TlsFilesTest, AtTheStartAMissingFileIsAnError) {
  TlsFiles none(folder.certificate(), "/nowhere/key.pem");
  EXPECT_THAT(none.Load(), StatusIs(absl::StatusCode::kFailedPrecondition, "/nowhere/key.pem"));
}

}  // namespace
}  // namespace inventory
