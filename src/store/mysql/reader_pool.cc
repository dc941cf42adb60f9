#include "store/mysql/reader_pool.h"

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace inventory {

ReaderPool::ReaderPool(const Dsn& dsn, int threads) : dsn_(dsn) {
  for (int i = 0; i < threads; ++i) {
    readers_.push_back(std::make_unique<Reader>(absl::StrCat("mysql-read-", i)));
  }
}

absl::Status ReaderPool::Connect(Reader& reader) {
  const auto now = std::chrono::steady_clock::now();
  const bool fresh = now - reader.used < std::chrono::seconds(Connection::kIdleLimitSeconds - 1);
  reader.used = now;
  if (reader.connection && fresh) return absl::OkStatus();
  reader.connection.reset();
  ASSIGN_OR_RETURN(reader.connection, Connection::Open(dsn_));
  return absl::OkStatus();
}

void ReaderPool::Stop() {
  for (const auto& reader : readers_) reader->worker.Stop();
}

}  // namespace inventory
