#include <gmock/gmock.h>

#include <limits>

#include "absl/strings/str_cat.h"
#include "base/status_matchers.h"
#include "mysql/bulk_insert.h"
#include "mysql/rows.h"
#include "mysql/schema.h"
#include "tests/support/ask_sql.h"
#include "tests/support/mariadb_server.h"

namespace inventory {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

constexpr std::uint64_t kHighest = std::numeric_limits<std::uint64_t>::max();

class BulkInsertTest : public ::testing::Test {
 protected:
  BulkInsertTest() : database_(TestDatabase::Make()) {
    absl::StatusOr<std::unique_ptr<Connection>> opened = Connection::Open(database_.socket_dsn());
    EXPECT_OK(opened);
    connection_ = *std::move(opened);
    EXPECT_TRUE(connection_->takes_bulk());
  }

  std::vector<std::string> Ask(std::string_view sql) { return AskSql(*connection_, sql); }

  TestDatabase database_;
  std::unique_ptr<Connection> connection_;
};

std::vector<Movement> OddMovements() {
  Movement plain;
  plain.book = 1;
  plain.sequence = 1;
  plain.type = ChangeType::kDeduct;
  plain.quantity = 5;
  plain.before = 100;
  plain.after = 95;
  plain.order = 7;
  plain.time = 1'764'149'000'123;
  Movement highest = plain;
  highest.book = highest.sequence = highest.order = kHighest;
  highest.type = ChangeType::kAdjust;
  highest.quantity = highest.before = highest.after = kMaxStock;
  highest.locked_after = kMaxStock;
  highest.time += 1;
  Movement worded = plain;
  worded.sequence = 2;
  worded.order = 0;
  worded.type = ChangeType::kRestock;
  worded.request_id = "it's \\ \"one\"\n";
  worded.remark = std::string(255, 'r');
  worded.actor = "操作员";
  return {plain, highest, worded};
}

std::vector<StoredLine> OddLines() {
  return {{.key = {7, 1}, .line = {LineState::kSoldByDeduct, 5, 0}},
          {.key = {kHighest, kHighest},
           .line = {LineState::kReserved, kMaxStock, kMaxStock},
           .reserved_position = 0},
          {.key = {8, 1}, .line = {LineState::kTombstone, 0, 0}, .reserved_position = 65'535}};
}

// Whatever way rows come, they are the same.
TEST_F(BulkInsertTest, RowsAreThoseOfTheText) {
  ASSERT_OK(PrepareSchema(*connection_, "mysql"));
  std::vector<std::vector<std::string>> seen;
  for (const auto inserts : {RowStatements::Inserts::kText, RowStatements::Inserts::kBulk}) {
    RowStatements statements(inserts);
    for (const Movement& movement : OddMovements()) statements.InsertMovement(movement);
    for (const StoredLine& line : OddLines()) statements.InsertLine(line);
    ASSERT_OK(statements.Run(*connection_, "DO 0"));
    seen.push_back(
        Ask("SELECT CONCAT_WS('|', book_id, sequence, change_type, quantity, before_stock,"
            " after_stock, locked_after, IFNULL(order_id, '-'), IFNULL(HEX(request_id), '-'),"
            " remark, actor, created_at) FROM inventory_logs UNION ALL SELECT CONCAT_WS('|',"
            " order_id, book_id, state, quantity, released_quantity,"
            " IFNULL(reserved_position, '-')) FROM order_lines ORDER BY 1"));
    Ask("DELETE FROM inventory_logs;DELETE FROM order_lines");
  }
  EXPECT_THAT(seen[0], SizeIs(6));
  EXPECT_EQ(seen[0], seen[1]);
}

TEST_F(BulkInsertTest, ManyRowsComeInSeveralPackets) {
  Ask("CREATE TABLE t (id BIGINT UNSIGNED PRIMARY KEY, word VARCHAR(9) NULL)");
  BulkInsert insert("INSERT INTO t (id, word) VALUES ", 2);
  constexpr std::uint64_t kRows = 2 * BulkInsert::kRowsAPacket + 1;
  for (std::uint64_t id = 1; id <= kRows; ++id) {
    insert.AddNumber(id);
    if (id % 3 == 0) {
      insert.AddNull();
    } else {
      insert.AddText(absl::StrCat("w", id));
    }
  }
  EXPECT_EQ(insert.rows(), kRows);
  ASSERT_OK(insert.Run(*connection_));
  EXPECT_THAT(Ask("SELECT COUNT(*) FROM t WHERE IF(id % 3 = 0, word IS NULL, word = "
                  "CONCAT('w', id))"),
              ElementsAre(absl::StrCat(kRows)));
}

TEST_F(BulkInsertTest, ARefusedRowIsSaidAsOfText) {
  Ask("CREATE TABLE t (id BIGINT UNSIGNED PRIMARY KEY, word VARCHAR(2) NOT NULL)");
  Ask("INSERT INTO t VALUES (2, '')");
  BulkInsert twice("INSERT INTO t (id, word) VALUES ", 2);
  for (const std::uint64_t id : {1, 2}) {
    twice.AddNumber(id);
    twice.AddText("");
  }
  Ask("START TRANSACTION");
  const absl::Status duplicate = twice.Run(*connection_);
  EXPECT_TRUE(IsRowRefused(duplicate)) << duplicate;
  EXPECT_EQ(FaultOf(duplicate), SqlFault::kConflict);
  Ask("ROLLBACK");
  BulkInsert too_long("INSERT INTO t (id, word) VALUES ", 2);
  too_long.AddNumber(3);
  too_long.AddText("abc");
  EXPECT_TRUE(IsRowRefused(too_long.Run(*connection_)));
  // The connection is of use still, and nothing was taken.
  EXPECT_THAT(Ask("SELECT id FROM t"), ElementsAre("2"));
}

}  // namespace
}  // namespace inventory
