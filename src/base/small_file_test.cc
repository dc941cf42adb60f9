#include "base/small_file.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/status_matchers.h"

namespace inventory {
namespace {

class SmallFileTest : public ::testing::Test {
 protected:
  ~SmallFileTest() override { std::filesystem::remove(path); }

  void Write(const std::string& text) { std::ofstream(path, std::ios::binary) << text; }

  const std::string path =
      std::filesystem::temp_directory_path() / ("small_file_test." + std::to_string(getpid()));
};

TEST_F(SmallFileTest, IsReadAsItStands) {
  const std::string text("a\r\n\0b", 5);
  Write(text);
  EXPECT_EQ(*ReadSmallFile(path, 5), text);
}

TEST_F(SmallFileTest, ALargerOneIsRefused) {
  Write("123456");
  EXPECT_THAT(ReadSmallFile(path, 5),
              StatusIs(absl::StatusCode::kOutOfRange, "larger than 5 bytes"));
}

TEST_F(SmallFileTest, OneThatIsNotThereSaysSo) {
  EXPECT_THAT(ReadSmallFile(path, 5),
              StatusIs(absl::StatusCode::kNotFound, "cannot be read: No such file or directory"));
}

}  // namespace
}  // namespace inventory
