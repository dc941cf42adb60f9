#include "tools/inventoryctl/movement_table.h"

#include "absl/strings/str_cat.h"
#include "tools/inventoryctl/values.h"

namespace inventory {

MovementTable::MovementTable()
    : table_({{"TIME", TextTable::Align::kLeft},
              {"BOOK"},
              {"SEQUENCE"},
              {"TYPE", TextTable::Align::kLeft},
              {"QUANTITY"},
              {"BEFORE"},
              {"AFTER"},
              {"LOCKED"},
              {"ORDER"},
              {"REQUEST", TextTable::Align::kLeft},
              {"REMARK", TextTable::Align::kLeft}}) {}

void MovementTable::Add(const v1::InventoryLog& movement) {
  table_.AddRow({ShowTime(movement.created_at_ms()), absl::StrCat(movement.book_id()),
                 absl::StrCat(movement.sequence()), movement.change_type(),
                 absl::StrCat(movement.quantity()), absl::StrCat(movement.before_stock()),
                 absl::StrCat(movement.after_stock()), absl::StrCat(movement.locked_after()),
                 movement.order_id() == 0 ? "-" : absl::StrCat(movement.order_id()),
                 movement.request_id(), movement.remark()});
}

}  // namespace inventory
