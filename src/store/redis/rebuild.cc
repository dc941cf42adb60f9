#include "store/redis/rebuild.h"

#include <algorithm>
#include <chrono>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/crash_point.h"
#include "base/status_macros.h"
#include "redis/keys.h"
#include "redis/outbox_entry.h"
#include "stock/store_health.h"
#include "store/redis/known_facts.h"
#include "store/redis/scripts.h"
#include "telemetry/log.h"

namespace inventory {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using Kind = RedisReply::Kind;

constexpr int kEntriesADrain = 200;
constexpr int kBooksALoad = 1'000;
constexpr int kReservationsALoad = 500;
constexpr milliseconds kPollHandIns{50};
constexpr std::size_t kLossesLogged = 100;

std::string NewToken() {
  std::random_device device;
  std::uniform_int_distribution<std::uint64_t> bits;
  return absl::StrCat(absl::Hex(bits(device), absl::kZeroPad16));
}

constexpr int kQuarantineNamed = 10;

absl::Status InQuarantine(const std::vector<QuarantinedBook>& waiting) {
  std::string books;
  for (std::size_t i = 0; i < waiting.size(); ++i) {
    if (i == kQuarantineNamed) {
      books += ", …";
    } else {
      absl::StrAppend(&books, i == 0 ? "" : ", ", waiting[i].book);
    }
  }
  return absl::FailedPreconditionError(absl::StrCat(
      "changes that the ledger could not take over are in quarantine, of the books ", books,
      ": the database does not hold their true figures; nothing was handed over; settle them with "
      "`inventoryctl ledger list`, `retry` and `skip`, and try again"));
}

absl::Status Suffixed(const absl::Status& status, const std::string& text) {
  return absl::Status(status.code(), absl::StrCat(std::string(status.message()), text));
}

// One rebuild.
class Rebuilding {
 public:
  Rebuilding(StoreParts& parts, const LedgerEpoch& row, const RedisServerFacts& server,
             RedisConnection::Generation generation, std::string token)
      : parts_(parts),
        row_(row),
        server_(server),
        generation_(generation),
        token_(std::move(token)) {}

  absl::StatusOr<OpenedEpoch> Run(const std::string& because);
  absl::StatusOr<std::uint64_t> HandOver();

 private:
  absl::StatusOr<RedisReply> Call(RedisConnection::Command command);
  absl::Status CloseRedis();
  absl::Status Drain();
  absl::Status GatherHandIns();
  absl::Status Load();
  absl::Status LoadBooks();
  absl::Status LoadReservations();
  absl::Status Renew();
  absl::Status Open();
  RedisConnection::Command LoadCommand(const std::vector<BookStock>& books,
                                       const std::vector<OpenReservation>& reservations);
  absl::Status LoadPart(const std::vector<BookStock>& books,
                        const std::vector<OpenReservation>& reservations);

  StoreParts& parts_;
  const LedgerEpoch& row_;
  const RedisServerFacts& server_;
  const RedisConnection::Generation generation_;
  const std::string token_;
  std::uint64_t new_epoch_ = 0;
  bool first_part_ = true;
  std::uint64_t drained_ = 0;
  std::uint64_t handed_in_ = 0;
  std::uint64_t books_ = 0;
  std::uint64_t reservations_ = 0;
  steady_clock::time_point renewed_ = steady_clock::now();
};

absl::StatusOr<RedisReply> Rebuilding::Call(RedisConnection::Command command) {
  ASSIGN_OR_RETURN(RedisReply reply, parts_.connection.Call(std::move(command), generation_));
  if (reply.is(Kind::kError)) {
    return absl::UnavailableError(absl::StrCat("Redis answered ", reply.text));
  }
  return reply;
}

absl::StatusOr<OpenedEpoch> Rebuilding::Run(const std::string& because) {
  const auto began = steady_clock::now();
  RETURN_IF_ERROR(parts_.ledger.CloseEpoch(row_.epoch, token_));
  LogWarn("rebuilding Redis from the ledger; until it is done calls are refused",
          {{"because", because}, {"epoch", row_.epoch}});
  CrashPoint("rebuild_claimed");
  RETURN_IF_ERROR(CloseRedis());
  CrashPoint("rebuild_closed");
  RETURN_IF_ERROR(Drain());
  CrashPoint("rebuild_drained");
  RETURN_IF_ERROR(GatherHandIns());
  CrashPoint("rebuild_handed_in");
  RETURN_IF_ERROR(Load());
  CrashPoint("rebuild_loaded");
  RETURN_IF_ERROR(Open());
  ++parts_.figures.rebuilds;
  LogWarn("Redis is rebuilt",
          {{"epoch", new_epoch_},
           {"books", books_},
           {"open_reservations", reservations_},
           {"drained_entries", drained_},
           {"handed_in_movements", handed_in_},
           {"milliseconds",
            std::chrono::duration_cast<milliseconds>(steady_clock::now() - began).count()}});
  ASSIGN_OR_RETURN(const LedgerEpoch row, parts_.ledger.ReadEpoch());
  return OpenedEpoch{new_epoch_, generation_, 0, row.progress};
}

// The token is of one that rebuilds, so that every instance closes and hands in, and a crash is
// made good by whoever finds it left behind.
absl::StatusOr<std::uint64_t> Rebuilding::HandOver() {
  RETURN_IF_ERROR(parts_.ledger.CloseEpoch(row_.epoch, token_));
  parts_.gate.Close(absl::UnavailableError("the stock is being handed over to the mysql store"));
  LogWarn("handing the stock over to the mysql store; from now on calls are refused",
          {{"epoch", row_.epoch}});
  const auto gather = [this]() -> absl::Status {
    RETURN_IF_ERROR(CloseRedis());
    RETURN_IF_ERROR(Drain());
    ASSIGN_OR_RETURN(const std::vector<QuarantinedBook> waiting,
                     parts_.ledger.ListQuarantine(0, kQuarantineNamed + 1));
    if (!waiting.empty()) return InQuarantine(waiting);
    return GatherHandIns();
  };
  if (absl::Status gathered = gather(); !gathered.ok()) {
    return Suffixed(gathered,
                    "; the stock was not handed over: the redis store is rebuilt and serves again "
                    "in some seconds");
  }
  absl::StatusOr<std::uint64_t> generation = parts_.ledger.HandOverToMysql(token_);
  if (!generation.ok()) {
    return Suffixed(generation.status(),
                    "; look whether it was handed over: inventoryctl status says whose the stock "
                    "is");
  }
  LogWarn("handed the stock over to the mysql store", {{"generation", *generation},
                                                       {"drained_entries", drained_},
                                                       {"handed_in_movements", handed_in_}});
  return generation;
}

// From here on no script sells, whoever sends it.
absl::Status Rebuilding::CloseRedis() {
  ASSIGN_OR_RETURN(const RedisReply reply,
                   Call({"EVALSHA", Sha1(StoreScript::kCloseEpoch), "2", EpochKey(kOnlyBucket),
                         OutboxKey(kOnlyBucket), token_}));
  if (reply.elements.size() != 3) return absl::InternalError("close_epoch answered in no form");
  const auto last_epoch = static_cast<std::uint64_t>(reply.elements[0].integer);
  new_epoch_ = std::max(row_.epoch, last_epoch) + 1;
  if (!parts_.gate.WaitUntilEmpty(parts_.settings.endpoint.command_timeout + milliseconds(1'000))) {
    return absl::UnavailableError("calls to Redis are still under way");
  }
  return absl::OkStatus();
}

absl::Status Rebuilding::Renew() {
  if (steady_clock::now() - renewed_ < milliseconds(500)) return absl::OkStatus();
  renewed_ = steady_clock::now();
  RETURN_IF_ERROR(parts_.ledger.Beat(parts_.instance));
  return parts_.ledger.RenewToken(token_);
}

// Entries that follow the ledger's cursor without a gap; what is behind a gap has no place any more
// but in the memory of instances.
absl::Status Rebuilding::Drain() {
  std::uint64_t next = row_.progress.applied;
  for (;;) {
    RETURN_IF_ERROR(Renew());
    const absl::StatusOr<RedisReply> reply =
        Call({"XRANGE", OutboxKey(kOnlyBucket), FormatOutboxId({row_.epoch, next}), "+", "COUNT",
              absl::StrCat(kEntriesADrain)});
    // Another type, say: nothing of it can be drained.
    if (!reply.ok() && RedisFaultOf(reply.status()) != RedisFault::kNone) return reply.status();
    if (!reply.ok()) return absl::OkStatus();
    std::vector<RememberedEntry> entries;
    for (const RedisReply& element : reply->elements) {
      if (element.elements.size() != 2 || element.elements[1].elements.size() != 4) break;
      const std::optional<OutboxId> id = ParseOutboxId(element.elements[0].text);
      RememberedEntry entry;
      if (!id || id->epoch != row_.epoch || id->number != next ||
          !absl::SimpleAtoi(element.elements[1].elements[1].text, &entry.time)) {
        break;
      }
      entry.epoch = id->epoch;
      entry.number = next++;
      entry.changes = element.elements[1].elements[3].text;
      entries.push_back(std::move(entry));
    }
    if (entries.empty()) return absl::OkStatus();
    RETURN_IF_ERROR(parts_.ledger.Drain(token_, entries));
    drained_ += entries.size();
  }
}

absl::Status Rebuilding::GatherHandIns() {
  RETURN_IF_ERROR(parts_.ledger.HandIn(token_, parts_.instance, parts_.answered.All(),
                                       /*complete=*/true));
  const auto deadline = steady_clock::now() + kHandInLimit;
  for (;;) {
    RETURN_IF_ERROR(Renew());
    ASSIGN_OR_RETURN(const std::vector<std::uint64_t> missing,
                     parts_.ledger.MissingHandIns(token_));
    if (missing.empty()) break;
    if (steady_clock::now() > deadline) {
      LogWarn("instances do not answer; the rebuild goes on without what they may remember",
              {{"instances", missing.size()}});
      break;
    }
    std::this_thread::sleep_for(kPollHandIns);
  }
  ASSIGN_OR_RETURN(const HandInResult result, parts_.ledger.ApplyHandIns(token_));
  handed_in_ = result.applied;
  LogLosses(parts_, row_.epoch, result.lost);  // on record already
  return absl::OkStatus();
}

// ---- loading ------------------------------------------------------------------------------------

absl::Status Rebuilding::Load() {
  RETURN_IF_ERROR(LoadPart({}, {}));
  RETURN_IF_ERROR(LoadBooks());
  return LoadReservations();
}

RedisConnection::Command Rebuilding::LoadCommand(const std::vector<BookStock>& books,
                                                 const std::vector<OpenReservation>& reservations) {
  RedisConnection::Command command{"EVALSHA",
                                   Sha1(StoreScript::kLoadStock),
                                   absl::StrCat(3 + 2 * books.size() + reservations.size()),
                                   EpochKey(kOnlyBucket),
                                   OutboxKey(kOnlyBucket),
                                   DueKey(kOnlyBucket)};
  for (const BookStock& stock : books) {
    command.push_back(BookKey(kOnlyBucket, stock.book));
    command.push_back(StockKey(kOnlyBucket, stock.book));
  }
  for (const OpenReservation& each : reservations) {
    command.push_back(ReservationKey(kOnlyBucket, each.order));
  }
  command.push_back(token_);
  command.push_back(absl::StrCat(new_epoch_));
  command.push_back(first_part_ ? "1" : "0");
  command.push_back(absl::StrCat(books.size()));
  for (const BookStock& stock : books) {
    command.push_back(absl::StrCat(stock.balance.available));
    command.push_back(absl::StrCat(stock.balance.locked));
    command.push_back(absl::StrCat(stock.balance.sequence));
  }
  for (const OpenReservation& each : reservations) {
    command.push_back(absl::StrCat(each.order));
    command.push_back(absl::StrCat(each.reservation.deadline));
    command.push_back(LinesText(each.reservation.lines));
  }
  return command;
}

absl::Status Rebuilding::LoadPart(const std::vector<BookStock>& books,
                                  const std::vector<OpenReservation>& reservations) {
  RETURN_IF_ERROR(Renew());
  ASSIGN_OR_RETURN(const RedisReply reply, Call(LoadCommand(books, reservations)));
  if (reply.integer != 1) {
    return absl::AbortedError("Redis is not closed under this rebuild's token any more");
  }
  first_part_ = false;
  books_ += books.size();
  reservations_ += reservations.size();
  return absl::OkStatus();
}

absl::Status Rebuilding::LoadBooks() {
  StockListQuery query;
  query.limit = kBooksALoad;
  do {
    ASSIGN_OR_RETURN(const StockPage page, parts_.ledger.ListStock(query));
    if (!page.books.empty()) RETURN_IF_ERROR(LoadPart(page.books, {}));
    query.after = page.next_after;
  } while (query.after != 0);
  return absl::OkStatus();
}

absl::Status Rebuilding::LoadReservations() {
  OrderId after = 0;
  for (;;) {
    ASSIGN_OR_RETURN(const std::vector<OpenReservation> page,
                     parts_.ledger.ListOpenReservations(after, kReservationsALoad));
    if (page.empty()) return absl::OkStatus();
    RETURN_IF_ERROR(LoadPart({}, page));
    after = page.back().order;
  }
}

absl::Status Rebuilding::Open() {
  ASSIGN_OR_RETURN(
      const std::uint64_t epoch,
      parts_.ledger.NextEpoch(token_, new_epoch_, server_.run_id, server_.replication_id));
  if (epoch != new_epoch_) return absl::AbortedError("the epoch has moved meanwhile");
  CrashPoint("rebuild_next_epoch");
  ASSIGN_OR_RETURN(const LedgerEpoch row, parts_.ledger.ReadEpoch());
  // A clock that was injected is not the one the ledger has read.
  const TimeMs not_before = parts_.settings.clock ? 0 : row.progress.as_of;
  ASSIGN_OR_RETURN(
      const RedisReply reply,
      Call({"EVALSHA", Sha1(StoreScript::kOpenEpoch), "2", EpochKey(kOnlyBucket),
            OutboxKey(kOnlyBucket), token_, absl::StrCat(new_epoch_), absl::StrCat(not_before)}));
  if (reply.integer != 1) {
    return absl::AbortedError("Redis is not closed under this rebuild's token any more");
  }
  CrashPoint("rebuild_key_set");
  return parts_.ledger.OpenEpoch(token_);
}

}  // namespace

absl::StatusOr<OpenedEpoch> Rebuild(StoreParts& parts, const LedgerEpoch& row,
                                    const RedisServerFacts& server,
                                    RedisConnection::Generation generation,
                                    const std::string& because) {
  return Rebuilding(parts, row, server, generation, NewToken()).Run(because);
}

absl::StatusOr<std::uint64_t> HandOverToMysql(StoreParts& parts) {
  const absl::StatusOr<OpenedEpoch> opened = parts.gate.Look();
  // Another store's stock, say: that is no matter of trying again.
  if (absl::IsFailedPrecondition(opened.status())) return opened.status();
  if (!opened.ok()) return NothingDone(opened.status());
  const absl::StatusOr<std::vector<QuarantinedBook>> waiting =
      parts.ledger.ListQuarantine(0, kQuarantineNamed + 1);
  if (!waiting.ok()) return NothingDone(waiting.status());
  if (!waiting->empty()) return InQuarantine(*waiting);
  const absl::StatusOr<LedgerEpoch> row = parts.ledger.ReadEpoch();
  if (!row.ok()) return NothingDone(row.status());
  if (row->epoch != opened->epoch || !row->token.empty()) {
    return absl::UnavailableError("nothing was done: the store is being rebuilt; try again");
  }
  const absl::StatusOr<std::uint64_t> generation =
      Rebuilding(parts, *row, {}, opened->generation, absl::StrCat("handover-", NewToken()))
          .HandOver();
  parts.look_again();
  return generation;
}

void LogLosses(StoreParts& parts, std::uint64_t epoch, const std::vector<LostChange>& lost) {
  if (lost.empty()) return;
  parts.figures.lost += lost.size();
  std::int64_t units = 0;
  for (const LostChange& change : lost) units += change.quantity;
  LogError("changes that callers were told yes to are nowhere any more; look at ledger_losses",
           {{"changes", lost.size()}, {"units", units}, {"epoch", epoch}});
  for (std::size_t i = 0; i < std::min(lost.size(), kLossesLogged); ++i) {
    LogError("lost", {{"book", lost[i].book},
                      {"order", lost[i].order},
                      {"change", std::string(Name(lost[i].type))},
                      {"quantity", lost[i].quantity},
                      {"why", lost[i].why}});
  }
}

void ReportLosses(StoreParts& parts, std::uint64_t epoch, const std::vector<LostChange>& lost) {
  if (lost.empty()) return;
  LogLosses(parts, epoch, lost);
  const absl::Status recorded = parts.ledger.RecordLosses(epoch, lost);
  if (!recorded.ok()) {
    LogError("the losses could not be recorded in the database; this log is the record",
             {{"reason", std::string(recorded.message())}});
  }
}

}  // namespace inventory
