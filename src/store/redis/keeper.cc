#include "store/redis/keeper.h"

#include <pthread.h>

#include <algorithm>
#include <future>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "redis/keys.h"
#include "redis/outbox_entry.h"
#include "store/redis/rebuild.h"
#include "store/redis/scripts.h"
#include "store/redis/store_fault.h"
#include "telemetry/log.h"

namespace inventory {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using Kind = RedisReply::Kind;

// Between rounds, and while someone waits for the ledger.
constexpr milliseconds kInterval{100};
constexpr milliseconds kQuickInterval{5};
constexpr milliseconds kBeatInterval{1'000};
constexpr milliseconds kChangesInterval{500};
constexpr int kKeysAScan = 1'000;

absl::Status Away() { return absl::UnavailableError("Redis is out of reach; see the log for why"); }

}  // namespace

void Keeper::Start() {
  thread_ = std::thread([this] { Run(); });
  pthread_setname_np(thread_.native_handle(), "redis-keeper");
}

void Keeper::Stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    wake_.NotifyAll();
  }
  if (!thread_.joinable()) return;
  thread_.join();
  parts_.gate.Close(absl::UnavailableError("the store is closed"));
  parts_.ledger.Leave(parts_.instance).IgnoreError();
}

void Keeper::LookAgain() {
  MutexLock lock(mutex_);
  look_again_ = true;
  wake_.NotifyAll();
}

void Keeper::Run() {
  do {
    Round();
  } while (Pause());
}

bool Keeper::Pause() {
  const milliseconds pause = parts_.waiters.empty() ? kInterval : kQuickInterval;
  MutexLock lock(mutex_);
  if (!stopping_ && !look_again_) wake_.WaitFor(mutex_, pause);
  look_again_ = false;
  return !stopping_;
}

void Keeper::Round() {
  const absl::StatusOr<LedgerEpoch> row = parts_.ledger.ReadEpoch();
  absl::Status kept = row.ok() ? Keep(*row) : row.status();
  if (row.ok()) {
    parts_.waiters.LookAtTime();
  } else {
    parts_.waiters.GiveUp(row.status());
  }
  if (kept.ok()) return;
  // While the store is open a database that is away is the ledger's matter, not the sales'. One
  // whose stock has become another store's is not to be sold from.
  const bool is_over = absl::IsFailedPrecondition(row.status());
  if (is_over || !parts_.gate.health().ok()) parts_.gate.Close(kept);
}

absl::Status Keeper::Keep(const LedgerEpoch& row) {
  const auto now = steady_clock::now();
  if (now - beat_ >= kBeatInterval) {
    RETURN_IF_ERROR(parts_.ledger.Beat(parts_.instance));
    beat_ = now;
  }
  const Generation generation = parts_.connection.generation();
  const absl::StatusOr<OpenedEpoch> opened = parts_.gate.Look();
  if (opened.ok()) {
    if (opened->generation != generation) {
      parts_.gate.Close(Away());
    } else if (opened->epoch != row.epoch || !row.token.empty()) {
      parts_.gate.Close(absl::UnavailableError("the store is being rebuilt by another instance"));
    } else {
      TellProgress(row, *opened);
      return absl::OkStatus();
    }
  }
  return Find(row, generation);
}

void Keeper::TellProgress(const LedgerEpoch& row, const OpenedEpoch& opened) {
  parts_.gate.TellProgress(row.progress);
  if (!unsettled_.empty() && row.progress.applied >= settled_from_) SettleOldEpochs();
  parts_.answered.Forget(row.progress);
  parts_.waiters.Tell(row.progress);
  const auto now = steady_clock::now();
  if (now - reconciled_ >= parts_.settings.sync_interval) {
    reconciled_ = now;
    parts_.reconcile();
  }
  if (now - changes_read_ < kChangesInterval) return;
  changes_read_ = now;
  CheckOutbox(row, opened).IgnoreError();  // what it could not see, the next round will
  ReadFigures(opened.generation).IgnoreError();
  const absl::StatusOr<std::vector<BookStock>> changed = parts_.ledger.ReadChanged(changes_until_);
  if (changed.ok()) parts_.feed.PublishFound(*changed);
}

// Closed: what is it, and what is to be done?
absl::Status Keeper::Find(const LedgerEpoch& row, Generation generation) {
  if (!row.token.empty() && !row.token_is_stale) {
    RETURN_IF_ERROR(HandIn(row));
    return absl::UnavailableError("another instance is rebuilding Redis from the ledger");
  }
  if (generation == 0) {
    const absl::Status why = parts_.gate.health();  // the connection has said
    return why.ok() ? Away() : why;
  }
  RETURN_IF_ERROR(LookAt(generation));
  std::uint64_t entries = 0;
  ASSIGN_OR_RETURN(const std::string because, WhatDiffers(row, generation, entries));
  if (!because.empty()) return RebuildNow(row, generation, because);
  OpenGate({row.epoch, generation, entries, row.progress});
  return absl::OkStatus();
}

// Who has handed in sells no more: the gate is closed, and who was inside has left.
absl::Status Keeper::HandIn(const LedgerEpoch& row) {
  if (handed_in_ == row.token) return absl::OkStatus();
  if (!parts_.gate.WaitUntilEmpty(parts_.settings.endpoint.command_timeout + milliseconds(1'000))) {
    return absl::UnavailableError("calls to Redis are still under way");
  }
  const absl::Status handed_in =
      parts_.ledger.HandIn(row.token, parts_.instance, parts_.answered.All(), /*complete=*/true);
  if (absl::IsAborted(handed_in)) return absl::OkStatus();  // too late, or the rebuild is another's
  RETURN_IF_ERROR(handed_in);
  handed_in_ = row.token;
  handed_in_epoch_ = row.epoch;
  return absl::OkStatus();
}

// Once a connection: its server, and our scripts there.
absl::Status Keeper::LookAt(Generation generation) {
  if (looked_at_ == generation) return absl::OkStatus();
  ASSIGN_OR_RETURN(server_, LookAtServer(parts_.connection, generation));
  RETURN_IF_ERROR(CheckServer(server_));
  const auto began = steady_clock::now();
  std::promise<absl::Status> answer;
  LoadScripts(
      parts_.connection, Scripts(),
      [&answer](const absl::Status& loaded) { answer.set_value(loaded); }, generation);
  RETURN_IF_ERROR(answer.get_future().get());
  const auto loading =
      std::chrono::duration_cast<std::chrono::microseconds>(steady_clock::now() - began);
  parts_.figures.scripts_loaded_us = static_cast<std::uint64_t>(loading.count());
  LogInfo("connected to Redis", {{"location", parts_.settings.endpoint.Location()},
                                 {"version", server_.version},
                                 {"scripts", Scripts().size()},
                                 {"scripts_loaded_us", loading.count()}});
  for (const std::string& warning : ServerWarnings(server_, parts_.settings.wait_replicas)) {
    LogWarn(warning);
  }
  looked_at_ = generation;
  return absl::OkStatus();
}

// Why Redis can not be sold from as it is; empty: it can. `entries`: what it holds.
absl::StatusOr<std::string> Keeper::WhatDiffers(const LedgerEpoch& row, Generation generation,
                                                std::uint64_t& entries) {
  ASSIGN_OR_RETURN(
      const RedisReply reply,
      parts_.connection.Call({"HMGET", EpochKey(kOnlyBucket), "epoch", "entries"}, generation));
  const bool readable = reply.elements.size() == 2;
  const std::string epoch = readable ? reply.elements[0].text : "";
  if (row.epoch == 0) return FirstStart(!epoch.empty());
  if (!row.token.empty()) return "a rebuild was left unfinished";
  if (!readable) return absl::StrCat("the key epoch can not be read: ", reply.text);
  if (epoch.empty()) return "Redis is empty or has lost the key epoch";
  if (epoch != absl::StrCat(row.epoch)) {
    return absl::StrCat("Redis holds epoch ", epoch, ", and the database says ", row.epoch);
  }
  if (kRedisStoreFault == RedisStoreFault::kTrustsAnyCopy) return "";
  if (server_.run_id != row.run_id) return "Redis was started anew, or it is another server";
  if (server_.replication_id != row.replication_id) return "another server became the primary";
  if (!absl::SimpleAtoi(reply.elements[1].text, &entries)) return "the key epoch is damaged";
  if (entries < row.progress.applied) return "Redis holds less than the ledger has stored of it";
  if (parts_.gate.NewestEntries(row.epoch) > entries) {
    return "Redis holds less than this instance was answered for";
  }
  return WhatOutboxLacks(row, generation, entries);
}

// Nothing, where the outbox reaches the ledger's cursor and the other keys are of their types.
absl::StatusOr<std::string> Keeper::WhatOutboxLacks(const LedgerEpoch& row, Generation generation,
                                                    std::uint64_t entries) {
  ASSIGN_OR_RETURN(const RedisReply due,
                   parts_.connection.Call({"TYPE", DueKey(kOnlyBucket)}, generation));
  if (due.text != "zset" && due.text != "none") return "reservations:due is of another type";
  if (entries == 0) return "";
  const std::uint64_t next = std::min(row.progress.applied, entries - 1);
  ASSIGN_OR_RETURN(const RedisReply outbox,
                   parts_.connection.Call({"TYPE", OutboxKey(kOnlyBucket)}, generation));
  if (outbox.text != "stream") return "the outbox is gone or of another type";
  if (next < row.progress.applied) return "";  // all of it is in the ledger
  const std::string id = FormatOutboxId({row.epoch, next});
  ASSIGN_OR_RETURN(const RedisReply reply,
                   parts_.connection.Call({"XRANGE", OutboxKey(kOnlyBucket), id, id}, generation));
  if (reply.elements.size() == 1) return "";
  return absl::StrCat("entry ", id, " is gone from the outbox, and the ledger does not have it");
}

// While the store is open: has somebody taken the outbox away?
absl::Status Keeper::CheckOutbox(const LedgerEpoch& row, const OpenedEpoch& opened) {
  ASSIGN_OR_RETURN(const std::string lacks,
                   WhatOutboxLacks(row, opened.generation, opened.entries));
  if (lacks.empty()) return absl::OkStatus();
  // It may have been trimmed since the row was read.
  ASSIGN_OR_RETURN(const LedgerEpoch again, parts_.ledger.ReadEpoch());
  if (again.progress.applied > row.progress.applied) return absl::OkStatus();
  parts_.gate.CloseIfStill(opened.epoch, opened.generation, absl::UnavailableError(lacks));
  return absl::OkStatus();
}

absl::Status Keeper::ReadFigures(Generation generation) {
  ASSIGN_OR_RETURN(
      const RedisReply movements,
      parts_.connection.Call({"HGET", EpochKey(kOnlyBucket), "movements"}, generation));
  std::uint64_t number = 0;
  if (absl::SimpleAtoi(movements.text, &number)) parts_.figures.movements = number;
  ASSIGN_OR_RETURN(const RedisReply due,
                   parts_.connection.Call({"ZCARD", DueKey(kOnlyBucket)}, generation));
  parts_.figures.open_reservations = static_cast<std::uint64_t>(due.integer);
  return absl::OkStatus();
}

// In a database that no store has used.
absl::StatusOr<std::string> Keeper::FirstStart(bool has_epoch) {
  if (has_epoch) {
    return absl::FailedPreconditionError(
        "Redis holds the stock of another database (it has the key epoch and the database has no "
        "epoch): name the database that belongs to it in database.dsn, or another redis.db");
  }
  std::string cursor = "0";
  do {
    ASSIGN_OR_RETURN(const RedisReply reply,
                     parts_.connection.Call(
                         {"SCAN", cursor, "MATCH", "stock:*", "COUNT", absl::StrCat(kKeysAScan)}));
    if (reply.elements.size() != 2) return absl::InternalError("SCAN answered in no form");
    if (!reply.elements[1].elements.empty()) {
      return absl::FailedPreconditionError(
          "Redis holds stock that this service did not put there (keys stock:*), of the earlier Go "
          "service perhaps: take it over with `inventoryctl adopt`, or name another redis.db");
    }
    cursor = reply.elements[0].text;
  } while (cursor != "0");
  return "this is the first start";
}

absl::Status Keeper::RebuildNow(const LedgerEpoch& row, Generation generation,
                                const std::string& because) {
  const absl::StatusOr<OpenedEpoch> opened = Rebuild(parts_, row, server_, generation, because);
  if (opened.ok()) {
    handed_in_epoch_ = row.epoch;
    OpenGate(*opened);
    return absl::OkStatus();
  }
  if (absl::IsAborted(opened.status())) {
    return absl::UnavailableError("another instance is rebuilding Redis from the ledger");
  }
  LogWarn("the rebuild was cut short and will be begun again",
          {{"reason", std::string(opened.status().message())}});
  return opened.status();
}

void Keeper::OpenGate(const OpenedEpoch& opened) {
  TakeOldEpochs(opened);
  parts_.waiters.Tell(opened.progress);
  parts_.gate.Open(opened);
  if (opened.epoch != opened_epoch_) changes_until_ = 0;
  opened_epoch_ = opened.epoch;
  LogInfo("stock in Redis is open", {{"epoch", opened.epoch}, {"entries", opened.entries}});
}

// ---- what was lost ------------------------------------------------------------------------------

// What this instance remembers of epochs that have ended was handed in; or else the store was
// rebuilt while it stood still, and what no ledger gets any more is lost. A caller may have asked
// others again meanwhile, so that has to be in the ledger first which is in the outbox now.
void Keeper::TakeOldEpochs(const OpenedEpoch& opened) {
  for (RememberedEntry& entry : parts_.answered.All()) {
    if (entry.epoch >= opened.epoch || entry.epoch == handed_in_epoch_) continue;
    unsettled_.push_back(std::move(entry));
  }
  parts_.answered.ForgetBefore(opened.epoch);
  settled_from_ = opened.entries;
}

void Keeper::SettleOldEpochs() {
  const std::vector<RememberedEntry> old = std::exchange(unsettled_, {});
  const absl::StatusOr<std::vector<LostChange>> lost = FindLost(old);
  if (!lost.ok()) {
    LogError("what this instance was answered for could not be compared with the ledger",
             {{"reason", std::string(lost.status().message())}, {"entries", old.size()}});
    return;
  }
  ReportLosses(parts_, old.front().epoch, *lost);
}

absl::StatusOr<std::vector<LostChange>> Keeper::FindLost(
    const std::vector<RememberedEntry>& entries) {
  std::vector<LostChange> lost;
  for (const RememberedEntry& entry : entries) {
    ASSIGN_OR_RETURN(const std::vector<Fact> facts, DecodeChanges(entry.changes, entry.time));
    for (const Fact& fact : facts) {
      const auto* movement = std::get_if<Movement>(&fact);
      if (!movement) continue;
      ASSIGN_OR_RETURN(const bool found, IsInLedger(*movement));
      if (found) continue;
      lost.push_back(
          {movement->book, movement->order, movement->type, movement->quantity,
           "Redis forgot it, and this instance stood still while the store was rebuilt"});
    }
  }
  return lost;
}

absl::StatusOr<bool> Keeper::IsInLedger(const Movement& movement) {
  if (movement.sequence != 0) {
    MovementQuery query;
    query.book = movement.book;
    query.below_sequence = movement.sequence + 1;
    query.limit = 1;
    ASSIGN_OR_RETURN(const MovementPage page, parts_.ledger.ReadMovements(query));
    if (!page.movements.empty()) {
      const Movement& stored = page.movements.front();
      if (stored.sequence == movement.sequence && stored.type == movement.type &&
          stored.order == movement.order && stored.quantity == movement.quantity &&
          stored.request_id == movement.request_id && stored.after == movement.after) {
        return true;
      }
    }
  }
  if (movement.order == 0) return false;
  LedgerQuestion question;
  question.lines.push_back({movement.order, movement.book});
  ASSIGN_OR_RETURN(const LedgerAnswer answer, parts_.ledger.LookUp(question));
  const std::optional<OrderLine>& line = answer.lines.front();
  if (!line || line->state == LineState::kTombstone) return false;
  // A cancel that was lost may have become an expiry: the units are back, and a retry hears of it.
  const bool returned = line->state == LineState::kReturned;
  switch (movement.type) {
    case ChangeType::kRelease:
    case ChangeType::kCancel: return returned;
    case ChangeType::kExpire: return line->state == LineState::kExpired;
    case ChangeType::kConfirm: return returned || line->state == LineState::kSoldByConfirm;
    default: return true;
  }
}

}  // namespace inventory
