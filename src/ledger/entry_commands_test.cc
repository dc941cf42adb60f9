#include "ledger/entry_commands.h"

#include <gmock/gmock.h>

#include <memory>
#include <string>
#include <vector>

#include "ledger/ledger_batch.h"
#include "ledger/outbox_maker_testing.h"

namespace inventory {
namespace {

constexpr TimeMs kTime = 1'750'000'000'000;

TEST(EntryCommandsTest, EveryVerbKeepsWhoDidIt) {
  const auto clerk = std::make_shared<const std::string>("clerk");
  const std::vector<Command> done = {
      {Restock{1, 100, "r1", "arrived"}, clerk},
      {Adjust{1, false, -1, {}, "a1", "lost"}, clerk},
      {Deduct{1, 11, 2}, clerk},
      {Release{1, 11, 2, "back"}, clerk},
      {Reserve{12, {{1, 3}}, 60'000}, clerk},
      {Confirm{12}, clerk},
      {Reserve{13, {{1, 3}}, 60'000}, clerk},
      {Cancel{13, "no"}, clerk},
      {Reserve{14, {{1, 3}}, 1}, clerk},
  };
  OutboxMaker maker(1);
  std::vector<EntryCommand> commands = CommandsOf(Decode(maker.Make(kTime, done)));
  EXPECT_EQ(commands.size(), done.size());
  // Whoever finds an expiry carries it out.
  const auto expired = CommandsOf(Decode(maker.Make(kTime + 1, {{Expire{14}, clerk}})));
  EXPECT_EQ(expired.size(), 1u);
  commands.insert(commands.end(), expired.begin(), expired.end());
  for (const EntryCommand& command : commands) {
    SCOPED_TRACE(command.command.verb.index());
    ASSERT_NE(command.command.actor, nullptr);
    EXPECT_EQ(*command.command.actor, "clerk");
  }
}

}  // namespace
}  // namespace inventory
