#include "mysql/migrations.h"

#include <gmock/gmock.h>

namespace inventory {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(SplitStatementsTest, CutsAtSemicolons) {
  EXPECT_THAT(SplitStatements("A;\n\nB\n  c;D"), ElementsAre("A", "B\n  c", "D"));
  EXPECT_THAT(SplitStatements(""), IsEmpty());
  EXPECT_THAT(SplitStatements("A;\n"), ElementsAre("A"));
}

TEST(SplitStatementsTest, LeavesCommentsOut) {
  EXPECT_THAT(SplitStatements("-- it's; one\nA -- b;\nc;-- end"), ElementsAre("A \nc"));
  EXPECT_THAT(SplitStatements("-- only"), IsEmpty());
}

TEST(SplitStatementsTest, KeepsTexts) {
  EXPECT_THAT(SplitStatements("A 'b; -- c' \"d;\" `e;`;F 'it''s; so';G"),
              ElementsAre("A 'b; -- c' \"d;\" `e;`", "F 'it''s; so'", "G"));
}

TEST(MigrationsTest, AreNumberedWithoutAGapAndMakeOrChangeTables) {
  int version = 0;
  for (const Migration& migration : Migrations()) {
    EXPECT_EQ(migration.version, ++version);
    EXPECT_TRUE(migration.name.starts_with("000" + std::to_string(version) + "_"));
    EXPECT_LE(migration.name.size(), 100u);
    const std::vector<std::string> statements = SplitStatements(migration.sql);
    EXPECT_THAT(statements, ::testing::Not(IsEmpty()));
  }
  EXPECT_GE(version, 1);
}

}  // namespace
}  // namespace inventory
