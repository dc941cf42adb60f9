// What several batches have to send, sent and answered once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "redis/reply.h"
#include "store/redis/script_call.h"
#include "store/redis/store_parts.h"

namespace inventory {

class BatchRun;

// What an attempt's answers said of Redis.
struct AttemptResult {
  OpenedEpoch opened;
  bool scripts_missing = false;
  TimeMs told_at = 0;         // the clock of the first answer that lacked facts
  std::uint64_t entries = 0;  // the most there were in any answer
};

// What an error means that a script or the server answered with, before the script wrote anything.
absl::Status RefusedBy(const RedisReply& reply);

// Keeps itself alive until it has ended. One thread at a time.
class ScriptAttempt : public std::enable_shared_from_this<ScriptAttempt> {
 public:
  // Sends what the runs have pending, in order; several runs only if none of them has facts.
  // `ended` is called, and then each run's OnAttemptEnd.
  static void Start(StoreParts& parts, std::vector<std::shared_ptr<BatchRun>> runs,
                    absl::AnyInvocable<void()> ended);

  ScriptAttempt(StoreParts& parts, std::vector<std::shared_ptr<BatchRun>> runs,
                absl::AnyInvocable<void()> ended)
      : parts_(parts), runs_(std::move(runs)), ended_(std::move(ended)) {}

 private:
  void Send();
  CallFrame Frame(const OpenedEpoch& opened) const;
  void OnAnswer(ScriptCall& call, absl::StatusOr<RedisReply> reply);
  void OnDecided(ScriptCall& call, CallAnswer answer);
  void OnReplicas(const absl::StatusOr<RedisReply>& reply);
  void RememberDuplicate(const PendingCommand& pending, std::uint64_t epoch, TimeMs now,
                         std::uint64_t entries);
  void Remember(RememberedEntry entry, std::uint64_t entries);
  void OneAnswerLess();
  void End();

  StoreParts& parts_;
  const std::vector<std::shared_ptr<BatchRun>> runs_;
  absl::AnyInvocable<void()> ended_;
  std::vector<ScriptCall> calls_;
  std::size_t unanswered_ = 0;
  std::int64_t began_ = 0;  // MeasuredNow(), when the scripts were sent
  AttemptResult result_;
};

}  // namespace inventory
