#include "ledger/written_ledger.h"

#include <utility>

#include "base/status_macros.h"
#include "ledger/ledger_writer.h"
#include "ledger/mysql_ledger.h"
#include "redis/event_loop.h"

namespace inventory {
namespace {

class WrittenLedger : public MysqlLedger {
 public:
  explicit WrittenLedger(const LedgerSettings& settings)
      : MysqlLedger({settings.dsn, settings.max_connections}),
        writer_(loop_,
                {settings.dsn, settings.redis, settings.idempotency_ttl, settings.outbox_keep}) {}

  void Start() { writer_.Start(); }

  void Describe(StoreStatus& status) const override {
    MysqlLedger::Describe(status);
    writer_.Describe(status);
  }

 private:
  EventLoop loop_;
  LedgerWriter writer_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Ledger>> OpenLedger(const LedgerSettings& settings) {
  auto ledger = std::make_unique<WrittenLedger>(settings);
  const absl::Status opened = ledger->Open();
  if (!opened.ok() && !absl::IsUnavailable(opened)) return opened;
  ledger->Start();
  return std::unique_ptr<Ledger>(std::move(ledger));
}

}  // namespace inventory
