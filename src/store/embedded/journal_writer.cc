#include "store/embedded/journal_writer.h"

#include <pthread.h>
#include <rocksdb/write_batch.h>

#include <string>
#include <utility>

#include "store/embedded/fault.h"

namespace inventory {

JournalWriter::JournalWriter(Database& database, DurableBooks& books, Health& health)
    : database_(database), books_(books), health_(health), thread_([this] { Run(); }) {
  pthread_setname_np(thread_.native_handle(), "journal");
}

void JournalWriter::Push(Commit commit) {
  MutexLock lock(mutex_);
  pending_.push_back(std::move(commit));
  if (pending_.size() == 1) changed_.NotifyOne();
}

void JournalWriter::Run() {
  std::vector<Commit> commits;
  while (true) {
    {
      MutexLock lock(mutex_);
      while (pending_.empty() && !stopping_) changed_.Wait(mutex_);
      if (pending_.empty()) return;
      commits.swap(pending_);
    }
    if (kFault == Fault::kReplyBeforeSync) {
      for (Commit& commit : commits) Finish(commit, absl::OkStatus());
    }
    absl::Status status = health_.Get();
    if (status.ok()) {
      status = Write(commits);
      health_.Stop(status);
    }
    if (kFault != Fault::kReplyBeforeSync) {
      for (Commit& commit : commits) Finish(commit, status);
    }
    commits.clear();
  }
}

void JournalWriter::Finish(Commit& commit, const absl::Status& status) {
  if (status.ok()) {
    const DecidedBatch& batch = commit.batch;
    books_.AddSparse(batch.sparse);
    books_.Publish(batch.changes, batch.change_records);
    StockObserver* const observer = observer_;
    if (observer && batch.announced && !batch.changes.empty()) observer->OnChanges(batch.changes);
  }
  commit.finish(status);
}

absl::Status JournalWriter::Write(const std::vector<Commit>& commits) {
  std::size_t bytes = 0;
  for (const Commit& commit : commits) bytes += commit.batch.bytes.size();
  if (bytes == 0) return absl::OkStatus();

  const std::int64_t began = MeasuredNow();
  rocksdb::WriteBatch write(bytes + bytes / 4);
  rocksdb::ColumnFamilyHandle* const journal = database_.family(Family::kJournal);
  for (const Commit& commit : commits) {
    const char* record = commit.batch.bytes.data();
    for (const DecidedBatch::Record& each : commit.batch.records) {
      const rocksdb::Status put =
          write.Put(journal, RecordKey(each.number), rocksdb::Slice(record, each.size));
      if (!put.ok()) return ToStatus(put, "writing the journal");
      record += each.size;
    }
  }
  rocksdb::WriteOptions options;
  options.sync = kFault != Fault::kNoSync;
  const rocksdb::Status written = database_.db().Write(options, &write);
  if (!written.ok()) {
    const absl::Status status = ToStatus(written, "writing the journal");
    return absl::UnavailableError("outcome unknown: " + std::string(status.message()));
  }
  commit_time_.ObserveSince(began);
  journal_bytes_ += bytes;
  ++syncs_;
  return absl::OkStatus();
}

void JournalWriter::Stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    changed_.NotifyOne();
  }
  if (thread_.joinable()) thread_.join();
}

}  // namespace inventory
