// For tests of this folder: export files.
#pragma once

#include <string>
#include <vector>

#include "base/delimited.h"
#include "inventory/v1/inventory.pb.h"
#include "tools/inventoryctl/fact_file.h"

namespace inventory {

inline v1::StockFacts Header() {
  v1::StockFacts header;
  header.mutable_header()->set_format(1);
  return header;
}

inline v1::StockFacts OneMovement() {
  v1::StockFacts fact;
  v1::InventoryLog& movement = *fact.mutable_movement();
  movement.set_book_id(300);
  movement.set_sequence(1);
  movement.set_change_type("restock");
  movement.set_quantity(100);
  movement.set_after_stock(100);
  movement.set_remark("采购入库");
  return fact;
}

// A message as it stands in a file.
inline std::string Delimited(const v1::StockFacts& fact) {
  const std::string bytes = fact.SerializeAsString();
  return LengthPrefix(bytes.size()) + bytes;
}

// The trailer of a header and these movements.
inline v1::StockFacts TrailerOf(const std::vector<v1::StockFacts>& movements) {
  DelimitedSum sum;
  sum.Add(Header().SerializeAsString());
  for (const v1::StockFacts& fact : movements) sum.Add(fact.SerializeAsString());
  v1::StockFacts trailer;
  trailer.mutable_trailer()->set_movements(movements.size());
  trailer.mutable_trailer()->set_crc32(sum.value());
  return trailer;
}

inline std::string ExportFile(const std::vector<v1::StockFacts>& movements) {
  std::string file = Delimited(Header());
  for (const v1::StockFacts& fact : movements) file += Delimited(fact);
  return file + Delimited(TrailerOf(movements));
}

}  // namespace inventory
