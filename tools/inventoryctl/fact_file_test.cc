#include "tools/inventoryctl/fact_file.h"

#include <gmock/gmock.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/status_matchers.h"
#include "tools/inventoryctl/fact_file_testing.h"

namespace inventory {
namespace {

// Reads to the end, or to what is wrong; how many facts there were.
absl::StatusOr<int> ReadAll(const std::string& bytes) {
  std::istringstream in(bytes);
  FactFileReader reader(in);
  v1::StockFacts fact;
  for (int facts = 0;; ++facts) {
    const absl::StatusOr<bool> more = reader.Next(fact);
    if (!more.ok()) return more.status();
    if (!*more) return facts;
  }
}

testing::Matcher<const absl::StatusOr<int>&> IsRefused(const std::string& text) {
  return StatusIs(absl::StatusCode::kInvalidArgument, text);
}

TEST(FactFileReader, ReadsAWholeFile) {
  const auto facts = ReadAll(ExportFile({OneMovement()}));
  ASSERT_OK(facts);
  EXPECT_EQ(*facts, 3);
}

TEST(FactFileReader, RefusesEveryFlippedBit) {
  const std::string whole = ExportFile({OneMovement(), OneMovement()});
  for (std::size_t i = 0; i < whole.size() * 8; ++i) {
    std::string flipped = whole;
    flipped[i / 8] = static_cast<char>(flipped[i / 8] ^ (1 << i % 8));
    EXPECT_FALSE(ReadAll(flipped).ok()) << "bit " << i;
  }
}

TEST(FactFileReader, RefusesEveryCut) {
  const std::string whole = ExportFile({OneMovement(), OneMovement()});
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_THAT(ReadAll(whole.substr(0, size)), IsRefused("it was cut short")) << size;
  }
}

TEST(FactFileReader, RefusesAFactThatIsMissingTwiceOrAfterTheEnd) {
  const std::string header = Delimited(Header());
  const std::string movement = Delimited(OneMovement());
  const std::string trailer = ExportFile({OneMovement()}).substr(header.size() + movement.size());
  EXPECT_OK(ReadAll(header + movement + trailer));
  EXPECT_THAT(ReadAll(header + trailer), IsRefused("a part is missing or was changed"));
  EXPECT_THAT(ReadAll(header + movement + movement + trailer), IsRefused("a part is missing"));
  EXPECT_THAT(ReadAll(header + movement + trailer + movement), IsRefused("after the trailer"));
  EXPECT_THAT(ReadAll(movement + trailer), IsRefused("it does not begin as"));
  EXPECT_THAT(ReadAll(header + header), IsRefused("a header is the first"));
}

TEST(FactFileReader, SaysWhatAForeignFileIs) {
  EXPECT_THAT(ReadAll("book_id,quantity\n1,100\n"),
              IsRefused("fact 1, at byte 0: it does not begin as"));
  EXPECT_THAT(ReadAll("{\"header\":{\"format\":1}}\n"), IsRefused("or no export"));
  EXPECT_THAT(ReadAll(std::string(1'000, '\xff')), IsRefused("longer than any fact"));
  v1::StockFacts newer;
  newer.mutable_header()->set_format(2);
  EXPECT_THAT(ReadAll(Delimited(newer)), IsRefused("format 2, this program reads format 1"));
}

class FactFileWriterTest : public testing::Test {
 protected:
  FactFileWriterTest() {
    std::string folder = testing::TempDir() + "/fact_file.XXXXXX";
    folder_ = ::mkdtemp(folder.data());
    path_ = folder_ + "/stock";
  }
  ~FactFileWriterTest() override { std::filesystem::remove_all(folder_); }

  static std::string Read(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    std::stringstream bytes;
    bytes << in.rdbuf();
    return bytes.str();
  }

  std::string folder_;
  std::string path_;
};

TEST_F(FactFileWriterTest, TheFileHasItsNameOnlyWhenItIsWhole) {
  auto writer = FactFileWriter::Create(path_, false);
  ASSERT_OK(writer);
  ASSERT_OK((*writer)->Write("first "));
  ASSERT_OK((*writer)->Write(std::string(3'000'000, 'x')));
  EXPECT_FALSE(std::filesystem::exists(path_));
  EXPECT_TRUE(std::filesystem::exists(path_ + ".part"));
  ASSERT_OK((*writer)->Commit());
  EXPECT_EQ(Read(path_), "first " + std::string(3'000'000, 'x'));
  writer->reset();
  EXPECT_TRUE(std::filesystem::exists(path_));
  EXPECT_FALSE(std::filesystem::exists(path_ + ".part"));
}

TEST_F(FactFileWriterTest, WhatWasNotCommittedIsRemoved) {
  auto writer = FactFileWriter::Create(path_, false);
  ASSERT_OK(writer);
  ASSERT_OK((*writer)->Write("half"));
  writer->reset();
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

TEST_F(FactFileWriterTest, AFileThatIsThereStays) {
  std::ofstream(path_) << "before";
  EXPECT_THAT(FactFileWriter::Create(path_, false),
              StatusIs(absl::StatusCode::kAlreadyExists, "--force"));
  {
    auto broken_off = FactFileWriter::Create(path_, true);
    ASSERT_OK(broken_off);
  }
  EXPECT_EQ(Read(path_), "before");
  auto writer = FactFileWriter::Create(path_, true);
  ASSERT_OK(writer);
  ASSERT_OK((*writer)->Write("after"));
  ASSERT_OK((*writer)->Commit());
  EXPECT_EQ(Read(path_), "after");
}

TEST_F(FactFileWriterTest, AnotherExportIsNotTrampledOn) {
  auto one = FactFileWriter::Create(path_, false);
  ASSERT_OK(one);
  EXPECT_THAT(FactFileWriter::Create(path_, false),
              StatusIs(absl::StatusCode::kAlreadyExists, "stock.part: is there already"));
  ASSERT_OK((*one)->Commit());
}

TEST_F(FactFileWriterTest, AFolderThatIsNotThereIsSaid) {
  EXPECT_THAT(FactFileWriter::Create(folder_ + "/none/stock", false),
              StatusIs(absl::StatusCode::kPermissionDenied, "none/stock.part: cannot make it"));
}

}  // namespace
}  // namespace inventory
