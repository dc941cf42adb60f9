#include <gmock/gmock.h>

#include <fstream>
#include <thread>

#include "absl/strings/str_cat.h"
#include "base/status_matchers.h"
#include "mysql/migrations.h"
#include "mysql/schema.h"
#include "telemetry/log.h"
#include "tests/support/ask_sql.h"
#include "tests/support/mariadb_server.h"

namespace inventory {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class SchemaTest : public ::testing::Test {
 protected:
  SchemaTest() : database_(TestDatabase::Make()), connection_(Connect(database_.socket_dsn())) {}

  static std::unique_ptr<Connection> Connect(const Dsn& dsn) {
    absl::StatusOr<std::unique_ptr<Connection>> connection = Connection::Open(dsn);
    EXPECT_OK(connection);
    return connection.ok() ? *std::move(connection) : nullptr;
  }

  std::vector<std::string> Ask(std::string_view sql) { return AskSql(*connection_, sql); }

  std::vector<std::string> Tables() { return Ask("SHOW TABLES"); }

  // An account with these rights on the database, or none; gone with the fixture.
  Dsn Account(std::string_view rights) {
    Dsn dsn = database_.socket_dsn();
    dsn.user = database_.socket_dsn().database + "_user";
    const std::string account = absl::StrCat("'", dsn.user, "'@'localhost'");
    Ask(absl::StrCat("CREATE USER ", account, ";GRANT ", std::string(rights), " ON ", dsn.database,
                     ".* TO ", account));
    return dsn;
  }

  const TestDatabase database_;
  const std::unique_ptr<Connection> connection_;
};

TEST_F(SchemaTest, MakesTheTablesOnce) {
  ASSERT_OK(PrepareSchema(*connection_, "mysql"));
  EXPECT_THAT(Tables(),
              ElementsAre("inventory", "inventory_logs", "inventory_migrations", "ledger_cursor",
                          "ledger_hand_ins", "ledger_instances", "ledger_losses",
                          "ledger_quarantine", "order_lines", "redis_epochs", "repairs",
                          "request_ids", "reservations", "store_owner", "writers"));
  EXPECT_THAT(Ask("SELECT CONCAT(store, ' ', generation) FROM store_owner"),
              ElementsAre("mysql 1"));
  const std::vector<std::string> versions =
      Ask("SELECT CONCAT(version, name, started_at, finished_at) FROM inventory_migrations");
  EXPECT_THAT(versions, ::testing::SizeIs(Migrations().size()));

  ASSERT_OK(PrepareSchema(*connection_, "mysql"));
  EXPECT_EQ(Ask("SELECT CONCAT(version, name, started_at, finished_at) FROM inventory_migrations"),
            versions);
}

TEST_F(SchemaTest, InstancesThatStartTogetherDoNotMeet) {
  std::vector<absl::Status> prepared(4);
  std::vector<std::thread> instances;
  for (absl::Status& status : prepared) {
    instances.emplace_back([this, &status] {
      const auto connection = Connect(database_.socket_dsn());
      status = PrepareSchema(*connection, "mysql");
    });
  }
  for (std::thread& instance : instances) instance.join();
  for (const absl::Status& status : prepared) EXPECT_OK(status);
  EXPECT_THAT(Ask("SELECT COUNT(*) FROM store_owner"), ElementsAre("1"));
}

TEST_F(SchemaTest, LivesBesideOtherTables) {
  Ask("CREATE TABLE orders (id INT); CREATE TABLE schema_migrations (version BIGINT, dirty BOOL)");
  EXPECT_OK(PrepareSchema(*connection_, "mysql"));
}

TEST_F(SchemaTest, RefusesANewerSchema) {
  ASSERT_OK(PrepareSchema(*connection_, "mysql"));
  Ask("INSERT INTO inventory_migrations VALUES (7, '0007_shelves', 1, NOW(3), NOW(3))");
  const absl::Status refused = PrepareSchema(*connection_, "mysql");
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kFailedPrecondition, "version 7 (0007_shelves)"));
  EXPECT_THAT(refused.message(), HasSubstr(std::string(Migrations().back().name)));
}

// What AutoMigrate of the Go service makes.
constexpr char kGoTables[] =
    "CREATE TABLE inventory (book_id BIGINT UNSIGNED AUTO_INCREMENT, stock BIGINT NOT NULL"
    " DEFAULT 0, locked_stock BIGINT NOT NULL DEFAULT 0, total_stock BIGINT NOT NULL DEFAULT 0,"
    " created_at DATETIME(3) NULL, updated_at DATETIME(3) NULL, PRIMARY KEY (book_id),"
    " INDEX idx_stock (stock));"
    "CREATE TABLE inventory_logs (id BIGINT UNSIGNED AUTO_INCREMENT, PRIMARY KEY (id))";

TEST_F(SchemaTest, WaitsUntilTheStockOfTheGoServiceIsTakenOver) {
  Ask(kGoTables);
  EXPECT_THAT(PrepareSchema(*connection_, "mysql"),
              StatusIs(absl::StatusCode::kUnavailable, "inventoryctl adopt"));
  EXPECT_THAT(Tables(), ElementsAre("inventory", "inventory_logs")) << "nothing was made";
}

TEST_F(SchemaTest, WaitsWhereTakingOverWasCutShort) {
  Ask(kGoTables);
  Ask("RENAME TABLE inventory TO origin_inventory, inventory_logs TO origin_inventory_logs");
  EXPECT_THAT(PrepareSchema(*connection_, "mysql"),
              StatusIs(absl::StatusCode::kUnavailable, "cut short"));
  EXPECT_THAT(Tables(), ElementsAre("origin_inventory", "origin_inventory_logs"));
  ASSERT_OK(Migrate(*connection_, Migrations()));
  EXPECT_THAT(PrepareSchema(*connection_, "mysql"),
              StatusIs(absl::StatusCode::kUnavailable, "cut short"));
  EXPECT_THAT(Ask("SELECT store FROM store_owner"), IsEmpty());
}

TEST_F(SchemaTest, AnInventoryOfAnotherKindIsAnotherPrograms) {
  Ask("CREATE TABLE inventory (book_id BIGINT UNSIGNED PRIMARY KEY, shelf TEXT)");
  EXPECT_THAT(PrepareSchema(*connection_, "mysql"),
              StatusIs(absl::StatusCode::kFailedPrecondition, "names that it needs: inventory"));
}

TEST_F(SchemaTest, RefusesTablesOfAnotherProgram) {
  Ask("CREATE TABLE writers (name TEXT); CREATE TABLE reservations (room INT)");
  EXPECT_THAT(PrepareSchema(*connection_, "mysql"),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       "names that it needs: reservations, writers"));
  EXPECT_THAT(Tables(), ElementsAre("reservations", "writers"));
}

TEST_F(SchemaTest, RefusesAnotherStoresStock) {
  ASSERT_OK(PrepareSchema(*connection_, "redis"));
  EXPECT_THAT(PrepareSchema(*connection_, "mysql"),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       "write store: redis, or name another database in database.dsn"));
  Ask("UPDATE store_owner SET store='importing'");
  EXPECT_THAT(PrepareSchema(*connection_, "mysql"),
              StatusIs(absl::StatusCode::kFailedPrecondition, "an import"));
}

TEST_F(SchemaTest, SaysWhichRightsAreMissing) {
  const Dsn dsn = Account("SELECT, INSERT, UPDATE, DELETE");
  const auto without = Connect(dsn);
  const absl::Status refused = PrepareSchema(*without, "mysql");
  std::string escaped = dsn.database;
  escaped.insert(escaped.find('_'), "\\");
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kPermissionDenied,
                                absl::StrCat("GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, "
                                             "INDEX ON `",
                                             escaped, "`.* TO '", dsn.user, "'@'localhost'")));
  EXPECT_THAT(Tables(), IsEmpty());

  ASSERT_OK(PrepareSchema(*connection_, "mysql"));
  EXPECT_OK(PrepareSchema(*without, "mysql")) << "the right to make tables is needed only for that";
}

TEST_F(SchemaTest, NeedsTheRightToChangeRows) {
  ASSERT_OK(PrepareSchema(*connection_, "mysql"));
  for (const char* right : {"SELECT", "INSERT", "UPDATE", "DELETE"}) {
    const Dsn dsn = Account("SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, INDEX");
    Ask(absl::StrCat("REVOKE ", right, " ON ", dsn.database, ".* FROM '", dsn.user,
                     "'@'localhost'"));
    EXPECT_THAT(PrepareSchema(*Connect(dsn), "mysql"),
                StatusIs(absl::StatusCode::kPermissionDenied, "GRANT SELECT, INSERT"))
        << right;
    Ask(absl::StrCat("DROP USER '", dsn.user, "'@'localhost'"));
  }
}

TEST(SchemaSettingsTest, WarnsWhereTheServerMayForget) {
  const TempFolder folder;
  ASSERT_OK(StartLogging({.output = folder.path() + "/log"}));
  const auto server = MariadbServer::Start(
      {.arguments = {"--innodb-flush-log-at-trx-commit=2", "--log-bin", "--sync-binlog=0"}});
  ASSERT_OK(server);
  const auto connection = Connection::Open((*server)->SocketDsn());
  ASSERT_OK(connection);
  ASSERT_OK(PrepareSchema(**connection, "mysql"));
  ASSERT_OK(
      (*connection)->Run("SET GLOBAL innodb_flush_log_at_trx_commit=1; SET GLOBAL sync_binlog=1"));
  ASSERT_OK(PrepareSchema(**connection, "mysql"));
  ASSERT_OK(StartLogging({}));

  std::ifstream log(folder.path() + "/log");
  std::vector<std::string> warnings;
  for (std::string line; std::getline(log, line);) {
    if (line.find("may forget") != line.npos) warnings.push_back(line);
  }
  EXPECT_THAT(warnings, ElementsAre(HasSubstr("innodb_flush_log_at_trx_commit=2"),
                                    HasSubstr("sync_binlog=0")));
}

// ---- migrations ---------------------------------------------------------------------------------

constexpr char kFirst[] =
    "CREATE TABLE a (n INT);\nINSERT INTO a VALUES (1); CREATE TABLE b (n INT)";

TEST_F(SchemaTest, MigratesFromVersionToVersion) {
  ASSERT_OK(Migrate(*connection_, {{1, "0001_first", kFirst}}));
  EXPECT_THAT(Tables(), ElementsAre("a", "b", "inventory_migrations"));
  ASSERT_OK(Migrate(*connection_, {{1, "0001_first", kFirst},
                                   {2, "0002_second",
                                    "ALTER TABLE a ADD COLUMN m INT;"
                                    "UPDATE a SET m=n+1;"}}));
  EXPECT_THAT(Ask("SELECT m FROM a"), ElementsAre("2"));
  EXPECT_THAT(Ask("SELECT CONCAT(version, ' ', statements_done, ' ', finished_at IS NULL)"
                  " FROM inventory_migrations ORDER BY version"),
              ElementsAre("1 3 0", "2 2 0"));
}

// A crash after each statement, before and after it was counted.
TEST_F(SchemaTest, GoesOnWhereAMigrationWasCutShort) {
  for (const bool counted : {false, true}) {
    for (int done = 0; done <= 3; ++done) {
      SCOPED_TRACE(absl::StrCat(done, counted));
      Ask("DROP TABLE IF EXISTS a, b, inventory_migrations");
      ASSERT_OK(Migrate(*connection_, {{1, "0001_first", kFirst}}));
      // Back to where it was then. A change of rows and its count are one transaction.
      if (done < 3) Ask("DROP TABLE b");
      if (done < 2) Ask("DELETE FROM a");
      if (done < 1) Ask("DROP TABLE a");
      const int count = counted || done == 2 ? done : std::max(done - 1, 0);
      Ask(absl::StrCat("UPDATE inventory_migrations SET finished_at=NULL, statements_done=",
                       count));

      ASSERT_OK(Migrate(*connection_, {{1, "0001_first", kFirst}}));
      EXPECT_THAT(Ask("SELECT n FROM a"), ElementsAre("1"));
      EXPECT_THAT(Ask("SELECT n FROM b"), IsEmpty());
      EXPECT_THAT(Ask("SELECT CONCAT(statements_done, ' ', finished_at IS NULL)"
                      " FROM inventory_migrations"),
                  ElementsAre("3 0"));
    }
  }
}

TEST_F(SchemaTest, SaysWhichStatementFailedAndTakesItUpAgain) {
  const absl::Status failed = Migrate(
      *connection_, {{1, "0001_first", "CREATE TABLE a (n INT); CREATE TABLE b (n NONE);"}});
  EXPECT_THAT(failed.message(), HasSubstr("changing the tables, 0001_first, statement 2 of 2: "));
  EXPECT_EQ(FaultOf(failed), SqlFault::kRefused) << "the fault's kind is kept";
  EXPECT_OK(Migrate(*connection_,
                    {{1, "0001_first", "CREATE TABLE a (n INT); CREATE TABLE b (n INT);"}}));
  EXPECT_THAT(Tables(), ElementsAre("a", "b", "inventory_migrations"));
}

// Only the statement at which it was cut short may find its work done.
TEST_F(SchemaTest, DoesNotTakeAnothersTableForItsOwn) {
  EXPECT_THAT(Migrate(*connection_, {{1, "0001_first", "CREATE TABLE a (n INT)"},
                                     {2, "0002_second", "CREATE TABLE a (n INT)"}}),
              StatusIs(absl::StatusCode::kInternal, "already exists"));
}

}  // namespace
}  // namespace inventory
