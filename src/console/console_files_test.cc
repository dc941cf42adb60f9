#include "console/console_files.h"

#include <gmock/gmock.h>

#include <set>
#include <string>

namespace inventory {
namespace {

using testing::HasSubstr;
using testing::IsNull;
using testing::Not;
using testing::NotNull;

// Every `/console/<version>/x` that the page names.
std::set<std::string> NamedByThePage() {
  const std::string prefix = "/console/" + ConsoleVersion() + "/";
  std::set<std::string> names;
  for (std::size_t at = 0; (at = ConsolePage().find(prefix, at)) != std::string::npos;) {
    at += prefix.size();
    names.insert(ConsolePage().substr(at, ConsolePage().find('"', at) - at));
  }
  return names;
}

TEST(ConsoleFiles, ThePageNamesFilesThatAreThere) {
  const std::set<std::string> names = NamedByThePage();
  EXPECT_THAT(names, testing::IsSupersetOf({"app.js", "chart.js", "theme.js", "tokens.css"}));
  for (const std::string& name : names) EXPECT_THAT(FindConsoleFile(name), NotNull()) << name;
}

TEST(ConsoleFiles, ThePageKnowsItsVersion) {
  EXPECT_THAT(ConsolePage(), Not(HasSubstr("{{")));
  EXPECT_EQ(ConsoleVersion().size(), 16U);
}

// A file that the page does not name is reached from a module; here only that folders are kept.
TEST(ConsoleFiles, NamesKeepTheirFolders) {
  EXPECT_THAT(FindConsoleFile("views/stock.js"), NotNull());
  EXPECT_THAT(FindConsoleFile("stock.js"), IsNull());
  EXPECT_THAT(FindConsoleFile("index.html"), IsNull());
  EXPECT_THAT(FindConsoleFile(""), IsNull());
}

TEST(ConsoleFiles, ChartJsComesWithItsLicence) {
  EXPECT_THAT(std::string(FindConsoleFile("chart.js")->text.substr(0, 300)),
              HasSubstr("Released under the MIT License"));
}

}  // namespace
}  // namespace inventory
