#include "ledger/losses.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "ledger/ledger_rows.h"
#include "mysql/sql_text.h"

namespace inventory {
namespace {

constexpr std::size_t kRowsAStatement = 1'000;
constexpr std::size_t kMaxReasonBytes = 250;

}  // namespace

std::vector<std::string> LossStatements(std::uint64_t epoch, const std::vector<LostChange>& lost) {
  std::vector<std::string> statements;
  for (std::size_t i = 0; i < lost.size(); ++i) {
    if (i % kRowsAStatement == 0) {
      statements.emplace_back(
          "INSERT INTO ledger_losses (bucket, epoch, book_id, order_id, change_type, quantity,"
          " reason, found_at) VALUES ");
    } else {
      statements.back() += ',';
    }
    std::string& sql = statements.back();
    absl::StrAppend(&sql, "(", kBucket, ",", epoch, ",", lost[i].book, ",");
    sql += lost[i].order == 0 ? "NULL" : absl::StrCat(lost[i].order);
    absl::StrAppend(&sql, ",", static_cast<int>(lost[i].type), ",", lost[i].quantity, ",");
    AppendQuoted(sql, std::string_view(lost[i].why).substr(0, kMaxReasonBytes));
    sql += ",UTC_TIMESTAMP(3))";
  }
  // Two instances may have told of the same change, the one that it was done, the other that it was
  // done before; and whoever finds it again must not count it twice.
  for (std::string& sql : statements) sql += " ON DUPLICATE KEY UPDATE id=id";
  return statements;
}

}  // namespace inventory
