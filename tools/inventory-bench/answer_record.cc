#include "tools/inventory-bench/answer_record.h"

#include <cerrno>
#include <chrono>
#include <cinttypes>

#include "absl/strings/str_cat.h"

namespace inventory::bench {

absl::StatusOr<AnswerRecord> AnswerRecord::Create(const std::string& path) {
  std::FILE* const file = std::fopen(path.c_str(), "we");
  if (file == nullptr) return absl::ErrnoToStatus(errno, absl::StrCat("cannot write ", path));
  return AnswerRecord(path, file);
}

void AnswerRecord::Sold(std::uint64_t order, std::uint64_t book, std::int32_t quantity) {
  const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::system_clock::now().time_since_epoch());
  std::fprintf(file_.get(), "%" PRId64 " %" PRIu64 " %" PRIu64 " %" PRId32 "\n",
               static_cast<std::int64_t>(now.count()), order, book, quantity);
}

absl::Status AnswerRecord::Close() {
  const bool whole = std::ferror(file_.get()) == 0;
  if (std::fclose(file_.release()) == 0 && whole) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat("cannot write all of ", path_, ": is the disk full?"));
}

Workload::Call RecordedDeductWorkload::Next(int slot) {
  const Call call = DeductWorkload::Next(slot);
  asked_[slot] = {request().order_id(), request().book_id()};
  return call;
}

void RecordedDeductWorkload::Read(int slot, std::string_view response, Tally& tally) {
  const std::uint64_t sold = tally.ok_items();
  DeductWorkload::Read(slot, response, tally);
  if (tally.ok_items() == sold) return;
  record_.Sold(asked_[slot].order, asked_[slot].book, request().quantity());
}

}  // namespace inventory::bench
