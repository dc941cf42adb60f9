#include "tools/inventoryctl/app.h"

#include <gmock/gmock.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "absl/strings/str_split.h"
#include "tools/inventoryctl/fact_file_testing.h"
#include "tools/inventoryctl/fake_service_testing.h"

namespace inventory {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;

class AppTest : public testing::Test {
 protected:
  struct Result {
    ExitStatus status;
    std::string out;
    std::string err;
  };

  AppTest() {
    ::setenv("TZ", "UTC", /*overwrite=*/1);
    std::string folder = testing::TempDir() + "/inventoryctl.XXXXXX";
    folder_ = ::mkdtemp(folder.data());
  }
  ~AppTest() override { std::filesystem::remove_all(folder_); }

  // Runs `inventoryctl --server <the fake one> …`; words are apart by single spaces.
  Result Run(const std::string& words, const std::string& input = "") {
    return RunAt(service_.target(), words, input);
  }
  static Result RunAt(const std::string& server, const std::string& words,
                      const std::string& input = "", bool progress = false) {
    std::vector<std::string> arguments{"inventoryctl", "--server", server};
    for (const std::string& word : std::vector<std::string>(absl::StrSplit(words, ' '))) {
      arguments.push_back(word);
    }
    std::vector<const char*> argv;
    for (const std::string& argument : arguments) argv.push_back(argument.c_str());
    std::istringstream in(input);
    std::ostringstream out;
    std::ostringstream err;
    const ExitStatus status =
        RunInventoryctl(static_cast<int>(argv.size()), argv.data(), {in, out, err, progress});
    return {status, out.str(), err.str()};
  }

  std::string WriteFile(const std::string& name, const std::string& text) {
    const std::string path = absl::StrCat(folder_, "/", name);
    std::ofstream(path) << text;
    return path;
  }

  std::string ReadFile(const std::string& name) {
    std::ifstream in(absl::StrCat(folder_, "/", name));
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
  }

  // An answer of ExportStock, as FakeService wants it.
  static std::string AnswerOf(const std::vector<v1::StockFacts>& facts) {
    v1::ExportStockResponse answer;
    for (const v1::StockFacts& fact : facts) *answer.add_facts() = fact;
    return answer.ShortDebugString();
  }

  FakeService service_;
  std::string folder_;
};

// ---- what is sent -------------------------------------------------------------------------------

struct Sent {
  std::string words;
  std::string request;
};
const std::vector<Sent>& EveryCommand() {
  static const auto* const kSent = new std::vector<Sent>{
      {"get 1", "GetStock {book_id: 1}"},
      {"get 1 2 3", "BatchGetStock {book_ids: 1 book_ids: 2 book_ids: 3}"},
      {"restock 1 100 --request-id r7 --remark 到货",
       "RestockInventory {book_id: 1 quantity: 100 request_id: \"r7\" remark: \"到货\"}"},
      {"adjust 1 --delta -3 --request-id r8 --reason lost",
       "AdjustStock {book_id: 1 delta: -3 request_id: \"r8\" reason: \"lost\"}"},
      {"adjust 1 --set-to 0 --expected 41 --request-id r9",
       "AdjustStock {book_id: 1 set_to: 0 expected_stock: 41 request_id: \"r9\"}"},
      {"list", "ListStock {page_size: 1000}"},
      {"list --low", "ListStock {page_size: 1000 low_stock_only: true}"},
      {"deduct 1 5 --order 1001", "DeductStock {book_id: 1 quantity: 5 order_id: 1001}"},
      {"deduct 1 -5 --order 0", "DeductStock {book_id: 1 quantity: -5}"},
      {"release 1 5 --order 1001 --reason 取消",
       "ReleaseStock {book_id: 1 quantity: 5 order_id: 1001 reason: \"取消\"}"},
      {"release 1 --order 1001", "ReleaseStock {book_id: 1 order_id: 1001}"},
      {"batch-deduct -", "BatchDeductStock {items { book_id: 1 quantity: 2 order_id: 3 }}"},
      {"reserve --order 7 1:2 3:1 --ttl 15m",
       "ReserveStock {order_id: 7 lines { book_id: 1 quantity: 2 } lines { book_id: 3 quantity: 1 "
       "} ttl_seconds: 900}"},
      {"confirm 7", "ConfirmReservation {order_id: 7}"},
      {"cancel 7 --reason late", "CancelReservation {order_id: 7 reason: \"late\"}"},
      {"reservation 7", "GetReservation {order_id: 7}"},
      {"order 1001", "GetOrder {order_id: 1001}"},
      {"logs 1 --page 2 --page-size 50 --order 7 --type deduct --since 2026-11-23 --until "
       "2026-11-24T00:00:00+08:00",
       "GetInventoryLogs {book_id: 1 page: 2 page_size: 50 order_id: 7 change_type: \"deduct\" "
       "since_ms: 1795392000000 until_ms: 1795449600000}"},
      {"watch 1 2 --low --interval 500ms",
       "WatchStock {book_ids: 1 book_ids: 2 low_stock_only: true min_interval_ms: 500}"},
      {"status", "GetStatus {}"},
      {"backup monday", "Backup {name: \"monday\"}"},
      {"adopt", "AdoptStock {}"},
      {"adopt --dry-run", "AdoptStock {dry_run: true}"},
      {"reconcile --repair 4", "Reconcile {repair: true book_ids: 4}"},
      {"reconcile --dry-run", "Reconcile {dry_run: true}"},
      {"reconcile", "Reconcile {}"},
      {"ledger list", "ListQuarantine {page_size: 1000}"},
      {"ledger retry 7", "RetryQuarantine {book_id: 7}"},
      {"ledger skip 7 --yes", "SkipQuarantine {book_id: 7}"},
      {"ledger skip 0 --yes", "SkipQuarantine {book_id: 0}"},
      {"handover --to redis --yes", "HandOver {to: \"redis\"}"},
      {"export -", "ExportStock {}"},
      {"import FACTS",
       "ImportStock {facts { header { format: 1 } } facts { trailer { crc32: CRC } }}"}};
  return *kSent;
}

TEST_F(AppTest, SendsWhatTheWordsSay) {
  const std::string facts = WriteFile("facts", ExportFile({}));
  const std::string crc = absl::StrCat(TrailerOf({}).trailer().crc32());
  service_.Will("BatchDeductStock", "results {}");
  service_.Will("ExportStock", AnswerOf({Header(), TrailerOf({})}));
  service_.Will("GetStatus", "serving: true");
  std::size_t sent = 0;
  for (const Sent& expected : EveryCommand()) {
    const Result result = Run(absl::StrReplaceAll(expected.words, {{"FACTS", facts}}), "1,2,3\n");
    EXPECT_EQ(result.status, ExitStatus::kDone) << expected.words << "\n" << result.err;
    ASSERT_THAT(service_.asked(), SizeIs(++sent)) << expected.words << "\n" << result.err;
    EXPECT_EQ(service_.asked().back(), absl::StrReplaceAll(expected.request, {{"CRC", crc}}))
        << expected.words;
  }
}

TEST_F(AppTest, HasACommandForEveryRpc) {
  std::set<std::string> named;
  for (const Sent& sent : EveryCommand()) {
    named.insert(sent.request.substr(0, sent.request.find(' ')));
  }
  const auto* file = v1::GetStockRequest::descriptor()->file();
  for (int i = 0; i < file->service_count(); ++i) {
    for (int j = 0; j < file->service(i)->method_count(); ++j) {
      EXPECT_EQ(named.count(file->service(i)->method(j)->name()), 1u)
          << file->service(i)->method(j)->name();
    }
  }
}

TEST_F(AppTest, GlobalOptionsMayComeLast) {
  EXPECT_THAT(Run("get 1 --json").out, StartsWith("{\"code\":0,"));
  EXPECT_THAT(Run("--json get 1").out, StartsWith("{\"code\":0,"));
}

TEST_F(AppTest, MakesUpARequestIdAndSaysIt) {
  const Result result = Run("restock 1 100");
  ASSERT_THAT(result.err, StartsWith("inventoryctl: request id "));
  const std::string id = result.err.substr(25, 36);
  EXPECT_THAT(
      service_.asked(),
      ElementsAre("RestockInventory {book_id: 1 quantity: 100 request_id: \"" + id + "\"}"));
  Run("adjust 1 --delta 1");
  EXPECT_THAT(service_.asked().back(), MatchesRegex(".* request_id: \"[-0-9a-f]{36}\"}"));
}

TEST_F(AppTest, ARetryOfARestockHasTheSameRequestId) {
  service_.WillFail("RestockInventory", grpc::StatusCode::UNAVAILABLE, "starting");
  service_.Will("RestockInventory", "message: '补充成功' current_stock: 100");
  EXPECT_EQ(Run("restock 1 100").status, ExitStatus::kDone);
  ASSERT_THAT(service_.asked(), SizeIs(2));
  EXPECT_EQ(service_.asked()[0], service_.asked()[1]);
}

// ---- what is shown ------------------------------------------------------------------------------

TEST_F(AppTest, ShowsATable) {
  service_.Will("DeductStock", "message: '扣减成功' remaining_stock: 95");
  const Result result = Run("deduct 1 5 --order 1001");
  EXPECT_EQ(result.out,
            "CODE  MESSAGE   BOOK  ORDER  STOCK\n"
            "   0  扣减成功     1   1001     95\n");
  EXPECT_EQ(result.err, "");
}

TEST_F(AppTest, ShowsJsonWithItsZeros) {
  service_.Will("GetStock", "message: 'success' book_id: 1 stock: 0 sequence: 12");
  EXPECT_EQ(Run("get 1 --json").out,
            "{\"code\":0,\"message\":\"success\",\"bookId\":\"1\",\"stock\":0,\"lockedStock\":0,"
            "\"totalStock\":0,\"sequence\":\"12\"}\n");
}

TEST_F(AppTest, ARefusalIsShownAndExplained) {
  service_.Will("DeductStock", "code: 40100 message: '库存不足' remaining_stock: 95");
  const Result result = Run("deduct 1 200 --order 1003");
  EXPECT_EQ(result.status, ExitStatus::kRefused);
  EXPECT_THAT(result.out, HasSubstr("40100  库存不足     1   1003     95"));
  EXPECT_EQ(result.err, "inventoryctl: refused: 40100 库存不足 (not enough stock)\n");
  const Result json = Run("deduct 1 200 --order 1003 --json");
  EXPECT_EQ(json.status, ExitStatus::kRefused);
  EXPECT_EQ(json.out, "{\"code\":40100,\"message\":\"库存不足\",\"remainingStock\":95}\n");
}

TEST_F(AppTest, AnUnknownBookKeepsItsPlace) {
  service_.Will("BatchGetStock",
                "stocks { book_id: 1 stock: 98 locked_stock: 2 total_stock: 100 sequence: 3 } "
                "stocks { book_id: 9 code: 40401 } "
                "stocks { book_id: 3 stock: 5 total_stock: 5 sequence: 1 }");
  const Result result = Run("get 1 9 3");
  EXPECT_EQ(result.status, ExitStatus::kRefused);
  EXPECT_EQ(result.out,
            "BOOK  STOCK  LOCKED  TOTAL  SEQUENCE\n"
            "   1     98       2    100         3\n"
            "   9      -       -      -         -\n"
            "   3      5       0      5         1\n");
  EXPECT_THAT(result.err, HasSubstr("book 9: 40401"));
}

TEST_F(AppTest, ShowsAReservation) {
  service_.Will("ReserveStock",
                "message: '预占成功' expires_at_ms: 1795401015123 lines { book_id: 1 "
                "remaining_stock: 98 } lines { book_id: 3 remaining_stock: 4 }");
  EXPECT_EQ(Run("reserve 1:2 3:1 --order 7").out,
            "CODE  MESSAGE   ORDER  EXPIRES\n"
            "   0  预占成功      7  2026-11-23 02:30:15.123\n"
            "\n"
            "BOOK  CODE  STOCK\n"
            "   1     0     98\n"
            "   3     0      4\n");
  service_.Will("GetReservation",
                "state: RESERVATION_STATE_CONFIRMED lines { book_id: 1 quantity: 2 state: "
                "ORDER_LINE_STATE_SOLD }");
  EXPECT_EQ(Run("reservation 7").out,
            "order 7: confirmed, expires -\n"
            "\n"
            "BOOK  QUANTITY  STATE  EXPIRES\n"
            "   1         2  sold   -\n");
}

TEST_F(AppTest, ListsPageByPage) {
  service_.Will("ListStock", "stocks { book_id: 1 stock: 7 } next_page_token: 'more'");
  service_.Will("ListStock", "stocks { book_id: 1234567 stock: 8 }");
  EXPECT_EQ(Run("list").out,
            "BOOK  STOCK  LOCKED  TOTAL  SEQUENCE\n"
            "   1      7       0      0         0\n"
            "1234567      8       0      0         0\n");
  EXPECT_THAT(service_.asked(), ElementsAre("ListStock {page_size: 1000}",
                                            "ListStock {page_size: 1000 page_token: \"more\"}"));
}

TEST_F(AppTest, ARemarkCannotSteerTheTerminal) {
  service_.Will("GetInventoryLogs", "logs { sequence: 1 remark: '\\033[2J' }");
  EXPECT_THAT(Run("logs 1").out, AllOf(HasSubstr("?[2J"), Not(HasSubstr("\033"))));
}

TEST_F(AppTest, FollowsTheLogWithoutAGap) {
  service_.Will("GetInventoryLogs", "total: 3 logs { sequence: 3 }");  // where to start
  // A movement came in between; it is shown in its place.
  service_.Will("GetInventoryLogs",
                "total: 4 logs { sequence: 4 } logs { sequence: 3 } logs { sequence: 2 }");
  service_.Will("WatchStock", FakeService::Answer{{"snapshot_done: true", "changes {}"},
                                                  {grpc::StatusCode::UNAVAILABLE, "stopping"}});
  service_.Will("GetInventoryLogs", "logs { sequence: 4 } logs { sequence: 3 }");
  service_.Will("GetInventoryLogs",
                "logs { sequence: 7 } logs { sequence: 6 } next_page_token: 'x'");
  service_.Will("GetInventoryLogs", "logs { sequence: 5 } logs { sequence: 4 }");
  const Result result = Run("logs 1 --follow --json");
  std::vector<std::string> sequences;
  for (const std::string& line : std::vector<std::string>(absl::StrSplit(result.out, '\n'))) {
    const auto at = line.find("\"sequence\":\"");
    if (at != std::string::npos) sequences.push_back(line.substr(at + 12, 1));
  }
  EXPECT_THAT(sequences, ElementsAre("2", "3", "4", "5", "6", "7"));
  EXPECT_EQ(result.status, ExitStatus::kFault);
  EXPECT_THAT(result.err, HasSubstr("stopping"));
}

TEST_F(AppTest, AFollowerFiltersByItself) {
  service_.Will("GetInventoryLogs", "total: 0");
  service_.Will("GetInventoryLogs", "");
  service_.Will("WatchStock", FakeService::Answer{{"snapshot_done: true"}, grpc::Status::OK});
  service_.Will("GetInventoryLogs",
                "logs { sequence: 2 order_id: 8 } logs { sequence: 1 order_id: 7 }");
  const Result result = Run("logs 1 --follow --order 7 --json");
  EXPECT_THAT(result.out,
              AllOf(HasSubstr("\"orderId\":\"7\""), Not(HasSubstr("\"orderId\":\"8\""))));
  EXPECT_EQ(service_.asked().back(), "GetInventoryLogs {book_id: 1 page_size: 100}");
}

TEST_F(AppTest, WatchShowsEachAnswer) {
  service_.Will("WatchStock",
                FakeService::Answer{{"changes { book_id: 1 stock: 3 low: true }",
                                     "changes { book_id: 2 stock: 50 } snapshot_done: true"},
                                    {grpc::StatusCode::RESOURCE_EXHAUSTED, "too slow"}});
  const Result result = Run("watch");
  EXPECT_THAT(result.out, AllOf(HasSubstr("low\n"), HasSubstr(" 50 ")));
  EXPECT_EQ(result.status, ExitStatus::kFault);
  EXPECT_THAT(Run("watch --json").out, HasSubstr("\"snapshotDone\":true}\n"));
}

TEST_F(AppTest, SaysWhetherItIsServing) {
  service_.Will(
      "GetStatus",
      "version: '0.1.0' commit: 'abc' store: 'embedded' serving: false reason: 'disk full'");
  const Result result = Run("status");
  EXPECT_EQ(result.status, ExitStatus::kRefused);
  EXPECT_THAT(result.out, AllOf(HasSubstr("NOT SERVING"), HasSubstr("reason: disk full")));
}

TEST_F(AppTest, SaysWhatIsTakenOverAndWhatIsNot) {
  service_.Will("AdoptStock", "books: 120 units: 4500 sold_out_books: 3 log_rows: 900");
  service_.Will("AdoptStock", "books: 1 units: 7 locked_units: 5");
  Result result = Run("adopt");
  EXPECT_EQ(result.status, ExitStatus::kDone) << result.err;
  EXPECT_EQ(result.out,
            "FIGURE        VALUE  MEANING\n"
            "books           120  each begins with one movement, of request id adopt:BOOK\n"
            "units          4500  to be sold\n"
            "sold out          3  books with a stock of 0\n"
            "locked units      0  held by the Go service's orders: not taken over\n"
            "log rows        900  kept in origin_inventory_logs: not taken over\n"
            "\n"
            "taken over; the service begins to serve it by itself\n");
  EXPECT_THAT(Run("adopt").out,
              AllOf(HasSubstr("For each that ends unpaid"), HasSubstr("is origin_inventory once")));
  result = Run("adopt --dry-run");
  EXPECT_THAT(result.out,
              AllOf(HasSubstr("For each that ends unpaid"), HasSubstr("nothing was changed"),
                    Not(HasSubstr("taken over; the"))));
  EXPECT_THAT(Run("adopt --json").out,
              HasSubstr("\"lockedUnits\":\"5\",\"logRows\":\"0\",\"orderLines\":\"0\""));
}

TEST_F(AppTest, SaysWhatIsTakenOverFromRedis) {
  service_.Will("AdoptStock",
                "books: 2 units: 7 order_lines: 30 unknown_quantities: 29 corrected_books: 1");
  EXPECT_THAT(Run("adopt").out,
              AllOf(HasSubstr("order lines            30  remembered in Redis"),
                    HasSubstr("unknown quantities     29  of those order lines"),
                    HasSubstr("corrected               1  books that the Go service's tables")));
}

TEST_F(AppTest, SaysWhyNothingIsTakenOver) {
  service_.WillFail("AdoptStock", grpc::StatusCode::FAILED_PRECONDITION, "nothing to take over");
  const Result result = Run("adopt");
  EXPECT_EQ(result.status, ExitStatus::kFault);
  EXPECT_EQ(result.err, "inventoryctl: FAILED_PRECONDITION: nothing to take over\n");
}

// It is not known whether it was done, and the next call says so.
TEST_F(AppTest, TakingOverIsAskedForOnceALookAgain) {
  service_.WillFail("AdoptStock", grpc::StatusCode::UNAVAILABLE, "asking the database: lost");
  EXPECT_EQ(Run("adopt").status, ExitStatus::kFault);
  EXPECT_THAT(service_.asked(), SizeIs(1));
  service_.Will("AdoptStock", "books: 1");
  EXPECT_EQ(Run("adopt --dry-run").status, ExitStatus::kDone);
  EXPECT_THAT(service_.asked(), SizeIs(3));
}

// ---- files --------------------------------------------------------------------------------------

TEST_F(AppTest, LoadsAFileUnderIdsThatStayTheSame) {
  const std::string file = WriteFile("stock.csv", "book_id,quantity\n1,100\n2,50\n1,7\n");
  const std::vector<std::string> requests{
      "RestockInventory {book_id: 1 quantity: 100 request_id: \"load:stock.csv#1\" remark: "
      "\"stock.csv line 2\"}",
      "RestockInventory {book_id: 2 quantity: 50 request_id: \"load:stock.csv#1\" remark: "
      "\"stock.csv line 3\"}",
      "RestockInventory {book_id: 1 quantity: 7 request_id: \"load:stock.csv#2\" remark: "
      "\"stock.csv line 4\"}"};
  service_.Will("RestockInventory", "message: '补充成功'");
  const Result result = Run("load " + file);
  EXPECT_EQ(result.status, ExitStatus::kDone);
  EXPECT_EQ(result.out, "stock.csv: 3 of 3 lines added, 157 units; 0 loaded before, 0 refused\n");
  EXPECT_THAT(service_.asked(), UnorderedElementsAre(requests[0], requests[1], requests[2]));
}

TEST_F(AppTest, SaysWhatWasLoadedBeforeAndWhatWasRefused) {
  const std::string file = WriteFile("again.csv", "1,100\n1,100\n1,100\n");
  service_.Will("RestockInventory", "message: '请求已处理（幂等性）'");
  service_.Will("RestockInventory", "code: 40904 message: '请求号已用于其他内容'");
  service_.Will("RestockInventory", "message: '补充成功'");
  const Result result = Run("load --json --name monday " + file);
  EXPECT_EQ(result.status, ExitStatus::kRefused);
  for (const char* field : {R"("name":"monday")", R"("lines":3)", R"("added":1)", R"("units":100)",
                            R"("loadedBefore":1)", R"("refused":1)", R"("unfinished":0)"}) {
    EXPECT_THAT(result.out, HasSubstr(field));
  }
  EXPECT_THAT(result.err, AllOf(HasSubstr("1 lines were loaded before under the name monday"),
                                HasSubstr("refused: 1 of 3 lines")));
}

TEST_F(AppTest, AFaultStopsALoadAndSaysHowToGoOn) {
  const std::string file = WriteFile("fault.csv", "1,100\n2,100\n");
  service_.WillFail("RestockInventory", grpc::StatusCode::RESOURCE_EXHAUSTED, "the queue is full");
  const Result result = Run("load " + file);
  EXPECT_EQ(result.status, ExitStatus::kFault);
  EXPECT_THAT(result.out, HasSubstr("0 of 2 lines added"));
  EXPECT_THAT(result.err, AllOf(HasSubstr("the queue is full"),
                                HasSubstr("2 lines are not finished; repeat the command")));
}

TEST_F(AppTest, ABadFileSendsNothing) {
  const std::string file = WriteFile("bad.csv", "1,lots\n2,100\n");
  for (const char* command : {"load ", "batch-deduct "}) {
    const Result result = Run(command + file);
    EXPECT_EQ(result.status, ExitStatus::kUsage) << command;
    EXPECT_THAT(result.err, AllOf(HasSubstr("nothing was sent"), HasSubstr("line 1"))) << command;
    EXPECT_EQ(Run(command + file + ".missing").status, ExitStatus::kUsage) << command;
  }
  EXPECT_THAT(service_.asked(), IsEmpty());
}

// ---- export and import --------------------------------------------------------------------------

TEST_F(AppTest, AnExportBecomesAFile) {
  service_.Will("ExportStock", FakeService::Answer{{AnswerOf({Header(), OneMovement()}),
                                                    AnswerOf({TrailerOf({OneMovement()})})},
                                                   grpc::Status::OK});
  const std::string file = folder_ + "/stock";
  Result result = Run("export " + file);
  EXPECT_EQ(result.status, ExitStatus::kDone) << result.err;
  EXPECT_EQ(result.out,
            "exported 1 movements, 0 balances, 0 order lines, 0 reservations, 0 request "
            "ids to " +
                file + "\n");
  EXPECT_EQ(ReadFile("stock"), ExportFile({OneMovement()}));

  result = Run("export " + file);
  EXPECT_EQ(result.status, ExitStatus::kUsage);
  EXPECT_THAT(result.err, HasSubstr("is there already; --force replaces it"));
  EXPECT_THAT(service_.asked(), SizeIs(1));
  result = Run("--json export --force " + file);
  EXPECT_EQ(result.status, ExitStatus::kDone) << result.err;
  EXPECT_THAT(result.out, AllOf(StartsWith("{\"movements\":\"1\""), HasSubstr("\"crc32\":")));

  result = Run("export -");
  EXPECT_EQ(result.out, ExportFile({OneMovement()}));
  EXPECT_THAT(result.err, HasSubstr("exported 1 movements"));
  EXPECT_EQ(Run("--json export -").status, ExitStatus::kUsage);
}

TEST_F(AppTest, AnExportThatIsNotWholeLeavesNoFile) {
  v1::StockFacts changed = OneMovement();
  changed.mutable_movement()->set_quantity(7);
  const std::vector<std::pair<std::vector<v1::StockFacts>, std::string>> bad = {
      {{Header(), OneMovement()}, "without its trailer: it was cut off"},
      {{Header(), TrailerOf({OneMovement()})}, "the trailer does not agree"},
      {{Header(), changed, TrailerOf({OneMovement()})}, "the trailer does not agree"},
      {{Header(), TrailerOf({}), OneMovement()}, "there is more after the trailer"}};
  for (const auto& [facts, refusal] : bad) {
    service_.Will("ExportStock", AnswerOf(facts));
  }
  service_.WillFail("ExportStock", grpc::StatusCode::UNAVAILABLE, "stopping");
  for (const auto& [facts, refusal] : bad) {
    const Result result = Run("export " + folder_ + "/stock");
    EXPECT_EQ(result.status, ExitStatus::kFault);
    EXPECT_THAT(result.err, HasSubstr(refusal));
  }
  EXPECT_EQ(Run("export " + folder_ + "/stock").status, ExitStatus::kFault);
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

TEST_F(AppTest, AnImportTellsWhatCame) {
  service_.Will("ImportStock", "message: 'success' imported { movements: 1 lines: 2 }");
  const std::string file = WriteFile("stock", ExportFile({OneMovement()}));
  Result result = Run("import " + file);
  EXPECT_EQ(result.status, ExitStatus::kDone) << result.err;
  EXPECT_EQ(result.out,
            "imported 1 movements, 0 balances, 2 order lines, 0 reservations, 0 request "
            "ids\n");
  EXPECT_THAT(Run("--json import " + file).out, HasSubstr("\"imported\":{\"movements\":\"1\""));
  result = Run("import -", ExportFile({OneMovement()}));
  EXPECT_EQ(result.status, ExitStatus::kDone) << result.err;
  EXPECT_EQ(service_.asked()[2], service_.asked()[0]);
}

TEST_F(AppTest, AFileThatIsNoExportIsNotSent) {
  const std::string whole = ExportFile({OneMovement()});
  std::string flipped = whole;
  flipped[20] = static_cast<char>(flipped[20] ^ 1);
  for (const auto& [bytes, refusal] :
       {std::pair{whole.substr(0, whole.size() - 1), "it was cut short"},
        {flipped, "fact "},
        {std::string("1,100\n2,100\n"), "is damaged, or no export"},
        {std::string(), "without a trailer"}}) {
    const Result result = Run("import " + WriteFile("bad", bytes));
    EXPECT_EQ(result.status, ExitStatus::kUsage) << refusal;
    EXPECT_THAT(result.err, AllOf(HasSubstr("nothing was sent"), HasSubstr(refusal)));
  }
  EXPECT_EQ(Run("import " + folder_ + "/missing").status, ExitStatus::kUsage);
  EXPECT_THAT(service_.asked(), IsEmpty());
}

// It cannot be looked at beforehand; the service keeps nothing that has no trailer.
TEST_F(AppTest, ADamagedStandardInputIsBrokenOff) {
  const std::string whole = ExportFile({OneMovement()});
  const Result result = Run("import -", whole.substr(0, whole.size() - 1));
  EXPECT_EQ(result.status, ExitStatus::kFault);
  EXPECT_THAT(result.err, AllOf(HasSubstr("it was cut short"), HasSubstr("was broken off")));
  for (const std::string& asked : service_.asked()) EXPECT_THAT(asked, Not(HasSubstr("trailer")));
}

TEST_F(AppTest, TheServicesRefusalOfAnImportIsTold) {
  service_.WillFail("ImportStock", grpc::StatusCode::FAILED_PRECONDITION,
                    "the store is not empty and nothing was imported");
  const Result result = Run("import " + WriteFile("stock", ExportFile({})));
  EXPECT_EQ(result.status, ExitStatus::kFault);
  EXPECT_THAT(result.err, HasSubstr("the store is not empty"));
}

// ---- stock in two places ------------------------------------------------------------------------

TEST_F(AppTest, ReconcileTellsWhatDiffersAndFailsWhereItStays) {
  service_.Will("Reconcile",
                FakeService::Answer{{"book_id: 3 difference: 'Redis 7,\\033 the log 8' "
                                     "books_checked: 100",
                                     "books_checked: 100", "books_checked: 207"},
                                    grpc::Status::OK});
  service_.Will("Reconcile",
                FakeService::Answer{{"book_id: 3 difference: 'Redis 7, the log 8' repaired: true "
                                     "books_checked: 1",
                                     "books_checked: 1"},
                                    grpc::Status::OK});
  service_.Will("Reconcile", FakeService::Answer{{"books_checked: 1"}, grpc::Status::OK});
  Result result = Run("reconcile");
  EXPECT_EQ(result.status, ExitStatus::kRefused);
  EXPECT_EQ(result.out,
            "book 3: Redis 7,? the log 8\n"
            "207 books checked, 1 of them different, 0 repaired\n");
  EXPECT_EQ(result.err,
            "inventoryctl: 1 book differing and not repaired; --repair sets what differs to what "
            "the log says\n");
  result = Run("reconcile --repair 3");
  EXPECT_EQ(result.status, ExitStatus::kDone) << result.err;
  EXPECT_EQ(result.out,
            "book 3: Redis 7, the log 8 (repaired)\n"
            "1 book checked, 1 of them different, 1 repaired\n");
  result = Run("reconcile 3");
  EXPECT_EQ(result.status, ExitStatus::kDone) << result.err;
  EXPECT_EQ(result.out, "1 book checked, 0 of them different, 0 repaired\n");
}

TEST_F(AppTest, AComparisonThatBreaksOffIsAFaultAndTellsHowFarItCame) {
  service_.Will(
      "Reconcile",
      FakeService::Answer{{"book_id: 3 difference: 'Redis 7, the log 8'", "books_checked: 100"},
                          {grpc::StatusCode::UNAVAILABLE, "Redis is out of reach"}});
  Result result = Run("reconcile");
  EXPECT_EQ(result.status, ExitStatus::kFault);
  EXPECT_THAT(result.out, AllOf(HasSubstr("book 3: "), HasSubstr("100 books checked")));
  EXPECT_THAT(result.err, HasSubstr("Redis is out of reach"));
  result = Run("reconcile --json");
  EXPECT_EQ(result.out,
            "{\"bookId\":\"3\",\"difference\":\"Redis 7, the log 8\",\"repaired\":false,"
            "\"booksChecked\":\"0\"}\n"
            "{\"bookId\":\"0\",\"difference\":\"\",\"repaired\":false,"
            "\"booksChecked\":\"100\"}\n");
}

TEST_F(AppTest, AComparisonShowsWhoWaitsHowFarItIs) {
  service_.Will("Reconcile", FakeService::Answer{{"books_checked: 900", "books_checked: 1800",
                                                  "book_id: 5 difference: 'x' books_checked: 1900",
                                                  "books_checked: 2900"},
                                                 grpc::Status::OK});
  const Result result = RunAt(service_.target(), "reconcile", "", /*progress=*/true);
  EXPECT_THAT(result.err, StartsWith("\rchecked 1800 books\n\rchecked 2900 books\n"));
  EXPECT_THAT(result.out, HasSubstr("2900 books checked"));
}

TEST_F(AppTest, TheQuarantineIsListedToItsEnd) {
  service_.Will("ListQuarantine",
                "books { changes: 1 since_ms: 1795401015123 reason: 'no entry' } books { book_id: "
                "4 changes: 12 reason: 'a gap' } next_after_book_id: 4");
  service_.Will("ListQuarantine", "books { book_id: 9 changes: 2 reason: 'stock below 0' }");
  Result result = Run("ledger list");
  EXPECT_EQ(result.status, ExitStatus::kDone) << result.err;
  EXPECT_EQ(result.out,
            "BOOK  CHANGES  SINCE                    WHY\n"
            "   0        1  2026-11-23 02:30:15.123  no entry\n"
            "   4       12  -                        a gap\n"
            "   9        2  -                        stock below 0\n");
  EXPECT_THAT(service_.asked(), ElementsAre("ListQuarantine {page_size: 1000}",
                                            "ListQuarantine {after_book_id: 4 page_size: 1000}"));
  service_.Will("ListQuarantine", "");
  Run("ledger list");  // the last page once more
  EXPECT_EQ(Run("ledger list").out, "nothing is in quarantine\n");
  EXPECT_THAT(Run("ledger list --json").out, HasSubstr("\"books\":[]"));
}

TEST_F(AppTest, ARetryFailsWhereSomethingIsLeft) {
  service_.Will("RetryQuarantine", "changes: 3 left: 2 reason: 'book 7 has no sequence 12'");
  service_.Will("RetryQuarantine", "changes: 1");
  Result result = Run("ledger retry 7");
  EXPECT_EQ(result.status, ExitStatus::kRefused);
  EXPECT_EQ(result.out, "3 changes applied, 2 left in quarantine\n");
  EXPECT_EQ(result.err, "inventoryctl: what is left does not fit: book 7 has no sequence 12\n");
  result = Run("ledger retry 7");
  EXPECT_EQ(result.status, ExitStatus::kDone) << result.err;
  EXPECT_EQ(result.out, "1 change applied, 0 left in quarantine\n");
  EXPECT_THAT(Run("ledger retry 0").out, HasSubstr("1 change understood, and now in quarantine"));
}

TEST_F(AppTest, WhatIsGivenUpIsSaidAndConfirmed) {
  service_.Will("ListQuarantine",
                "books { changes: 9 } books { book_id: 1 changes: 5 since_ms: 1795401015123 "
                "reason: 'a gap' }");
  service_.Will("SkipQuarantine", "changes: 5");
  for (const char* answer : {"", "no\n", "y\n", "yes, please\n"}) {
    const Result result = Run("ledger skip 1", answer);
    EXPECT_EQ(result.status, ExitStatus::kUsage) << answer;
    EXPECT_THAT(result.err,
                AllOf(HasSubstr("Gives up 5 changes of book 1, the first made 2026-11-23 "
                                "02:30:15.123 (a gap)"),
                      HasSubstr("ledger_losses"), HasSubstr("not confirmed; nothing was changed")));
    EXPECT_EQ(service_.asked().back(), "ListQuarantine {page_size: 2}") << answer;
  }
  const Result result = Run("ledger skip 1", "yes\n");
  EXPECT_EQ(result.status, ExitStatus::kDone) << result.err;
  EXPECT_THAT(result.out, AllOf(HasSubstr("5 changes of book 1 given up"),
                                HasSubstr("inventoryctl reconcile 1")));
  EXPECT_EQ(service_.asked().back(), "SkipQuarantine {book_id: 1}");
}

TEST_F(AppTest, NothingIsGivenUpOfABookThatIsNotInQuarantine) {
  service_.Will("ListQuarantine", "books { book_id: 8 changes: 5 }");
  const Result result = Run("ledger skip 7", "yes\n");
  EXPECT_EQ(result.status, ExitStatus::kDone) << result.err;
  EXPECT_EQ(result.out, "no changes of book 7 are in quarantine\n");
  EXPECT_THAT(service_.asked(), ElementsAre("ListQuarantine {after_book_id: 6 page_size: 2}"));
  service_.WillFail("ListQuarantine", grpc::StatusCode::UNIMPLEMENTED, "without a ledger");
  Run("ledger skip 7");
  EXPECT_EQ(Run("ledger skip 7", "yes\n").status, ExitStatus::kFault);
  EXPECT_THAT(service_.asked().back(), StartsWith("ListQuarantine"));
}

TEST_F(AppTest, AHandOverIsConfirmedAndSaysWhatIsNext) {
  service_.Will("HandOver", "next: 'stop every instance with store: mysql'");
  Result result = Run("handover --to redis");
  EXPECT_EQ(result.status, ExitStatus::kUsage);
  EXPECT_THAT(result.err, AllOf(HasSubstr("refuses all calls, until instances with store: redis"),
                                HasSubstr("nothing was changed")));
  EXPECT_THAT(service_.asked(), IsEmpty());
  result = Run("handover --to redis", "yes\n");
  EXPECT_EQ(result.status, ExitStatus::kDone) << result.err;
  EXPECT_EQ(result.out,
            "handed over to the redis store\nnext: stop every instance with store: mysql\n");
  EXPECT_THAT(service_.asked(), ElementsAre("HandOver {to: \"redis\"}"));
}

// A second time would give up more, or be refused as if the first had been.
TEST_F(AppTest, WhatMustNotBeDoneTwiceIsAskedForOnce) {
  for (const auto& [rpc, words] : {std::pair{"SkipQuarantine", "ledger skip 7 --yes"},
                                   {"HandOver", "handover --to redis --yes"}}) {
    service_.WillFail(rpc, grpc::StatusCode::UNAVAILABLE, "stopping");
    const Result result = Run(words);
    EXPECT_EQ(result.status, ExitStatus::kFault) << words;
    EXPECT_THAT(result.err, HasSubstr("outcome unknown")) << words;
  }
  EXPECT_THAT(service_.asked(), SizeIs(2));
  service_.WillFail("RetryQuarantine", grpc::StatusCode::UNAVAILABLE, "stopping");
  service_.Will("RetryQuarantine", "");
  EXPECT_EQ(Run("ledger retry 7").status, ExitStatus::kDone);
  EXPECT_THAT(service_.asked(), SizeIs(4));
}

// ---- more of what goes wrong --------------------------------------------------------------------

TEST_F(AppTest, ABatchNamesTheRefusedLines) {
  service_.Will("BatchDeductStock",
                "results { remaining_stock: 1 } results { code: 40100 message: '库存不足' "
                "remaining_stock: 1 }");
  const Result result = Run("batch-deduct -", "book_id,quantity,order_id\n1,4,11\n1,5,12\n");
  EXPECT_EQ(result.status, ExitStatus::kRefused);
  EXPECT_EQ(result.out,
            "LINE   CODE  MESSAGE   BOOK  ORDER  STOCK\n"
            "   3  40100  库存不足     1     12      1\n"
            "1 sold (now or before), 1 refused, of 2\n");
}

// ---- what goes wrong ----------------------------------------------------------------------------

TEST_F(AppTest, WrongWordsSendNothing) {
  for (const char* words : {"",
                            "frobnicate",
                            "get",
                            "get one",
                            "get -1",
                            "get 0x10",
                            "get 18446744073709551616",
                            "deduct 1 5",
                            "deduct 1 2147483648 --order 1",
                            "adjust 1",
                            "adjust 1 --delta 1 --set-to 2",
                            "reserve --order 7",
                            "reserve --order 7 1:",
                            "reserve 1:2 --order 7 --ttl soon",
                            "reserve 1:2 --order 7 --ttl 500ms",
                            "reserve 1:2 --order 7 --ttl inf",
                            "logs 1 --since yesterday",
                            "logs 1 --page 2 --all",
                            "get 1 --timeout 0",
                            "watch --interval -1",
                            "reconcile --dry-run --repair",
                            "reconcile 0x1",
                            "ledger",
                            "ledger drop",
                            "ledger retry",
                            "ledger skip",
                            "ledger skip --yes",
                            "handover",
                            "handover --yes",
                            "handover --to embedded --yes",
                            "restock 1 1 --remark \xff"}) {
    const Result result = Run(words);
    EXPECT_EQ(result.status, ExitStatus::kUsage) << words;
    EXPECT_NE(result.err, "") << words;
    EXPECT_EQ(result.out, "") << words;
  }
  EXPECT_THAT(service_.asked(), IsEmpty());
}

TEST_F(AppTest, AFaultIsExplained) {
  service_.WillFail("GetStock", grpc::StatusCode::RESOURCE_EXHAUSTED, "the queue is full");
  const Result result = Run("get 1 --json");
  EXPECT_EQ(result.status, ExitStatus::kFault);
  EXPECT_EQ(result.out, "");
  EXPECT_THAT(result.err, AllOf(HasSubstr("RESOURCE_EXHAUSTED: the queue is full"),
                                HasSubstr("try again in a moment")));
}

TEST_F(AppTest, SaysWhereItLooksWhenNobodyIsThere) {
  const Result result = RunAt("127.0.0.1:1", "get 1 --timeout 2s");
  EXPECT_EQ(result.status, ExitStatus::kFault);
  EXPECT_THAT(result.err, AllOf(HasSubstr("running at 127.0.0.1:1?"), HasSubstr("--server")));
}

TEST_F(AppTest, OutputThatCannotBeWrittenIsAFault) {
  std::istringstream in;
  std::ostream out(nullptr);
  std::ostringstream err;
  const std::string server = service_.target();
  const char* const argv[] = {"inventoryctl", "--server", server.c_str(), "get", "1"};
  EXPECT_EQ(RunInventoryctl(5, argv, {in, out, err}), ExitStatus::kFault);
}

TEST_F(AppTest, HelpTellsTheExitStatus) {
  const Result result = Run("--help");
  EXPECT_EQ(result.status, ExitStatus::kDone);
  EXPECT_THAT(result.out, AllOf(HasSubstr("Exit status:"), HasSubstr("INVENTORY_SERVER")));
  EXPECT_EQ(Run("logs --help").status, ExitStatus::kDone);
}

TEST_F(AppTest, HelpOfACommandTeachesIt) {
  EXPECT_THAT(Run("reconcile --help").out, HasSubstr("Exit status 1: something differs"));
  EXPECT_THAT(Run("ledger --help").out, HasSubstr("inventoryctl ledger skip 7"));
  EXPECT_THAT(Run("handover --help").out, HasSubstr("inventoryctl handover --to redis"));
  EXPECT_THAT(Run("get --help").out, Not(HasSubstr("Examples:")));
}

}  // namespace
}  // namespace inventory
