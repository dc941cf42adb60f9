#include "store/redis/script_attempt.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "base/crash_point.h"
#include "redis/outbox_entry.h"
#include "stock/store_health.h"
#include "store/redis/batch_run.h"
#include "store/redis/store_fault.h"
#include "telemetry/log.h"

namespace inventory {
namespace {

constexpr std::chrono::milliseconds kReplicaTimeout{1'000};

absl::Status InDoubt(const absl::Status& fault) {
  return absl::UnavailableError(absl::StrCat(
      "the outcome is unknown; the same request again tells: ", std::string(fault.message())));
}

// What a caller who is told "duplicate" is told yes to, as an outbox entry without a number.
std::vector<Fact> FactsOfDuplicate(const PendingCommand& pending) {
  std::vector<Fact> facts;
  const auto add = [&](ChangeType type, BookId book, OrderId order, Quantity quantity) {
    Movement movement;
    movement.type = type;
    movement.book = book;
    movement.order = order;
    movement.quantity = quantity;
    facts.push_back(std::move(movement));
  };
  const Outcome outcome = pending.reply.outcome;
  const auto& verb = pending.command.verb;
  if (const auto* deduct = std::get_if<Deduct>(&verb);
      deduct && outcome == Outcome::kDuplicateOrder) {
    add(ChangeType::kDeduct, deduct->book, deduct->order, deduct->quantity);
  } else if (const auto* release = std::get_if<Release>(&verb);
             release && outcome == Outcome::kDuplicateRelease) {
    add(ChangeType::kRelease, release->book, release->order, release->quantity);
  } else if (const auto* reserve = std::get_if<Reserve>(&verb);
             reserve && outcome == Outcome::kDuplicateOrder) {
    Reservation reservation;
    reservation.deadline = pending.reply.deadline;
    reservation.lines = reserve->lines;
    facts.push_back(ReservationFact{reserve->order, std::move(reservation)});
    for (const ReservedLine& line : reserve->lines) {
      add(ChangeType::kReserve, line.book, reserve->order, line.quantity);
    }
  } else if (const auto* confirm = std::get_if<Confirm>(&verb);
             confirm && outcome == Outcome::kDuplicateOrder) {
    for (const ReservedLine& line : pending.lines) {
      add(ChangeType::kConfirm, line.book, confirm->order, line.quantity);
    }
  } else if (const auto* cancel = std::get_if<Cancel>(&verb);
             cancel && outcome == Outcome::kDuplicateRelease) {
    for (const ReservedLine& line : pending.lines) {
      add(ChangeType::kCancel, line.book, cancel->order, line.quantity);
    }
  }
  return facts;
}

}  // namespace

absl::Status RefusedBy(const RedisReply& reply) {
  if (reply.IsError("OOM")) {
    return absl::ResourceExhaustedError(
        "Redis is at its maxmemory and takes no more; give it more memory, or "
        "wait until markers have ended");
  }
  if (reply.IsError("READONLY")) {
    return absl::UnavailableError("this Redis is a replica; point redis.addr at the primary");
  }
  if (reply.IsError("LOADING")) {
    return absl::UnavailableError("Redis is loading its data; retry in a moment");
  }
  if (reply.IsError("BUSY")) {
    return absl::UnavailableError(
        "Redis is busy with a script of another program; retry, or end it with "
        "SCRIPT KILL");
  }
  if (reply.text.find("WRONGTYPE") != reply.text.npos) {
    return absl::UnavailableError(
        absl::StrCat("a key of this service holds another type (was it written by another "
                     "program?); delete what does not belong there, and it is made again: ",
                     reply.text));
  }
  if (reply.IsError("MISCONF")) {
    return absl::UnavailableError(
        absl::StrCat("Redis can not save its data and refuses to write: ", reply.text));
  }
  return absl::UnavailableError(absl::StrCat("Redis answered ", reply.text));
}

// ---- sending ------------------------------------------------------------------------------------

CallFrame ScriptAttempt::Frame(const OpenedEpoch& opened) const {
  const RedisStoreSettings& settings = parts_.settings;
  const LedgerProgress& progress = opened.progress;
  CallFrame frame;
  frame.instance = parts_.instance;
  frame.epoch = opened.epoch;
  frame.least_entries = opened.entries;
  if (settings.clock) frame.time = absl::StrCat(settings.clock->Now());
  frame.ttl = settings.idempotency_ttl;
  frame.batch = ++parts_.batches;
  frame.most_movements = progress.movements + settings.outbox_limit;
  frame.most_movements_giving_back = progress.movements + 2 * settings.outbox_limit;
  frame.watermark = progress.watermark;
  frame.new_until = progress.as_of + settings.idempotency_ttl / 2;
  if (kRedisStoreFault == RedisStoreFault::kTrustsAnyCopy) frame.least_entries = 0;
  if (kRedisStoreFault == RedisStoreFault::kNothingIsOld) frame.watermark = 0;
  return frame;
}

void ScriptAttempt::Start(StoreParts& parts, std::vector<std::shared_ptr<BatchRun>> runs,
                          absl::AnyInvocable<void()> ended) {
  std::make_shared<ScriptAttempt>(parts, std::move(runs), std::move(ended))->Send();
}

void ScriptAttempt::Send() {
  const absl::StatusOr<OpenedEpoch> opened = parts_.gate.Enter();
  if (!opened.ok()) {
    for (const auto& run : runs_) run->FailPending(NothingDone(opened.status()));
    return End();
  }
  result_.opened = *opened;
  std::vector<PendingCommand*> pending;
  for (const auto& run : runs_) run->AddPending(pending);
  // Of several runs none has facts.
  calls_ = MakeCalls(pending, Frame(*opened), runs_.front()->facts());
  parts_.figures.calls += calls_.size();
  parts_.figures.commands += pending.size();

  std::vector<RedisConnection::Command> commands;
  std::vector<Done<RedisReply>> answers;
  for (ScriptCall& call : calls_) {
    commands.push_back(std::move(call.text));
    answers.push_back([self = shared_from_this(), &call](absl::StatusOr<RedisReply> reply) {
      self->OnAnswer(call, std::move(reply));
      self->OneAnswerLess();
    });
  }
  if (parts_.settings.wait_replicas > 0) {
    commands.push_back({"WAIT", absl::StrCat(parts_.settings.wait_replicas),
                        absl::StrCat(kReplicaTimeout.count())});
    answers.push_back([self = shared_from_this()](const absl::StatusOr<RedisReply>& reply) {
      self->OnReplicas(reply);
      self->OneAnswerLess();
    });
  }
  unanswered_ = commands.size();
  began_ = MeasuredNow();
  parts_.connection.SendAll(std::move(commands), std::move(answers), opened->generation);
}

void ScriptAttempt::OneAnswerLess() {
  if (--unanswered_ > 0) return;
  parts_.figures.script_time.ObserveSince(began_);
  calls_.clear();
  parts_.gate.Leave();
  End();
}

// Room for the next attempt first: what runs do now may take long.
void ScriptAttempt::End() {
  ended_();
  for (const auto& run : runs_) run->OnAttemptEnd(result_);
}

// ---- answers ------------------------------------------------------------------------------------

void ScriptAttempt::OnAnswer(ScriptCall& call, absl::StatusOr<RedisReply> reply) {
  absl::Status fault;
  if (!reply.ok()) {
    fault = RedisFaultOf(reply.status()) == RedisFault::kNotSent ? NothingDone(reply.status())
                                                                 : InDoubt(reply.status());
  } else if (reply->IsError("NOSCRIPT")) {
    result_.scripts_missing = true;
    for (PendingCommand* pending : call.commands) pending->lack = Lack::kHeld;
  } else if (reply->is(RedisReply::Kind::kError)) {
    fault = NothingDone(RefusedBy(*reply));
    parts_.look_again();
  } else {
    CrashPoint("after_script");
    if (call.script == StoreScript::kExpireReservation) CrashPoint("after_expiry");
    absl::StatusOr<CallAnswer> answer = ReadAnswer(*reply, call);
    if (answer.ok()) return OnDecided(call, *std::move(answer));
    fault = InDoubt(answer.status());
  }
  if (fault.ok()) return;
  for (PendingCommand* pending : call.commands) pending->Fail(fault);
}

void ScriptAttempt::OnDecided(ScriptCall& call, CallAnswer answer) {
  using Status = CallAnswer::Status;
  absl::Status closed;
  switch (answer.status) {
    case Status::kDecided: break;
    case Status::kOtherEpoch:
      closed = absl::UnavailableError(
          absl::StrCat("Redis does not hold the stock as this instance knows it (epoch ",
                       answer.changes == "false" ? "is missing" : answer.changes, " instead of ",
                       result_.opened.epoch, "): it forgot, or the store is being rebuilt"));
      break;
    case Status::kForgot:
      closed = absl::UnavailableError(
          "Redis has gone back to an older copy of its data; the store will be rebuilt");
      break;
    case Status::kOutboxLost:
      closed =
          absl::UnavailableError("the key outbox is gone from Redis; the store will be rebuilt");
      break;
    case Status::kFull: {
      const absl::Status full = absl::ResourceExhaustedError(
          "nothing was done: too many movements wait for the ledger (redis.outbox_limit); its "
          "database is away or slower than the sales; retry after a pause");
      parts_.figures.refused_full += call.commands.size();
      for (PendingCommand* pending : call.commands) pending->Fail(full);
      return;
    }
  }
  if (!closed.ok()) {
    for (PendingCommand* pending : call.commands) pending->Fail(NothingDone(closed));
    if (parts_.gate.CloseIfStill(result_.opened.epoch, result_.opened.generation, closed))
      parts_.look_again();
    return;
  }
  parts_.figures.now = answer.now;
  result_.entries = std::max(result_.entries, answer.entries);
  parts_.gate.TellEntries(result_.opened.epoch, answer.entries);
  for (PendingCommand* pending : call.commands) {
    if (!pending->answered) {
      if (pending->lack == Lack::kFacts && result_.told_at == 0) result_.told_at = answer.now;
    } else if (IsSuccess(pending->reply.outcome)) {
      RememberDuplicate(*pending, result_.opened.epoch, answer.now, answer.entries);
    }
  }
  if (!answer.repaired.empty()) {
    parts_.figures.repaired += 1;
    LogWarn("books that were missing in Redis, or edited there, were made again from the ledger",
            {{"found", answer.repaired}});
  }
  if (answer.changes.empty()) return;
  const absl::StatusOr<std::vector<Fact>> facts = DecodeChanges(answer.changes, answer.now);
  Remember({result_.opened.epoch, answer.entries - 1, answer.now, std::move(answer.changes)},
           answer.entries);
  if (!facts.ok()) return;  // the ledger will say so
  std::vector<StockChanged> told;
  for (const Fact& fact : *facts) {
    if (const auto* movement = std::get_if<Movement>(&fact)) {
      told.push_back({movement->book,
                      movement->before,
                      {movement->after, movement->locked_after, movement->sequence}});
    }
  }
  if (!told.empty()) parts_.feed.Publish(told);
}

// The sale behind a duplicate may be known to nobody else who lives.
void ScriptAttempt::RememberDuplicate(const PendingCommand& pending, std::uint64_t epoch,
                                      TimeMs now, std::uint64_t entries) {
  const std::vector<Fact> facts = FactsOfDuplicate(pending);
  if (facts.empty()) return;
  Remember({epoch, RememberedEntry::kNoNumber, now, EncodeChanges(facts)}, entries);
}

void ScriptAttempt::Remember(RememberedEntry entry, std::uint64_t entries) {
  if (kRedisStoreFault == RedisStoreFault::kRemembersNothing) return;
  parts_.answered.Add(std::move(entry), entries);
}

void ScriptAttempt::OnReplicas(const absl::StatusOr<RedisReply>& reply) {
  if (reply.ok() && reply->integer >= parts_.settings.wait_replicas) return;
  const absl::Status missing = absl::UnavailableError(absl::StrCat(
      "fewer replicas than redis.wait_replicas have it; the outcome is unknown until they do; the "
      "same request again tells"));
  for (ScriptCall& call : calls_) {
    for (PendingCommand* pending : call.commands) {
      if (pending->answered) pending->Fail(missing);
    }
  }
}

}  // namespace inventory
