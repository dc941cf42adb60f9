#include "store/redis/reconciliation.h"

#include <algorithm>
#include <future>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "redis/keys.h"
#include "store/redis/scripts.h"
#include "telemetry/log.h"

namespace inventory {
namespace {

constexpr int kBooksAPage = 500;
constexpr int kQuarantinedBooks = 10'000;

// A book as it stands in Redis, in order or not.
struct InspectedBook {
  std::string texts[5];  // available, locked, sequence, epoch, view
  // What it says, if it is in order.
  std::optional<Balance> balance;

  std::string Describe() const {
    if (balance) {
      return absl::StrCat(balance->available, " available, ", balance->locked, " locked, sequence ",
                          balance->sequence);
    }
    if (texts[0].empty() && texts[4].empty()) return "nothing";
    return absl::StrCat("'", texts[0], "' available (view '", texts[4], "'), '", texts[1],
                        "' locked, sequence '", texts[2], "', epoch '", texts[3], "'");
  }
};

std::string Describe(const Balance& balance) {
  return absl::StrCat(balance.available, " available, ", balance.locked, " locked, sequence ",
                      balance.sequence);
}

// One page.
class Reconciliation {
 public:
  Reconciliation(StoreParts& parts, bool repair) : parts_(parts), repair_(repair) {}

  absl::StatusOr<std::vector<BookDrift>> Run(const std::vector<BookId>& books);

 private:
  absl::Status Inspect(const std::vector<BookId>& books);
  absl::Status AwaitLedger();
  absl::Status ReadLedger(const std::vector<BookId>& books);
  absl::Status Compare(std::size_t at);
  absl::Status CompareRow(std::size_t at);
  absl::Status CompareRedis(std::size_t at);
  absl::StatusOr<bool> RepairRedis(std::size_t at, const Balance& right);
  void Differs(BookId book, std::string difference, bool repaired);

  StoreParts& parts_;
  const bool repair_;
  OpenedEpoch opened_;
  std::uint64_t entries_ = 0;
  std::vector<InspectedBook> inspected_;  // the same order as the books
  std::vector<BookStock> rows_;
  std::vector<std::optional<Balance>> logged_;           // of the row's sequence
  std::vector<std::optional<Balance>> logged_of_redis_;  // of the sequence in Redis
  absl::flat_hash_set<BookId> quarantined_;
  std::vector<BookDrift> drifts_;
};

absl::StatusOr<std::vector<BookDrift>> Reconciliation::Run(const std::vector<BookId>& books) {
  ASSIGN_OR_RETURN(opened_, parts_.gate.Look());
  RETURN_IF_ERROR(Inspect(books));
  RETURN_IF_ERROR(AwaitLedger());
  RETURN_IF_ERROR(ReadLedger(books));
  for (std::size_t at = 0; at < books.size(); ++at) RETURN_IF_ERROR(Compare(at));
  return std::move(drifts_);
}

absl::Status Reconciliation::Inspect(const std::vector<BookId>& books) {
  RedisConnection::Command command{"EVALSHA", Sha1(StoreScript::kInspectStock),
                                   absl::StrCat(1 + 2 * books.size()), EpochKey(kOnlyBucket)};
  for (const BookId book : books) {
    command.push_back(BookKey(kOnlyBucket, book));
    command.push_back(StockKey(kOnlyBucket, book));
  }
  const std::string epoch = absl::StrCat(opened_.epoch);
  command.push_back(epoch);
  ASSIGN_OR_RETURN(const RedisReply reply,
                   parts_.connection.Call(std::move(command), opened_.generation));
  const std::vector<RedisReply>& parts = reply.elements;
  if (parts.size() != 2 + 5 * books.size()) {
    return absl::UnavailableError(
        absl::StrCat("Redis could not be read as it is; retry: ", reply.text));
  }
  entries_ = static_cast<std::uint64_t>(parts[1].integer);
  for (std::size_t i = 0; i < books.size(); ++i) {
    InspectedBook book;
    for (std::size_t text = 0; text < 5; ++text) book.texts[text] = parts[2 + 5 * i + text].text;
    Balance balance;
    if (book.texts[3] == epoch && book.texts[0] == book.texts[4] &&
        absl::SimpleAtoi(book.texts[0], &balance.available) &&
        absl::SimpleAtoi(book.texts[1], &balance.locked) &&
        absl::SimpleAtoi(book.texts[2], &balance.sequence)) {
      book.balance = balance;
    }
    inspected_.push_back(std::move(book));
  }
  return absl::OkStatus();
}

absl::Status Reconciliation::AwaitLedger() {
  std::promise<absl::Status> applied;
  parts_.waiters.Wait(opened_.epoch, entries_, [&applied](const absl::Status& status) {
    applied.set_value(absl::Status(status.code(), std::string(status.message())));
  });
  return applied.get_future().get();
}

absl::Status Reconciliation::ReadLedger(const std::vector<BookId>& books) {
  LedgerQuestion question;
  question.books = books;
  ASSIGN_OR_RETURN(LedgerAnswer answer, parts_.ledger.LookUp(question));
  rows_ = std::move(answer.books);
  std::vector<std::pair<BookId, std::uint64_t>> of_rows;
  std::vector<std::pair<BookId, std::uint64_t>> of_redis;
  for (std::size_t i = 0; i < books.size(); ++i) {
    const std::optional<Balance>& in_redis = inspected_[i].balance;
    of_rows.emplace_back(books[i], rows_[i].balance.sequence);
    of_redis.emplace_back(books[i], in_redis ? in_redis->sequence : 0);
  }
  ASSIGN_OR_RETURN(logged_, parts_.ledger.ReadLogged(of_rows));
  ASSIGN_OR_RETURN(logged_of_redis_, parts_.ledger.ReadLogged(of_redis));
  ASSIGN_OR_RETURN(const std::vector<QuarantinedBook> quarantined,
                   parts_.ledger.ListQuarantine(0, kQuarantinedBooks));
  for (const QuarantinedBook& book : quarantined) quarantined_.insert(book.book);
  return absl::OkStatus();
}

void Reconciliation::Differs(BookId book, std::string difference, bool repaired) {
  LogWarn("a book differs from its log",
          {{"book", book}, {"difference", difference}, {"repaired", repaired}});
  if (repaired) ++parts_.figures.repaired;
  drifts_.push_back({book, std::move(difference), repaired});
}

absl::Status Reconciliation::Compare(std::size_t at) {
  const BookId book = rows_[at].book;
  if (quarantined_.contains(book)) {
    Differs(book, "movements of this book wait in quarantine: see `inventoryctl ledger list`",
            false);
    return absl::OkStatus();
  }
  if (!rows_[at].known && inspected_[at].texts[3].empty()) return absl::OkStatus();  // in neither
  if (rows_[at].known) RETURN_IF_ERROR(CompareRow(at));
  return CompareRedis(at);
}

// The database's row against the log: somebody may have edited it.
absl::Status Reconciliation::CompareRow(std::size_t at) {
  const BookStock& row = rows_[at];
  if (!logged_[at]) {
    Differs(row.book,
            absl::StrCat("the database's row says ", Describe(row.balance),
                         ", and its log has no movement of that sequence"),
            false);
    return absl::OkStatus();
  }
  if (*logged_[at] == row.balance) return absl::OkStatus();
  bool repaired = false;
  if (repair_) {
    ASSIGN_OR_RETURN(repaired, parts_.ledger.RepairRow(row, *logged_[at]));
    if (repaired) {
      RETURN_IF_ERROR(parts_.ledger.RecordRepair(row, {row.book, true, *logged_[at]},
                                                 "the database's row differed from its log"));
    }
  }
  Differs(row.book,
          absl::StrCat("the database's row says ", Describe(row.balance), ", its log ",
                       Describe(*logged_[at])),
          repaired);
  return absl::OkStatus();
}

absl::Status Reconciliation::CompareRedis(std::size_t at) {
  const InspectedBook& found = inspected_[at];
  const BookId book = rows_[at].book;
  // Sales may have gone on since it was read; the movement of its sequence tells.
  if (found.balance && logged_of_redis_[at] == found.balance) return absl::OkStatus();
  if (!logged_[at]) {
    if (!rows_[at].known) {
      Differs(book,
              absl::StrCat("Redis says ", found.Describe(), ", and the ledger has no such book"),
              false);
    }
    return absl::OkStatus();
  }
  bool repaired = false;
  if (repair_) {
    ASSIGN_OR_RETURN(repaired, RepairRedis(at, *logged_[at]));
  }
  Differs(book, absl::StrCat("Redis says ", found.Describe(), ", the log ", Describe(*logged_[at])),
          repaired);
  return absl::OkStatus();
}

absl::StatusOr<bool> Reconciliation::RepairRedis(std::size_t at, const Balance& right) {
  const InspectedBook& found = inspected_[at];
  const BookId book = rows_[at].book;
  RedisConnection::Command command{"EVALSHA",
                                   Sha1(StoreScript::kRepairStock),
                                   "3",
                                   EpochKey(kOnlyBucket),
                                   BookKey(kOnlyBucket, book),
                                   StockKey(kOnlyBucket, book),
                                   absl::StrCat(opened_.epoch)};
  command.insert(command.end(), std::begin(found.texts), std::end(found.texts));
  command.push_back(absl::StrCat(right.available));
  command.push_back(absl::StrCat(right.locked));
  command.push_back(absl::StrCat(right.sequence));
  ASSIGN_OR_RETURN(const RedisReply reply,
                   parts_.connection.Call(std::move(command), opened_.generation));
  if (reply.integer != 1) return false;
  const BookStock was{book, found.balance.has_value(), found.balance.value_or(Balance{})};
  RETURN_IF_ERROR(
      parts_.ledger.RecordRepair(was, {book, true, right}, "Redis differed from the log"));
  return true;
}

}  // namespace

absl::StatusOr<ReconcilePage> ReconcileBooks(StoreParts& parts, const ReconcileQuery& query) {
  ReconcilePage page;
  std::vector<BookId> books = query.books;
  if (books.empty()) {
    StockListQuery list;
    list.after = query.after;
    list.limit = kBooksAPage;
    ASSIGN_OR_RETURN(const StockPage stock, parts.ledger.ListStock(list));
    for (const BookStock& each : stock.books) books.push_back(each.book);
    page.next_after = stock.next_after;
  }
  page.checked = books.size();
  if (books.empty()) return page;
  ASSIGN_OR_RETURN(page.drifts, Reconciliation(parts, query.repair).Run(books));
  return page;
}

}  // namespace inventory
