#include "store/redis/batch_run.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/status_macros.h"
#include "redis/outbox_entry.h"
#include "telemetry/log.h"

namespace inventory {
namespace {

// Rounds that a batch may take: to learn a reservation's books, expire what is due, ask the ledger,
// and each again because something else moved meanwhile.
constexpr int kMostAttempts = 12;
constexpr std::chrono::milliseconds kReplicaTimeout{1'000};

absl::Status InDoubt(const absl::Status& fault) {
  return absl::UnavailableError(absl::StrCat(
      "the outcome is unknown; the same request again tells: ", std::string(fault.message())));
}

// An error that a script or the server answered with, before the script wrote anything.
absl::Status Refused(const RedisReply& reply) {
  if (reply.IsError("OOM")) {
    return absl::ResourceExhaustedError(
        "nothing was done: Redis is at its maxmemory and takes no more; give it more memory, or "
        "wait until markers have ended");
  }
  if (reply.IsError("READONLY")) {
    return absl::UnavailableError(
        "nothing was done: this Redis is a replica; point redis.addr at the primary");
  }
  if (reply.IsError("LOADING")) {
    return absl::UnavailableError("nothing was done: Redis is loading its data; retry in a moment");
  }
  if (reply.IsError("BUSY")) {
    return absl::UnavailableError(
        "nothing was done: Redis is busy with a script of another program; retry, or end it with "
        "SCRIPT KILL");
  }
  if (reply.text.find("WRONGTYPE") != reply.text.npos) {
    return absl::UnavailableError(absl::StrCat(
        "nothing was done: a key of this service holds another type (was it written by another "
        "program?); delete what does not belong there, and it is made again: ",
        reply.text));
  }
  if (reply.IsError("MISCONF")) {
    return absl::UnavailableError(absl::StrCat(
        "nothing was done: Redis can not save its data and refuses to write: ", reply.text));
  }
  return absl::UnavailableError(absl::StrCat("nothing was done: Redis answered ", reply.text));
}

OrderId OrderOf(const Command& command) {
  return std::visit(
      [](const auto& verb) -> OrderId {
        if constexpr (requires { verb.order; }) return verb.order;
        return 0;
      },
      command.verb);
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

absl::Status NothingDone(const absl::Status& fault) {
  const std::string text(fault.message());
  if (text.find("nothing was done") != text.npos) return fault;
  return absl::Status(fault.code() == absl::StatusCode::kResourceExhausted
                          ? fault.code()
                          : absl::StatusCode::kUnavailable,
                      absl::StrCat("nothing was done; retry after a pause: ", text));
}

void BatchRun::Start(StoreParts& parts, std::vector<Command> batch, Done<std::vector<Reply>> done) {
  if (batch.empty()) return done(std::vector<Reply>());
  std::make_shared<BatchRun>(parts, std::move(batch), std::move(done))->Attempt();
}

BatchRun::BatchRun(StoreParts& parts, std::vector<Command> batch, Done<std::vector<Reply>> done)
    : parts_(parts), done_(std::move(done)) {
  for (Command& command : batch) commands_.push_back({std::move(command)});
}

// ---- sending ------------------------------------------------------------------------------------

CallFrame BatchRun::Frame(const OpenedEpoch& opened) const {
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
  return frame;
}

void BatchRun::Attempt() {
  if (++attempts_ > kMostAttempts) {
    FailPending(absl::UnavailableError(
        "nothing was done: what this request needs kept changing; retry after a pause"));
    return Finish();
  }
  const absl::StatusOr<OpenedEpoch> opened = parts_.gate.Enter();
  if (!opened.ok()) {
    FailPending(NothingDone(opened.status()));
    return Finish();
  }
  opened_ = *opened;
  std::vector<PendingCommand*> pending;
  for (PendingCommand& command : commands_) {
    if (!command.answered) pending.push_back(&command);
  }
  calls_ = MakeCalls(pending, Frame(opened_), facts_);
  scripts_missing_ = false;
  told_at_ = 0;
  entries_ = 0;
  parts_.figures.calls += calls_.size();
  parts_.figures.commands += pending.size();

  std::vector<RedisConnection::Command> commands;
  std::vector<Done<RedisReply>> answers;
  for (ScriptCall& call : calls_) {
    commands.push_back(std::move(call.text));
    answers.push_back([self = shared_from_this(), &call](absl::StatusOr<RedisReply> reply) {
      self->OnAnswer(call, std::move(reply));
      if (--self->unanswered_ == 0) self->OnAttemptEnd();
    });
  }
  if (parts_.settings.wait_replicas > 0) {
    commands.push_back({"WAIT", absl::StrCat(parts_.settings.wait_replicas),
                        absl::StrCat(kReplicaTimeout.count())});
    answers.push_back([self = shared_from_this()](absl::StatusOr<RedisReply> reply) {
      self->OnReplicas(reply);
      if (--self->unanswered_ == 0) self->OnAttemptEnd();
    });
  }
  unanswered_ = commands.size();
  parts_.connection.SendAll(std::move(commands), std::move(answers), opened_.generation);
}

// ---- answers ------------------------------------------------------------------------------------

void BatchRun::OnAnswer(ScriptCall& call, absl::StatusOr<RedisReply> reply) {
  absl::Status fault;
  if (!reply.ok()) {
    fault = RedisFaultOf(reply.status()) == RedisFault::kNotSent ? NothingDone(reply.status())
                                                                 : InDoubt(reply.status());
  } else if (reply->IsError("NOSCRIPT")) {
    scripts_missing_ = true;
    for (PendingCommand* pending : call.commands) pending->lack = Lack::kHeld;
  } else if (reply->is(RedisReply::Kind::kError)) {
    fault = Refused(*reply);
    parts_.look_again();
  } else {
    absl::StatusOr<CallAnswer> answer = ReadAnswer(*reply, call);
    if (answer.ok()) return OnDecided(call, *std::move(answer));
    fault = InDoubt(answer.status());
  }
  if (fault.ok()) return;
  for (PendingCommand* pending : call.commands) pending->Fail(fault);
}

void BatchRun::OnDecided(ScriptCall& call, CallAnswer answer) {
  using Status = CallAnswer::Status;
  absl::Status closed;
  switch (answer.status) {
    case Status::kDecided: break;
    case Status::kOtherEpoch:
      closed = absl::UnavailableError(absl::StrCat(
          "Redis does not hold the stock as this instance knows it (epoch ",
          answer.changes == "false" ? "is missing" : answer.changes, " instead of ", opened_.epoch,
          "): it forgot, or the store is being rebuilt; nothing was done"));
      break;
    case Status::kForgot:
      closed = absl::UnavailableError(
          "Redis has gone back to an older copy of its data; the store will be rebuilt; nothing "
          "was "
          "done");
      break;
    case Status::kOutboxLost:
      closed = absl::UnavailableError(
          "the key outbox is gone from Redis; the store will be rebuilt; nothing was done");
      break;
    case Status::kFull: {
      const absl::Status full = absl::ResourceExhaustedError(
          "nothing was done: too many movements wait for the ledger (redis.outbox_limit); its "
          "database is away or slower than the sales; retry after a pause");
      for (PendingCommand* pending : call.commands) pending->Fail(full);
      return;
    }
  }
  if (!closed.ok()) {
    for (PendingCommand* pending : call.commands) pending->Fail(closed);
    if (parts_.gate.CloseIfStill(opened_.epoch, opened_.generation, closed)) parts_.look_again();
    return;
  }
  parts_.figures.now = answer.now;
  entries_ = std::max(entries_, answer.entries);
  parts_.gate.TellEntries(opened_.epoch, answer.entries);
  for (PendingCommand* pending : call.commands) {
    if (!pending->answered) {
      if (pending->lack == Lack::kFacts && told_at_ == 0) told_at_ = answer.now;
    } else if (IsSuccess(pending->reply.outcome)) {
      RememberDuplicate(*pending, opened_.epoch, answer.now, answer.entries);
    }
  }
  if (!answer.repaired.empty()) {
    parts_.figures.repaired += 1;
    LogWarn("books that were missing in Redis, or edited there, were made again from the ledger",
            {{"found", answer.repaired}});
  }
  if (answer.changes.empty()) return;
  const absl::StatusOr<std::vector<Fact>> facts = DecodeChanges(answer.changes, answer.now);
  parts_.answered.Add({opened_.epoch, answer.entries - 1, answer.now, std::move(answer.changes)},
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
void BatchRun::RememberDuplicate(const PendingCommand& pending, std::uint64_t epoch, TimeMs now,
                                 std::uint64_t entries) {
  const std::vector<Fact> facts = FactsOfDuplicate(pending);
  if (facts.empty()) return;
  parts_.answered.Add({epoch, RememberedEntry::kNoNumber, now, EncodeChanges(facts)}, entries);
}

void BatchRun::OnReplicas(const absl::StatusOr<RedisReply>& reply) {
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

void BatchRun::OnAttemptEnd() {
  calls_.clear();
  parts_.gate.Leave();
  const bool complete = std::all_of(commands_.begin(), commands_.end(),
                                    [](const PendingCommand& each) { return each.answered; });
  if (complete) return Finish();
  if (scripts_missing_) return ReloadScripts();
  if (Lacks(Lack::kExpiry)) ExpireFirst();
  if (Lacks(Lack::kFacts)) return AskLedger();
  Attempt();
}

bool BatchRun::Lacks(Lack what) const {
  return std::any_of(commands_.begin(), commands_.end(), [what](const PendingCommand& each) {
    return !each.answered && each.lack == what;
  });
}

void BatchRun::FailPending(const absl::Status& fault, bool only_lacking_facts) {
  for (PendingCommand& pending : commands_) {
    if (pending.answered) continue;
    if (only_lacking_facts && pending.lack != Lack::kFacts) continue;
    pending.Fail(fault);
  }
}

void BatchRun::Finish() {
  std::vector<Reply> replies;
  replies.reserve(commands_.size());
  for (PendingCommand& pending : commands_) {
    if (!pending.is_expiry) replies.push_back(std::move(pending.reply));
  }
  done_(std::move(replies));
}

// ---- what was lacking ---------------------------------------------------------------------------

void BatchRun::ReloadScripts() {
  LoadScripts(
      parts_.connection, Scripts(),
      [self = shared_from_this()](const absl::Status& loaded) {
        if (!loaded.ok()) {
          self->FailPending(NothingDone(loaded));
          return self->Finish();
        }
        LogInfo("Redis had forgotten the scripts and has them again");
        self->Attempt();
      },
      opened_.generation);
}

// An expiry that is due comes before the command that found it.
void BatchRun::ExpireFirst() {
  absl::flat_hash_set<OrderId> expiring;
  for (auto pending = commands_.begin(); pending != commands_.end(); ++pending) {
    if (pending->answered) continue;
    const OrderId order = OrderOf(pending->command);
    if (pending->is_expiry) expiring.insert(order);
    if (pending->lack != Lack::kExpiry || !expiring.insert(order).second) continue;
    // In the name of who found it.
    PendingCommand expiry{Command{Expire{order}, pending->command.actor}};
    expiry.is_expiry = true;
    commands_.insert(pending, std::move(expiry));
  }
}

void BatchRun::AskLedger() {
  parts_.waiters.Wait(opened_.epoch, entries_,
                      [self = shared_from_this()](const absl::Status& applied) {
                        if (!applied.ok()) {
                          self->FailPending(applied, /*only_lacking_facts=*/true);
                          return self->Attempt();
                        }
                        self->parts_.lookups.Post([self](const absl::Status& posted) {
                          const absl::Status found = posted.ok() ? self->LookUp() : posted;
                          if (!found.ok()) {
                            self->FailPending(NothingDone(found), /*only_lacking_facts=*/true);
                          }
                          self->Attempt();
                        });
                      });
}

LedgerQuestion BatchRun::Question() const {
  LedgerQuestion question;
  absl::flat_hash_set<BookId> books;
  const auto ask_line = [&](OrderId order, BookId book) {
    question.lines.push_back({order, book});
    books.insert(book);
  };
  for (const PendingCommand& pending : commands_) {
    if (pending.answered || pending.lack != Lack::kFacts) continue;
    const Command& command = pending.command;
    if (const auto* deduct = std::get_if<Deduct>(&command.verb)) {
      ask_line(deduct->order, deduct->book);
    } else if (const auto* release = std::get_if<Release>(&command.verb)) {
      ask_line(release->order, release->book);
    } else if (const auto* restock = std::get_if<Restock>(&command.verb)) {
      books.insert(restock->book);
      if (!restock->request_id.empty()) {
        question.requests.emplace_back(restock->book, restock->request_id);
      }
    } else if (const auto* adjust = std::get_if<Adjust>(&command.verb)) {
      books.insert(adjust->book);
      if (!adjust->request_id.empty()) {
        question.requests.emplace_back(adjust->book, adjust->request_id);
      }
    } else {
      const OrderId order = OrderOf(command);
      question.reservations.push_back(order);
      if (const auto* reserve = std::get_if<Reserve>(&command.verb)) {
        for (const ReservedLine& line : reserve->lines) ask_line(order, line.book);
      }
      for (const ReservedLine& line : pending.lines) ask_line(order, line.book);
    }
  }
  question.books.assign(books.begin(), books.end());
  return question;
}

// On the look-ups' thread.
absl::Status BatchRun::LookUp() {
  const TimeMs half = parts_.settings.idempotency_ttl / 2;
  if (facts_.told_at != 0 && told_at_ - facts_.told_at > half) facts_ = KnownFacts();
  const LedgerQuestion question = Question();
  ASSIGN_OR_RETURN(const LedgerAnswer answer, parts_.ledger.LookUp(question));
  if (!answer.unsure.empty()) {
    FailPending(absl::UnavailableError(absl::StrCat(
                    "nothing was done: movements of book ", answer.unsure.front(),
                    " wait in quarantine, so what the ledger knows of it is not all; see "
                    "`inventoryctl ledger list`")),
                /*only_lacking_facts=*/true);
    return absl::OkStatus();
  }
  facts_.Add(question, answer);
  facts_.told_at = facts_.told_at == 0 ? told_at_ : std::min(facts_.told_at, told_at_);
  for (const PendingCommand& pending : commands_) {
    if (!pending.answered && pending.lack == Lack::kFacts) ++parts_.figures.looked_up;
  }
  return RestoreReservations(question, answer);
}

// Open reservations that Redis should have: the ledger knows them, or the lines they hold.
absl::Status BatchRun::RestoreReservations(const LedgerQuestion& question,
                                           const LedgerAnswer& answer) {
  absl::flat_hash_set<OrderId> missing;
  for (std::size_t i = 0; i < question.lines.size(); ++i) {
    const auto& line = answer.lines[i];
    if (line && line->state == LineState::kReserved) missing.insert(question.lines[i].order);
  }
  for (std::size_t i = 0; i < question.reservations.size(); ++i) {
    const auto& found = answer.reservations[i];
    if (!found || found->state != ReservationState::kReserved) continue;
    missing.insert(question.reservations[i]);
    facts_.reservations.erase(question.reservations[i]);
  }
  if (missing.empty()) return absl::OkStatus();
  LedgerQuestion again;
  again.reservations.assign(missing.begin(), missing.end());
  ASSIGN_OR_RETURN(const LedgerAnswer reservations, parts_.ledger.LookUp(again));
  for (std::size_t i = 0; i < again.reservations.size(); ++i) {
    const auto& found = reservations.reservations[i];
    if (!found || found->state != ReservationState::kReserved) continue;
    const OrderId order = again.reservations[i];
    ASSIGN_OR_RETURN(
        const RedisReply reply,
        parts_.connection.Call(
            {"EVALSHA", Sha1(StoreScript::kRestoreReservation), "3", EpochKey(kOnlyBucket),
             DueKey(kOnlyBucket), ReservationKey(kOnlyBucket, order), absl::StrCat(opened_.epoch),
             absl::StrCat(told_at_), absl::StrCat(parts_.settings.idempotency_ttl),
             parts_.settings.clock ? absl::StrCat(parts_.settings.clock->Now()) : "",
             absl::StrCat(order), absl::StrCat(found->deadline), LinesText(found->lines)},
            opened_.generation));
    if (reply.is(RedisReply::Kind::kError)) return Refused(reply);
    if (reply.integer == 1) {
      LogWarn("an open reservation was missing in Redis and was put back from the ledger",
              {{"order", order}});
    }
  }
  return absl::OkStatus();
}

}  // namespace inventory
