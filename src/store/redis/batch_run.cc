#include "store/redis/batch_run.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/status_macros.h"
#include "redis/outbox_entry.h"
#include "stock/store_health.h"
#include "telemetry/log.h"

namespace inventory {
namespace {

// Rounds that a batch may take: to learn a reservation's books, expire what is due, ask the ledger,
// and each again because something else moved meanwhile.
constexpr int kMostAttempts = 12;

OrderId OrderOf(const Command& command) {
  return std::visit(
      [](const auto& verb) -> OrderId {
        if constexpr (requires { verb.order; }) return verb.order;
        return 0;
      },
      command.verb);
}

}  // namespace

void BatchRun::Start(StoreParts& parts, BatchSender& sender, std::vector<Command> batch,
                     Done<std::vector<Reply>> done) {
  if (batch.empty()) return done(std::vector<Reply>());
  std::make_shared<BatchRun>(parts, sender, std::move(batch), std::move(done))->Go();
}

BatchRun::BatchRun(StoreParts& parts, BatchSender& sender, std::vector<Command> batch,
                   Done<std::vector<Reply>> done)
    : parts_(parts), sender_(sender), done_(std::move(done)) {
  for (Command& command : batch) commands_.push_back({std::move(command)});
}

// ---- attempts -----------------------------------------------------------------------------------

void BatchRun::Go() {
  if (++attempts_ > kMostAttempts) {
    FailPending(absl::UnavailableError(
        "nothing was done: what this request needs kept changing; retry after a pause"));
  }
  const bool complete = std::all_of(commands_.begin(), commands_.end(),
                                    [](const PendingCommand& each) { return each.answered; });
  if (complete) return Finish();
  sender_.Send(shared_from_this(), /*first=*/attempts_ > 1);
}

void BatchRun::AddPending(std::vector<PendingCommand*>& pending) {
  for (PendingCommand& command : commands_) {
    if (!command.answered) pending.push_back(&command);
  }
}

void BatchRun::OnAttemptEnd(const AttemptResult& result) {
  last_ = result;
  if (last_.scripts_missing) return ReloadScripts();
  if (Lacks(Lack::kExpiry)) ExpireFirst();
  if (Lacks(Lack::kFacts)) return AskLedger();
  Go();
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
        self->Go();
      },
      last_.opened.generation);
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
  parts_.waiters.Wait(last_.opened.epoch, last_.entries,
                      [self = shared_from_this()](const absl::Status& applied) {
                        if (!applied.ok()) {
                          self->FailPending(applied, /*only_lacking_facts=*/true);
                          return self->Go();
                        }
                        self->parts_.lookups.Post([self](const absl::Status& posted) {
                          const absl::Status found = posted.ok() ? self->LookUp() : posted;
                          if (!found.ok()) {
                            self->FailPending(NothingDone(found), /*only_lacking_facts=*/true);
                          }
                          self->Go();
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
  const LedgerQuestion question = Question();
  if (facts_.Knows(question)) facts_ = KnownFacts();
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
  const bool is_first = facts_.told_at == 0;
  facts_.told_at = is_first ? last_.told_at : std::min(facts_.told_at, last_.told_at);
  facts_.told_entries = is_first ? last_.entries : std::min(facts_.told_entries, last_.entries);
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
             DueKey(kOnlyBucket), ReservationKey(kOnlyBucket, order),
             absl::StrCat(last_.opened.epoch), absl::StrCat(last_.told_at),
             absl::StrCat(parts_.settings.idempotency_ttl),
             parts_.settings.clock ? absl::StrCat(parts_.settings.clock->Now()) : "",
             absl::StrCat(order), absl::StrCat(found->deadline), LinesText(found->lines)},
            last_.opened.generation));
    if (reply.is(RedisReply::Kind::kError)) return RefusedBy(reply);
    if (reply.integer == 1) {
      LogWarn("an open reservation was missing in Redis and was put back from the ledger",
              {{"order", order}});
    }
  }
  return absl::OkStatus();
}

}  // namespace inventory
