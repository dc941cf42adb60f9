// The outbox as the ledger's writer reads and trims it.
#pragma once

#include <cstdint>
#include <future>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ledger/ledger_batch.h"
#include "redis/outbox_entry.h"
#include "redis/redis_connection.h"

namespace inventory {

// What was read in one go.
struct OutboxPortion {
  TimeMs time = 0;  // Redis' clock before it was read
  std::vector<DecodedEntry> entries;
  // Nothing was there beyond what is applied; then everything written before `time` is applied.
  bool empty() const { return entries.empty(); }
};

// Where the stream begins and ends.
struct OutboxEnds {
  std::optional<OutboxId> first;  // nullopt: it holds none
  OutboxId last;                  // of all that were ever added
};

// Blocking, used by one thread. Commands go to the server that was looked at (Check) only:
// UNAVAILABLE when the connection is another one by then. FAILED_PRECONDITION, with what to do: the
// outbox is not there or is none.
class OutboxReader {
 public:
  OutboxReader(EventLoop& loop, const RedisEndpoint& endpoint) : connection_(loop, endpoint) {}

  // Looks at the server behind the connection of now; its run id.
  absl::StatusOr<std::string> Check();
  // Still the connection that was looked at.
  bool checked() const { return generation_ != 0 && connection_.generation() == generation_; }

  // Entries from `next` on, at most `count`.
  absl::StatusOr<OutboxPortion> Read(const OutboxId& next, std::size_t count);
  // The same, asked for now and waited for by Read with the same words; or forgotten.
  void Ask(const OutboxId& next, std::size_t count);
  void Forget() { asked_.reset(); }

  // NotFound: there is no stream.
  absl::StatusOr<OutboxEnds> Ends();
  // Removes what is before the id.
  absl::Status Trim(const OutboxId& first_kept);

 private:
  using Answers = std::vector<absl::StatusOr<RedisReply>>;
  struct Asked {
    OutboxId next;
    std::size_t count = 0;
    std::future<Answers> answers;
  };
  std::future<Answers> Send(std::vector<RedisConnection::Command> commands);
  absl::StatusOr<RedisReply> Call(RedisConnection::Command command);

  RedisConnection::Generation generation_ = 0;
  std::optional<Asked> asked_;
  RedisConnection connection_;
};

}  // namespace inventory
