#include "store/embedded/line_table.h"

#include <gtest/gtest.h>

#include <map>

#include "store/embedded/generations.h"

namespace inventory {
namespace {

LineRow Row(RecordNumber record) { return LineRow::Make({LineState::kSoldByDeduct, 1, 0}, record); }

std::map<BookId, RecordNumber> RecordsOf(const LineTable& table, OrderId order) {
  std::map<BookId, RecordNumber> records;
  table.ForEachOfOrder(order, [&](BookId book, const LineRow& row) { records[book] = row.record; });
  return records;
}

TEST(LineTable, KeepsAnOrdersLinesTogetherAndTheirLatestRow) {
  LineTable table;
  table.Put({7, 1}, Row(1));
  table.Put({7, 2}, Row(2));
  table.Put({7, 3}, Row(3));
  table.Put({8, 2}, Row(4));
  table.Put({7, 1}, Row(5));
  table.Put({7, 3}, Row(6));
  EXPECT_EQ(table.size(), 4u);
  EXPECT_EQ(table.Find({7, 1})->record, 5u);
  EXPECT_EQ(table.Find({7, 2})->record, 2u);
  EXPECT_EQ(table.Find({8, 2})->record, 4u);
  EXPECT_EQ(table.Find({8, 1}), nullptr);
  EXPECT_EQ(table.Find({9, 1}), nullptr);
  EXPECT_EQ(RecordsOf(table, 7), (std::map<BookId, RecordNumber>{{1, 5}, {2, 2}, {3, 6}}));
  EXPECT_EQ(RecordsOf(table, 6), (std::map<BookId, RecordNumber>{}));
  EXPECT_EQ(table.max_order(), 8u);
}

TEST(Generations, FindsTheNewestAndEvictsOnlyWhatIsSaved) {
  Generations<LineTable> lines;
  lines.Put(LineKey{1, 1}, Row(1));
  lines.Put(LineKey{2, 1}, Row(2));
  EXPECT_EQ(lines.Evict(0), nullptr) << "nothing is saved";
  const auto saving = lines.Freeze();
  EXPECT_EQ(saving->size(), 2u);
  lines.Put(LineKey{1, 1}, Row(9));
  EXPECT_EQ(lines.Find(LineKey{1, 1})->record, 9u);
  EXPECT_EQ(lines.Find(LineKey{2, 1})->record, 2u);
  EXPECT_EQ(saving->Find({1, 1})->record, 1u) << "what is being saved does not change";
  EXPECT_EQ(lines.Evict(0), nullptr) << "not saved yet";

  lines.Saved();
  EXPECT_EQ(lines.Evict(3), nullptr) << "there is room for three";
  EXPECT_EQ(lines.Evict(2), saving);
  EXPECT_EQ(lines.Find(LineKey{1, 1})->record, 9u);
  EXPECT_EQ(lines.Find(LineKey{2, 1}), nullptr);
}

}  // namespace
}  // namespace inventory
