#include "telemetry/log.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <regex>
#include <string>
#include <thread>
#include <vector>

#include "base/status_matchers.h"
#include "telemetry/log_line.h"

namespace inventory {
namespace {

using ::testing::ElementsAre;
using ::testing::MatchesRegex;

TEST(LogLine, WritesTextForPeople) {
  EXPECT_EQ(TextLine("stock is low", {{"book", std::uint64_t{18446744073709551615u}},
                                      {"available", -3},
                                      {"low", true},
                                      {"store", "embedded"},
                                      {"reason", std::string("no section")},
                                      {"empty", ""}}),
            "stock is low book=18446744073709551615 available=-3 low=true store=embedded "
            "reason=\"no section\" empty=\"\"");
}

TEST(LogLine, WritesJsonForPrograms) {
  EXPECT_EQ(JsonLine("库存 \"low\"", {{"book", 7u}, {"low", false}, {"path", "C:\\x"}}),
            R"("message":"库存 \"low\"","book":7,"low":false,"path":"C:\\x")");
}

TEST(LogLine, AValueCannotForgeALine) {
  EXPECT_EQ(TextLine("a\nb", {{"remark", "x\n2026 error y=\"1\""}}),
            R"(a\nb remark="x\n2026 error y=\"1\"")");
  EXPECT_EQ(TextLine("m", {{"escape", std::string_view("\x1b[2J\0", 5)}}),
            R"(m escape="\u001b[2J\u0000")");
  EXPECT_EQ(TextLine("m", {{"bytes", "a\xFF\xE5\xBA"}}), "m bytes=a\uFFFD\uFFFD\uFFFD");
  EXPECT_EQ(JsonLine("m", {{"bytes", "\xC3("}}), "\"message\":\"m\",\"bytes\":\"\uFFFD(\"");
}

class LogTest : public ::testing::Test {
 protected:
  LogTest() {
    std::string name = (std::filesystem::temp_directory_path() / "log_test.XXXXXX").string();
    folder_ = mkdtemp(name.data());
  }
  ~LogTest() override {
    EXPECT_OK(StartLogging({}));
    std::filesystem::remove_all(folder_);
  }

  std::string File() const { return folder_ / "service.log"; }

  std::vector<std::string> Lines() const {
    std::ifstream file(File());
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
  }

  std::filesystem::path folder_;
};

TEST_F(LogTest, TextLinesHaveTimeLevelAndMessage) {
  ASSERT_OK(StartLogging({.level = LogLevel::kInfo, .output = File()}));
  LogDebug("not shown");
  LogInfo("ready", {{"port", 9004}});
  LogWarn("careful");
  LogError("broken");
  const std::string time = R"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z )";
  EXPECT_THAT(Lines(), ElementsAre(MatchesRegex(time + "info ready port=9004"),
                                   MatchesRegex(time + "warning careful"),
                                   MatchesRegex(time + "error broken")));
}

TEST_F(LogTest, JsonLinesAreObjects) {
  ASSERT_OK(StartLogging({.level = LogLevel::kDebug, .json = true, .output = File()}));
  LogDebug("100% {} \"sure\"", {{"port", 9004}});
  EXPECT_THAT(Lines(),
              ElementsAre(MatchesRegex("\\{\"time\":\"[0-9T:.-]+Z\",\"level\":\"debug\","
                                       "\"message\":\"100% \\{\\} .\"sure.\"\",\"port\":9004\\}")));
}

TEST_F(LogTest, AppendsToWhatIsThere) {
  ASSERT_OK(StartLogging({.output = File()}));
  LogInfo("first");
  ASSERT_OK(StartLogging({.output = File()}));
  LogInfo("second");
  EXPECT_EQ(Lines().size(), 2u);
}

TEST_F(LogTest, AFileThatCannotBeOpenedIsAnError) {
  EXPECT_THAT(StartLogging({.output = folder_.string()}),
              StatusIs(absl::StatusCode::kInvalidArgument, "name a file that can be written"));
  LogInfo("the log before stays");
}

TEST_F(LogTest, LinesOfManyThreadsStayWhole) {
  ASSERT_OK(StartLogging({.output = File()}));
  constexpr int kThreads = 4;
  constexpr int kLines = 200;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([thread] {
      for (int i = 0; i < kLines; ++i) LogInfo("line", {{"thread", thread}, {"end", "yes"}});
    });
  }
  for (std::thread& thread : threads) thread.join();
  const std::vector<std::string> lines = Lines();
  EXPECT_EQ(lines.size(), std::size_t{kThreads * kLines});
  const std::regex whole(".*Z info line thread=[0-3] end=yes");
  for (const std::string& line : lines) EXPECT_TRUE(std::regex_match(line, whole)) << line;
}

}  // namespace
}  // namespace inventory
