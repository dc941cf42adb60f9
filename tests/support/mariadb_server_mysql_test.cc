#include <gmock/gmock.h>

#include <chrono>
#include <thread>

#include "base/status_matchers.h"
#include "mysql/connection.h"
#include "tests/support/mariadb_server.h"

namespace inventory {
namespace {

// The only value of the only row; 0 on a fault.
std::uint64_t Ask(const Dsn& dsn, std::string_view sql) {
  absl::StatusOr<std::unique_ptr<Connection>> connection = Connection::Open(dsn);
  EXPECT_OK(connection);
  if (!connection.ok()) return 0;
  absl::StatusOr<std::vector<SqlRows>> results = (*connection)->Run(sql);
  EXPECT_OK(results) << sql;
  return results.ok() && !results->empty() && results->back().Next() ? results->back().U64(0) : 0;
}

TEST(MariadbServerTest, KeepsItsDataThroughStopsAndCrashes) {
  auto server = MariadbServer::Start();
  ASSERT_OK(server);
  const Dsn dsn = (*server)->SocketDsn();
  EXPECT_EQ(Ask(dsn,
                "CREATE TABLE t (n INT) ENGINE=InnoDB; INSERT INTO t VALUES (7);"
                "SELECT n FROM t"),
            7u);
  ASSERT_OK((*server)->Stop());
  EXPECT_EQ((*server)->pid(), 0);
  EXPECT_FALSE(Connection::Open(dsn).ok());
  ASSERT_OK((*server)->StartAgain());
  EXPECT_EQ(Ask(dsn, "UPDATE t SET n = 8; SELECT n FROM t"), 8u);
  (*server)->Kill();
  EXPECT_FALSE(Connection::Open(dsn).ok());
  ASSERT_OK((*server)->StartAgain());
  EXPECT_EQ(Ask(dsn, "SELECT n FROM t"), 8u);
}

TEST(MariadbServerTest, KeepsItsPort) {
  auto server = MariadbServer::Start({.tcp = true});
  ASSERT_OK(server);
  const Dsn dsn = (*server)->TcpDsn();
  EXPECT_EQ(Ask(dsn, "SELECT 1"), 1u);
  (*server)->Kill();
  ASSERT_OK((*server)->StartAgain());
  EXPECT_EQ(Ask(dsn, "SELECT 1"), 1u);
}

TEST(MariadbServerTest, KeepsTheDataInAFolderThatIsNamed) {
  const TempFolder folder;
  for (std::uint64_t n = 1; n <= 2; ++n) {
    auto server = MariadbServer::Start({.folder = folder.path() + "/a/b"});
    ASSERT_OK(server);
    EXPECT_EQ(Ask((*server)->SocketDsn(),
                  "CREATE TABLE IF NOT EXISTS t (n INT); INSERT INTO t VALUES (1);"
                  "SELECT COUNT(*) FROM t"),
              n);
  }
}

TEST(MariadbServerTest, EndsWithTheThreadThatStartedIt) {
  absl::StatusOr<std::unique_ptr<MariadbServer>> server;
  std::thread([&server] { server = MariadbServer::Start(); }).join();
  ASSERT_OK(server);
  const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  absl::Status again;
  do {  // refused as long as it runs
    again = (*server)->StartAgain();
  } while (!again.ok() && std::chrono::steady_clock::now() < end);
  EXPECT_OK(again);
}

TEST(MariadbServerTest, SaysWhyItDidNotStart) {
  EXPECT_THAT(MariadbServer::Start({.arguments = {"--no-such-option"}}),
              StatusIs(absl::StatusCode::kUnavailable, "unknown option '--no-such-option'"));
  EXPECT_THAT(MariadbServer::Start({.folder = "/tmp/" + std::string(100, 'x')}),
              StatusIs(absl::StatusCode::kInvalidArgument, "too long a path"));
}

TEST(TestDatabaseTest, EachIsItsOwn) {
  std::string name;
  {
    const TestDatabase one = TestDatabase::Make();
    const TestDatabase other = TestDatabase::Make();
    name = one.dsn().database;
    EXPECT_EQ(Ask(one.dsn(), "CREATE TABLE t (n INT); SELECT COUNT(*) FROM t"), 0u);
    EXPECT_EQ(Ask(other.socket_dsn(), "CREATE TABLE t (n INT); SELECT COUNT(*) FROM t"), 0u);
  }
  EXPECT_THAT(Connection::Open(MariadbServer::Shared().SocketDsn(name)),
              StatusIs(absl::StatusCode::kFailedPrecondition, "Unknown database"));
}

}  // namespace
}  // namespace inventory
