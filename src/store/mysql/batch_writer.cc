#include "store/mysql/batch_writer.h"

#include <pthread.h>

#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/backoff.h"
#include "base/status_macros.h"
#include "mysql/fault.h"

namespace inventory {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

// Before the server ends an idle session, so that a batch does not begin on a dead one.
constexpr std::chrono::seconds kRenewAfter{Connection::kIdleLimitSeconds - 1};

// After these the same batch may be tried again: nothing of it was done.
bool MayTryAgain(const absl::Status& fault) {
  return absl::IsAborted(fault) || absl::IsNotFound(fault) || FaultOf(fault) == SqlFault::kGone;
}

absl::Status OutcomeUnknown(const absl::Status& fault) {
  return absl::UnavailableError(
      absl::StrCat("outcome unknown; ask again with the same order or request id: ",
                   std::string(fault.message())));
}

}  // namespace

BatchWriter::BatchWriter(const Shared& shared, std::uint64_t writer)
    : shared_(shared), mark_{writer, 0}, dice_(std::random_device()()), thread_([this] { Run(); }) {
  pthread_setname_np(thread_.native_handle(), "mysql-write");
}

void BatchWriter::Run() {
  for (;;) {
    BatchGroup group = shared_.queue.Take();
    if (group.batches.empty()) return;
    Serve(std::move(group));
  }
}

void BatchWriter::Serve(BatchGroup group) {
  keys_ = std::move(group.keys);
  std::vector<Command> commands;
  commands.reserve(group.commands);
  std::vector<std::size_t> sizes;
  for (PendingBatch& batch : group.batches) {
    sizes.push_back(batch.commands.size());
    std::move(batch.commands.begin(), batch.commands.end(), std::back_inserter(commands));
  }
  absl::StatusOr<DecidedTransaction> decided = Apply(commands);
  if (decided.ok()) shared_.feed.Publish(decided->changes);
  std::size_t first = 0;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    Done<std::vector<Reply>>& done = group.batches[i].done;
    if (!decided.ok()) {
      done(decided.status());
      continue;
    }
    const auto begin = std::make_move_iterator(decided->replies.begin());
    done(std::vector<Reply>(begin + static_cast<std::ptrdiff_t>(first),
                            begin + static_cast<std::ptrdiff_t>(first + sizes[i])));
    first += sizes[i];
  }
  LetOthersBegin();
}

// Another transaction may begin with the same books: while this one's COMMIT waits for the disk the
// database can already read for the next. It will wait for this one's locks, so it comes after it.
void BatchWriter::LetOthersBegin() {
  if (keys_.empty()) return;
  shared_.queue.Finish(keys_);
  keys_ = {};
}

absl::StatusOr<DecidedTransaction> BatchWriter::Apply(const std::vector<Command>& commands) {
  NeededFacts needed;
  for (const Command& command : commands) needed.Add(command);
  // While the database is known to be away, one try is enough: others wait behind this batch.
  const bool healthy = shared_.health.Get().ok();
  const Deadline deadline =
      steady_clock::now() + (healthy ? kGiveUpAfter : std::chrono::seconds(0));
  for (int failures = 1;; ++failures) {
    absl::StatusOr<DecidedTransaction> decided = Attempt(commands, needed);
    if (decided.ok()) {
      shared_.figures.transactions += 1;
      shared_.figures.commands += commands.size();
      shared_.figures.tombstones += decided->tombstones;
      shared_.figures.size.Observe(static_cast<std::int64_t>(commands.size()));
      return decided;
    }
    const absl::Status& fault = decided.status();
    if (absl::IsUnknown(fault)) return OutcomeUnknown(fault);
    if (FaultOf(fault) == SqlFault::kConflict) shared_.figures.conflicts += 1;
    const milliseconds pause = PauseAfter(failures);
    if (!MayTryAgain(fault) || steady_clock::now() + pause >= deadline ||
        !shared_.stop.Pause(pause)) {
      if (!absl::IsAborted(fault)) shared_.health.Set(fault);
      return NothingDone(fault);
    }
  }
}

// Once at once, then after pauses that grow.
milliseconds BatchWriter::PauseAfter(int failures) {
  if (failures == 1) return milliseconds(0);
  return Backoff(failures - 1, milliseconds(4), milliseconds(400),
                 std::uniform_real_distribution<double>(0, 1)(dice_));
}

// ABORTED, NotFound, or a fault that is kGone: nothing was done, and it may be tried again.
// UNKNOWN: it may have been done. Else: nothing was done, and trying again would not help.
absl::StatusOr<DecidedTransaction> BatchWriter::Attempt(const std::vector<Command>& commands,
                                                        NeededFacts& needed) {
  RETURN_IF_ERROR(Connect());
  ++mark_.batch;
  const std::int64_t began = MeasuredNow();
  BatchTransaction transaction(*connection_, mark_, shared_.time, needed);
  absl::StatusOr<DecidedTransaction> decided = transaction.Decide(commands);
  if (!decided.ok()) {
    RollBack(decided.status());
    if (absl::IsNotFound(decided.status())) registered_ = false;
    return decided;
  }
  const std::int64_t written = MeasuredNow();
  shared_.figures.decide_time.Observe(written - began);
  RETURN_IF_ERROR(Commit(decided->packets));
  shared_.figures.commit_time.ObserveSince(written);
  used_ = steady_clock::now();
  return decided;
}

absl::Status BatchWriter::Commit(const std::vector<std::string>& packets) {
  for (std::size_t i = 0; i < packets.size(); ++i) {
    const bool last = i + 1 == packets.size();
    if (last) LetOthersBegin();
    const absl::Status fault = connection_->Run(packets[i]).status();
    if (fault.ok()) continue;
    if (last && FaultOf(fault) != SqlFault::kConflict) return Settle(fault);
    RollBack(fault);
    return fault;
  }
  return absl::OkStatus();
}

// The packet with the COMMIT failed. Did the transaction take effect? Its first statement locked
// the writer's row, so reading that row for update waits until the transaction has ended.
absl::Status BatchWriter::Settle(const absl::Status& fault) {
  shared_.figures.in_doubt += 1;
  RollBack(fault);
  if (kMysqlFault == MysqlFault::kDoubtMeansRolledBack) return fault;
  const Deadline deadline = steady_clock::now() + kGiveUpAfter;
  for (int failures = 1;; ++failures) {
    const absl::Status connected = Connect();
    const absl::StatusOr<std::uint64_t> stored =
        connected.ok() ? ReadMark() : absl::StatusOr<std::uint64_t>(connected);
    if (stored.ok()) {
      if (*stored == mark_.batch) return absl::OkStatus();
      if (FaultOf(fault) == SqlFault::kGone) {
        return absl::AbortedError(absl::StrCat("rolled back: ", std::string(fault.message())));
      }
      return fault;
    }
    RollBack(stored.status());
    if (absl::IsNotFound(stored.status()) || steady_clock::now() >= deadline ||
        !shared_.stop.Pause(PauseAfter(failures))) {
      return absl::UnknownError(fault.message());
    }
  }
}

absl::Status BatchWriter::Connect() {
  if (connection_ && steady_clock::now() - used_ >= kRenewAfter) connection_.reset();
  if (!connection_) {
    absl::StatusOr<std::unique_ptr<Connection>> opened = Connection::Open(shared_.dsn);
    if (!opened.ok()) {
      shared_.health.Set(opened.status());
      return opened.status();
    }
    connection_ = *std::move(opened);
    used_ = steady_clock::now();
  }
  if (registered_) return absl::OkStatus();
  const absl::Status registered = Register();
  if (!registered.ok()) RollBack(registered);
  return registered;
}

// A conflict: an INSERT before it, whose answer was lost, has made the row. If it has not, the next
// transaction finds none, and registers again. Nothing that exists is replaced here: these bytes
// may reach the server late, when the row's number is what tells of a transaction in doubt.
absl::Status BatchWriter::Register() {
  const absl::Status inserted =
      connection_
          ->Run(absl::StrCat("INSERT INTO writers (writer, batch, seen_at) VALUES (", mark_.writer,
                             ",", mark_.batch, ",UTC_TIMESTAMP(3))"))
          .status();
  if (!inserted.ok() && FaultOf(inserted) != SqlFault::kConflict) return inserted;
  registered_ = true;
  return absl::OkStatus();
}

absl::StatusOr<std::uint64_t> BatchWriter::ReadMark() {
  ASSIGN_OR_RETURN(std::vector<SqlRows> results,
                   connection_->Run(absl::StrCat(
                       "SELECT batch FROM writers WHERE writer=", mark_.writer, " FOR UPDATE")));
  if (results.size() != 1 || !results[0].Next()) {
    return absl::NotFoundError("the writer's row is gone");
  }
  return results[0].U64(0);
}

// Every retry begins here: a failed statement may have left the transaction open.
void BatchWriter::RollBack(const absl::Status& fault) {
  if (!connection_) return;
  if (kMysqlFault == MysqlFault::kRetryWithoutRollback && !absl::IsUnavailable(fault)) return;
  if (FaultOf(fault) == SqlFault::kGone || !connection_->Run("ROLLBACK").ok()) connection_.reset();
}

}  // namespace inventory
