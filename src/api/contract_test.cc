// The wire contract, field by field: what clients generated from an earlier contract rely on. A row
// may be added; a row that is here never changes.
#include <gmock/gmock.h>

#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "inventory/v1/inventory.pb.h"

namespace inventory {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::FieldDescriptor;

// The contract of the Go service that came before: message, field, number, type.
constexpr char kOriginFields[] = R"(
GetStockRequest book_id 1 uint64
GetStockResponse code 1 uint32
GetStockResponse message 2 string
GetStockResponse book_id 3 uint64
GetStockResponse stock 4 int32
BatchGetStockRequest book_ids 1 repeated-uint64
BatchGetStockResponse code 1 uint32
BatchGetStockResponse message 2 string
BatchGetStockResponse stocks 3 repeated-StockInfo
StockInfo book_id 1 uint64
StockInfo stock 2 int32
DeductStockRequest book_id 1 uint64
DeductStockRequest quantity 2 int32
DeductStockRequest order_id 3 uint64
DeductStockResponse code 1 uint32
DeductStockResponse message 2 string
DeductStockResponse remaining_stock 3 int32
ReleaseStockRequest book_id 1 uint64
ReleaseStockRequest quantity 2 int32
ReleaseStockRequest order_id 3 uint64
ReleaseStockRequest reason 4 string
ReleaseStockResponse code 1 uint32
ReleaseStockResponse message 2 string
ReleaseStockResponse current_stock 3 int32
RestockInventoryRequest book_id 1 uint64
RestockInventoryRequest quantity 2 int32
RestockInventoryResponse code 1 uint32
RestockInventoryResponse message 2 string
RestockInventoryResponse current_stock 3 int32
GetInventoryLogsRequest book_id 1 uint64
GetInventoryLogsRequest page 2 uint32
GetInventoryLogsRequest page_size 3 uint32
GetInventoryLogsResponse code 1 uint32
GetInventoryLogsResponse message 2 string
GetInventoryLogsResponse logs 3 repeated-InventoryLog
GetInventoryLogsResponse total 4 uint32
InventoryLog id 1 uint64
InventoryLog book_id 2 uint64
InventoryLog change_type 3 string
InventoryLog quantity 4 int32
InventoryLog before_stock 5 int32
InventoryLog after_stock 6 int32
InventoryLog order_id 7 uint64
InventoryLog created_at 8 int64
)";

constexpr char kNewFields[] = R"(
GetStockResponse locked_stock 5 int32
GetStockResponse total_stock 6 int32
GetStockResponse sequence 7 uint64
StockInfo locked_stock 3 int32
StockInfo total_stock 4 int32
StockInfo sequence 5 uint64
StockInfo code 6 uint32
RestockInventoryRequest request_id 3 string
RestockInventoryRequest remark 4 string
GetInventoryLogsRequest order_id 4 uint64
GetInventoryLogsRequest change_type 5 string
GetInventoryLogsRequest since_ms 6 int64
GetInventoryLogsRequest until_ms 7 int64
GetInventoryLogsRequest page_token 8 string
GetInventoryLogsResponse next_page_token 5 string
InventoryLog remark 9 string
InventoryLog locked_after 10 int32
InventoryLog created_at_ms 11 int64
InventoryLog sequence 12 uint64
InventoryLog request_id 13 string
InventoryLog actor 14 string
BatchDeductStockRequest items 1 repeated-DeductStockRequest
BatchDeductStockResponse results 1 repeated-DeductStockResponse
BatchDeductStockResponse code 2 uint32
BatchDeductStockResponse message 3 string
OrderLine book_id 1 uint64
OrderLine quantity 2 int32
OrderLineOutcome book_id 1 uint64
OrderLineOutcome code 2 uint32
OrderLineOutcome remaining_stock 3 int32
OrderLineInfo book_id 1 uint64
OrderLineInfo quantity 2 int32
OrderLineInfo state 3 OrderLineState
OrderLineInfo expires_at_ms 4 int64
ReserveStockRequest order_id 1 uint64
ReserveStockRequest lines 2 repeated-OrderLine
ReserveStockRequest ttl_seconds 3 int32
ReserveStockResponse code 1 uint32
ReserveStockResponse message 2 string
ReserveStockResponse expires_at_ms 3 int64
ReserveStockResponse lines 4 repeated-OrderLineOutcome
ConfirmReservationRequest order_id 1 uint64
ConfirmReservationResponse code 1 uint32
ConfirmReservationResponse message 2 string
ConfirmReservationResponse lines 3 repeated-OrderLineOutcome
CancelReservationRequest order_id 1 uint64
CancelReservationRequest reason 2 string
CancelReservationResponse code 1 uint32
CancelReservationResponse message 2 string
CancelReservationResponse lines 3 repeated-OrderLineOutcome
GetReservationRequest order_id 1 uint64
GetReservationResponse code 1 uint32
GetReservationResponse message 2 string
GetReservationResponse state 3 ReservationState
GetReservationResponse expires_at_ms 4 int64
GetReservationResponse lines 5 repeated-OrderLineInfo
GetOrderRequest order_id 1 uint64
GetOrderResponse code 1 uint32
GetOrderResponse message 2 string
GetOrderResponse lines 3 repeated-OrderLineInfo
GetOrderResponse logs 4 repeated-InventoryLog
AdjustStockRequest book_id 1 uint64
AdjustStockRequest delta 2 int32
AdjustStockRequest set_to 3 int32
AdjustStockRequest expected_stock 4 int32
AdjustStockRequest request_id 5 string
AdjustStockRequest reason 6 string
AdjustStockResponse code 1 uint32
AdjustStockResponse message 2 string
AdjustStockResponse current_stock 3 int32
ListStockRequest page_size 1 uint32
ListStockRequest page_token 2 string
ListStockRequest low_stock_only 3 bool
ListStockResponse code 1 uint32
ListStockResponse message 2 string
ListStockResponse stocks 3 repeated-StockInfo
ListStockResponse next_page_token 4 string
WatchStockRequest book_ids 1 repeated-uint64
WatchStockRequest low_stock_only 2 bool
WatchStockRequest min_interval_ms 3 uint32
WatchStockResponse changes 1 repeated-StockChange
WatchStockResponse snapshot_done 2 bool
StockChange book_id 1 uint64
StockChange stock 2 int32
StockChange locked_stock 3 int32
StockChange total_stock 4 int32
StockChange sequence 5 uint64
StockChange low 6 bool
GetStatusResponse version 1 string
GetStatusResponse commit 2 string
GetStatusResponse store 3 string
GetStatusResponse durability 4 string
GetStatusResponse location 5 string
GetStatusResponse serving 6 bool
GetStatusResponse reason 7 string
GetStatusResponse started_at_ms 8 int64
GetStatusResponse now_ms 9 int64
GetStatusResponse figures 10 repeated-StatusFigure
StatusFigure name 1 string
StatusFigure value 2 int64
StatusFigure unit 3 string
StatusFigure help 4 string
BackupRequest name 1 string
BackupResponse code 1 uint32
BackupResponse message 2 string
BackupResponse path 3 string
BackupResponse bytes 4 uint64
AdoptStockRequest dry_run 1 bool
AdoptStockResponse code 1 uint32
AdoptStockResponse message 2 string
AdoptStockResponse books 3 uint64
AdoptStockResponse units 4 uint64
AdoptStockResponse sold_out_books 5 uint64
AdoptStockResponse locked_units 6 uint64
AdoptStockResponse log_rows 7 uint64
AdoptStockResponse order_lines 8 uint64
AdoptStockResponse unknown_quantities 9 uint64
AdoptStockResponse corrected_books 10 uint64
ReconcileRequest dry_run 1 bool
ReconcileRequest repair 2 bool
ReconcileRequest book_ids 3 repeated-uint64
ReconcileResponse book_id 1 uint64
ReconcileResponse difference 2 string
ReconcileResponse repaired 3 bool
ReconcileResponse books_checked 4 uint64
ListQuarantineRequest after_book_id 1 uint64
ListQuarantineRequest page_size 2 uint32
ListQuarantineResponse code 1 uint32
ListQuarantineResponse message 2 string
ListQuarantineResponse books 3 repeated-QuarantineInfo
ListQuarantineResponse next_after_book_id 4 uint64
QuarantineInfo book_id 1 uint64
QuarantineInfo changes 2 uint64
QuarantineInfo since_ms 3 int64
QuarantineInfo reason 4 string
RetryQuarantineRequest book_id 1 uint64
RetryQuarantineResponse code 1 uint32
RetryQuarantineResponse message 2 string
RetryQuarantineResponse changes 3 uint64
RetryQuarantineResponse left 4 uint64
RetryQuarantineResponse reason 5 string
SkipQuarantineRequest book_id 1 uint64
SkipQuarantineResponse code 1 uint32
SkipQuarantineResponse message 2 string
SkipQuarantineResponse changes 3 uint64
SkipQuarantineResponse left 4 uint64
HandOverRequest to 1 string
HandOverResponse code 1 uint32
HandOverResponse message 2 string
HandOverResponse next 3 string
StockFacts header 1 ExportHeader
StockFacts movement 2 InventoryLog
StockFacts balance 3 StockInfo
StockFacts line 4 OrderLineFact
StockFacts reservation 5 ReservationFact
StockFacts request 6 RequestFact
StockFacts trailer 7 ExportTrailer
ExportHeader format 1 uint32
OrderLineFact order_id 1 uint64
OrderLineFact book_id 2 uint64
OrderLineFact state 3 string
OrderLineFact quantity 4 int32
OrderLineFact released_quantity 5 int32
ReservationFact order_id 1 uint64
ReservationFact state 2 ReservationState
ReservationFact deadline_ms 3 int64
ReservationFact remembered 4 bool
ReservationFact lines 5 repeated-OrderLine
RequestFact book_id 1 uint64
RequestFact request_id 2 string
RequestFact change_type 3 string
RequestFact quantity 4 int32
RequestFact set_to 5 bool
RequestFact expected_stock 6 int32
ExportTrailer movements 1 uint64
ExportTrailer balances 2 uint64
ExportTrailer lines 3 uint64
ExportTrailer reservations 4 uint64
ExportTrailer requests 5 uint64
ExportTrailer crc32 6 fixed32
ExportStockResponse facts 1 repeated-StockFacts
ImportStockRequest facts 1 repeated-StockFacts
ImportStockResponse code 1 uint32
ImportStockResponse message 2 string
ImportStockResponse imported 3 ExportTrailer
)";

// Method, request, response; "stream" before what is streamed.
constexpr char kOriginMethods[] = R"(
GetStock GetStockRequest GetStockResponse
BatchGetStock BatchGetStockRequest BatchGetStockResponse
DeductStock DeductStockRequest DeductStockResponse
ReleaseStock ReleaseStockRequest ReleaseStockResponse
RestockInventory RestockInventoryRequest RestockInventoryResponse
GetInventoryLogs GetInventoryLogsRequest GetInventoryLogsResponse
)";
constexpr char kNewMethods[] = R"(
BatchDeductStock BatchDeductStockRequest BatchDeductStockResponse
ReserveStock ReserveStockRequest ReserveStockResponse
ConfirmReservation ConfirmReservationRequest ConfirmReservationResponse
CancelReservation CancelReservationRequest CancelReservationResponse
GetReservation GetReservationRequest GetReservationResponse
GetOrder GetOrderRequest GetOrderResponse
AdjustStock AdjustStockRequest AdjustStockResponse
ListStock ListStockRequest ListStockResponse
WatchStock WatchStockRequest stream-WatchStockResponse
)";
constexpr char kAdminMethods[] = R"(
GetStatus GetStatusRequest GetStatusResponse
Backup BackupRequest BackupResponse
AdoptStock AdoptStockRequest AdoptStockResponse
Reconcile ReconcileRequest stream-ReconcileResponse
ListQuarantine ListQuarantineRequest ListQuarantineResponse
RetryQuarantine RetryQuarantineRequest RetryQuarantineResponse
SkipQuarantine SkipQuarantineRequest SkipQuarantineResponse
HandOver HandOverRequest HandOverResponse
ExportStock ExportStockRequest stream-ExportStockResponse
ImportStock stream-ImportStockRequest ImportStockResponse
)";

std::set<std::string> Rows(const std::string& table) {
  std::set<std::string> rows;
  std::istringstream lines(table);
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty()) rows.insert(line);
  }
  return rows;
}

std::string Row(const FieldDescriptor& field) {
  std::string type = field.type_name();
  if (field.message_type()) type = field.message_type()->name();
  if (field.enum_type()) type = field.enum_type()->name();
  return field.containing_type()->name() + " " + field.name() + " " +
         std::to_string(field.number()) + " " + (field.is_repeated() ? "repeated-" : "") + type;
}

// All fields of the messages the table names.
std::set<std::string> FieldRows(const std::set<std::string>& table) {
  std::set<std::string> rows;
  for (const std::string& row : table) {
    const std::string name = "inventory.v1." + row.substr(0, row.find(' '));
    const auto* message = DescriptorPool::generated_pool()->FindMessageTypeByName(name);
    if (!message) continue;
    for (int i = 0; i < message->field_count(); ++i) rows.insert(Row(*message->field(i)));
  }
  return rows;
}

std::set<std::string> MethodRows(const std::string& service) {
  std::set<std::string> rows;
  const auto* descriptor = DescriptorPool::generated_pool()->FindServiceByName(service);
  for (int i = 0; i < descriptor->method_count(); ++i) {
    const auto& method = *descriptor->method(i);
    rows.insert(method.name() + " " + (method.client_streaming() ? "stream-" : "") +
                method.input_type()->name() + " " + (method.server_streaming() ? "stream-" : "") +
                method.output_type()->name());
  }
  return rows;
}

TEST(ContractTest, PackageAndGoPackageAreTheOrigins) {
  const auto& file = *v1::GetStockRequest::descriptor()->file();
  EXPECT_EQ(file.package(), "inventory.v1");
  EXPECT_EQ(file.name(), "inventory/v1/inventory.proto");
  EXPECT_EQ(file.options().go_package(),
            "github.com/xiebiao/bookstore/proto/inventory/v1;inventoryv1");
  EXPECT_EQ(file.syntax(), google::protobuf::FileDescriptor::SYNTAX_PROTO3);
}

TEST(ContractTest, EveryFieldOfTheOriginIsAsItWas) {
  const std::set<std::string> origin = Rows(kOriginFields);
  ASSERT_EQ(origin.size(), 44u);
  EXPECT_THAT(FieldRows(origin), testing::IsSupersetOf(origin));
}

TEST(ContractTest, EveryFieldIsInATable) {
  const std::set<std::string> all = Rows(std::string(kOriginFields) + kNewFields);
  EXPECT_EQ(FieldRows(all), all);
}

TEST(ContractTest, EveryMethodIsInATable) {
  EXPECT_THAT(MethodRows("inventory.v1.InventoryService"),
              testing::IsSupersetOf(Rows(kOriginMethods)));
  EXPECT_EQ(MethodRows("inventory.v1.InventoryService"),
            Rows(std::string(kOriginMethods) + kNewMethods));
  EXPECT_EQ(MethodRows("inventory.v1.InventoryAdminService"), Rows(kAdminMethods));
}

TEST(ContractTest, StatesHaveTheirNumbers) {
  EXPECT_EQ(v1::ORDER_LINE_STATE_RESERVED, 1);
  EXPECT_EQ(v1::ORDER_LINE_STATE_SOLD, 2);
  EXPECT_EQ(v1::ORDER_LINE_STATE_RELEASED, 3);
  EXPECT_EQ(v1::ORDER_LINE_STATE_EXPIRED, 4);
  EXPECT_EQ(v1::RESERVATION_STATE_RESERVED, 1);
  EXPECT_EQ(v1::RESERVATION_STATE_CONFIRMED, 2);
  EXPECT_EQ(v1::RESERVATION_STATE_CANCELLED, 3);
  EXPECT_EQ(v1::RESERVATION_STATE_EXPIRED, 4);
}

}  // namespace
}  // namespace inventory
