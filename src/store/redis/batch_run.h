// A batch on its way: sent, asked the ledger about, sent again, answered.
//
// All of a batch's commands go out at once, in order, as calls of scripts, together with those of
// other batches that wait. What a script can not decide it tells, and holds back what comes after
// it, so that the order holds; what was lacking is fetched, and the rest goes out again. Mostly
// nothing lacks and one round is all.
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
#include "store/redis/batch_sender.h"
#include "store/redis/known_facts.h"
#include "store/redis/script_attempt.h"
#include "store/redis/script_call.h"
#include "store/redis/store_parts.h"

namespace inventory {

// Keeps itself alive until it has answered. One thread at a time: each step is begun by the one
// before it.
class BatchRun : public std::enable_shared_from_this<BatchRun> {
 public:
  // Answers with one reply a command, some of them perhaps with a fault of their own.
  static void Start(StoreParts& parts, BatchSender& sender, std::vector<Command> batch,
                    Done<std::vector<Reply>> done);

  BatchRun(StoreParts& parts, BatchSender& sender, std::vector<Command> batch,
           Done<std::vector<Reply>> done);

  // ---- for the attempt that has it --------------------------------------------------------------
  void AddPending(std::vector<PendingCommand*>& pending);
  std::size_t size() const { return commands_.size(); }
  const KnownFacts& facts() const { return facts_; }
  void FailPending(const absl::Status& fault, bool only_lacking_facts = false);
  void OnAttemptEnd(const AttemptResult& result);

 private:
  void Go();
  void ReloadScripts();
  void ExpireFirst();
  void AskLedger();
  absl::Status LookUp();
  absl::Status RestoreReservations(const LedgerQuestion& question, const LedgerAnswer& answer);
  LedgerQuestion Question() const;
  bool Lacks(Lack what) const;
  void Finish();

  StoreParts& parts_;
  BatchSender& sender_;
  Done<std::vector<Reply>> done_;
  std::list<PendingCommand> commands_;  // in order; an expiry stands before what it was due for
  KnownFacts facts_;
  int attempts_ = 0;
  AttemptResult last_;  // of the last attempt
};

}  // namespace inventory
