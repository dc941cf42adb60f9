// A batch on its way: sent, asked the ledger about, sent again, answered.
//
// All of a batch's commands go out at once, in order, as calls of scripts. What a script can not
// decide it tells, and holds back what comes after it in the batch, so that the order holds; what
// was lacking is fetched, and the rest goes out again. Mostly nothing lacks and one round is all.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "redis/reply.h"
#include "stock/command.h"
#include "stock/stock_store.h"
#include "store/redis/known_facts.h"
#include "store/redis/script_call.h"
#include "store/redis/store_parts.h"

namespace inventory {

// Keeps itself alive until it has answered. One thread at a time: each step is begun by the one
// before it.
class BatchRun : public std::enable_shared_from_this<BatchRun> {
 public:
  // Answers with one reply a command, some of them perhaps with a fault of their own.
  static void Start(StoreParts& parts, std::vector<Command> batch, Done<std::vector<Reply>> done);

  BatchRun(StoreParts& parts, std::vector<Command> batch, Done<std::vector<Reply>> done);

 private:
  void Attempt();
  void OnAnswer(ScriptCall& call, absl::StatusOr<RedisReply> reply);
  void OnDecided(ScriptCall& call, CallAnswer answer);
  void OnReplicas(const absl::StatusOr<RedisReply>& reply);
  void OnAttemptEnd();
  void ReloadScripts();
  void ExpireFirst();
  void AskLedger();
  absl::Status LookUp();
  absl::Status RestoreReservations(const LedgerQuestion& question, const LedgerAnswer& answer);
  LedgerQuestion Question() const;
  void FailPending(const absl::Status& fault, bool only_lacking_facts = false);
  void RememberDuplicate(const PendingCommand& pending, std::uint64_t epoch, TimeMs now,
                         std::uint64_t entries);
  CallFrame Frame(const OpenedEpoch& opened) const;
  bool Lacks(Lack what) const;
  void Finish();

  StoreParts& parts_;
  Done<std::vector<Reply>> done_;
  std::list<PendingCommand> commands_;  // in order; an expiry stands before what it was due for
  KnownFacts facts_;
  int attempts_ = 0;

  // Of the attempt under way.
  OpenedEpoch opened_;
  std::vector<ScriptCall> calls_;
  std::size_t unanswered_ = 0;
  bool scripts_missing_ = false;
  TimeMs told_at_ = 0;         // the clock of the first answer that lacked facts
  std::uint64_t entries_ = 0;  // the most there were in any answer
};

}  // namespace inventory
