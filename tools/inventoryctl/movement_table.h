// Movements of stock as a table for people.
#pragma once

#include <ostream>

#include "inventory/v1/inventory.pb.h"
#include "tools/inventoryctl/text_table.h"

namespace inventory {

class MovementTable {
 public:
  MovementTable();
  void Add(const v1::InventoryLog& movement);
  void Flush(std::ostream& out) { table_.Flush(out); }

 private:
  TextTable table_;
};

}  // namespace inventory
