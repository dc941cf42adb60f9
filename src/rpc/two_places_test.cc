// Reconcile, the quarantine and handing over as a client sees them, on a store that has them.
#include <gmock/gmock.h>

#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "rpc/server_testing.h"
#include "service/scripted_store_testing.h"

namespace inventory {
namespace {

using Admin = v1::InventoryAdminService::Stub;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Writes down what it is asked, and answers what a test says.
class TwoPlaces final : public ScriptedStore {
 public:
  using ScriptedStore::ScriptedStore;

  void Reconcile(const ReconcileQuery& query, Done<ReconcilePage> done) override {
    asked.push_back(absl::StrCat("reconcile ", absl::StrJoin(query.books, ","), " after ",
                                 query.after, query.repair ? " repair" : ""));
    if (pages.empty()) return done(absl::UnavailableError("Redis is out of reach"));
    ReconcilePage page = std::move(pages.front());
    pages.pop_front();
    done(std::move(page));
  }
  void ListQuarantine(BookId after, int limit, Done<std::vector<QuarantinedBook>> done) override {
    asked.push_back(absl::StrCat("list after ", after));
    std::vector<QuarantinedBook> books;
    for (const QuarantinedBook& book : quarantine) {
      if (after != 0 && book.book <= after) continue;
      if (books.size() < static_cast<std::size_t>(limit)) books.push_back(book);
    }
    done(std::move(books));
  }
  void RetryQuarantine(BookId book, Done<QuarantineResult> done) override {
    asked.push_back(absl::StrCat("retry ", book));
    done(QuarantineResult{3, 2, "the log of book 7 is at 11"});
  }
  void SkipQuarantine(BookId book, Done<QuarantineResult> done) override {
    asked.push_back(absl::StrCat("skip ", book));
    done(QuarantineResult{5, 0, ""});
  }
  void HandOver(const std::string& to, Done<std::string> done) override {
    asked.push_back("hand over to " + to);
    if (to == "mysql") return done(absl::FailedPreconditionError("it is already there"));
    done("start one with store: redis");
  }

  // By one call at a time.
  std::vector<std::string> asked;
  std::deque<ReconcilePage> pages;
  std::vector<QuarantinedBook> quarantine;
};

class TwoPlacesTest : public testing::Test {
 protected:
  template <typename Request, typename Response>
  Response Call(grpc::Status (Admin::*send)(grpc::ClientContext*, const Request&, Response*),
                const Request& request) {
    return server_.Call(*server_.admin, send, request);
  }

  // What came, one text a message, and how it ended.
  std::pair<std::vector<std::string>, grpc::Status> Reconcile(const v1::ReconcileRequest& request) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kPatience);
    const auto stream = server_.admin->Reconcile(&context, request);
    std::vector<std::string> texts;
    for (v1::ReconcileResponse response; stream->Read(&response);) {
      texts.push_back(response.ShortDebugString());
    }
    return {texts, stream->Finish()};
  }

  MovableClock clock_;
  TwoPlaces store_{clock_};
  std::unique_ptr<InventoryService> service_ = InventoryService::Make(store_, ServiceSettings{});
  InventoryApi api_{*service_, {"1.2.3", "abcdef", 17}};
  TestServer server_{[this](ServedMethods& methods) { methods = MakeServedMethods(api_); }};
};

TEST_F(TwoPlacesTest, EachPageTellsWhatDiffersAndHowFarItIs) {
  store_.pages = {{100, {{3, "Redis 7, the log 8", false}, {90, "not in Redis", true}}, 100},
                  {100, {}, 250},
                  {7, {{251, "the row 1, the log 2", true}}, 0}};
  v1::ReconcileRequest request;
  request.set_repair(true);
  const auto [texts, status] = Reconcile(request);
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_THAT(
      texts,
      ElementsAre(
          "book_id: 3 difference: \"Redis 7, the log 8\" books_checked: 100",
          "book_id: 90 difference: \"not in Redis\" repaired: true books_checked: 100",
          "books_checked: 100", "books_checked: 200",
          "book_id: 251 difference: \"the row 1, the log 2\" repaired: true books_checked: 207",
          "books_checked: 207"));
  EXPECT_THAT(store_.asked, ElementsAre("reconcile  after 0 repair", "reconcile  after 100 repair",
                                        "reconcile  after 250 repair"));
}

TEST_F(TwoPlacesTest, OnlyTheBooksThatWereNamedAreCompared) {
  store_.pages = {{2, {}, 0}};
  v1::ReconcileRequest request;
  request.add_book_ids(9);
  request.add_book_ids(4);
  request.set_dry_run(true);
  const auto [texts, status] = Reconcile(request);
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_THAT(texts, ElementsAre("books_checked: 2"));
  EXPECT_THAT(store_.asked, ElementsAre("reconcile 9,4 after 0"));
}

TEST_F(TwoPlacesTest, AFaultEndsAComparisonAfterWhatWasFound) {
  store_.pages = {{100, {{3, "differs", false}}, 100}};
  const auto [texts, status] = Reconcile({});
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(status.error_message(), "Redis is out of reach");
  EXPECT_EQ(texts.size(), 2u);
}

TEST_F(TwoPlacesTest, AComparisonThatMakesNoSenseIsNotBegun) {
  v1::ReconcileRequest both;
  both.set_dry_run(true);
  both.set_repair(true);
  v1::ReconcileRequest nought;
  nought.add_book_ids(0);
  v1::ReconcileRequest many;
  for (BookId book = 1; book <= 1'001; ++book) many.add_book_ids(book);
  for (const auto& [request, text] : {std::pair{both, "dry_run and repair exclude each other"},
                                      {nought, "图书ID不能为空"},
                                      {many, "超出限制：一次最多1000个ID"}}) {
    const auto [texts, status] = Reconcile(request);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    EXPECT_EQ(status.error_message(), text);
  }
  EXPECT_THAT(store_.asked, IsEmpty());
}

TEST_F(TwoPlacesTest, TheQuarantineIsListedPageByPage) {
  store_.quarantine = {{0, 1, 1'750'000'000'000, "no entry"}, {4, 2, 5, "a gap"}, {9, 3, 6, "?"}};
  v1::ListQuarantineRequest request;
  request.set_page_size(1);  // as 2: see the contract
  const auto first = Call(&Admin::ListQuarantine, request);
  EXPECT_THAT(first, Answers(0, "success"));
  ASSERT_EQ(first.books_size(), 2);
  EXPECT_EQ(first.books(0).ShortDebugString(),
            "changes: 1 since_ms: 1750000000000 reason: \"no entry\"");
  EXPECT_EQ(first.next_after_book_id(), 4u);
  request.set_after_book_id(4);
  const auto second = Call(&Admin::ListQuarantine, request);
  ASSERT_EQ(second.books_size(), 1);
  EXPECT_EQ(second.books(0).ShortDebugString(), "book_id: 9 changes: 3 since_ms: 6 reason: \"?\"");
  EXPECT_EQ(second.next_after_book_id(), 0u);
}

TEST_F(TwoPlacesTest, APageOfTheQuarantineThatJustFitsIsTheLast) {
  for (BookId book = 1; book <= 1'200; ++book) store_.quarantine.push_back({book, 1, 5, "a gap"});
  v1::ListQuarantineRequest request;
  EXPECT_EQ(Call(&Admin::ListQuarantine, request).books_size(), 100);
  request.set_page_size(5'000);
  EXPECT_EQ(Call(&Admin::ListQuarantine, request).books_size(), 1'000);
  request.set_page_size(200);
  request.set_after_book_id(1'000);
  const auto last = Call(&Admin::ListQuarantine, request);
  EXPECT_EQ(last.books_size(), 200);
  EXPECT_EQ(last.next_after_book_id(), 0u);
}

TEST_F(TwoPlacesTest, WhatIsInQuarantineIsTriedAgain) {
  v1::RetryQuarantineRequest request;
  Call(&Admin::RetryQuarantine, request);  // what names no book
  request.set_book_id(7);
  const auto answer = Call(&Admin::RetryQuarantine, request);
  EXPECT_THAT(answer, Answers(0, "success"));
  EXPECT_EQ(answer.changes(), 3u);
  EXPECT_EQ(answer.left(), 2u);
  EXPECT_EQ(answer.reason(), "the log of book 7 is at 11");
  EXPECT_THAT(store_.asked, ElementsAre("retry 0", "retry 7"));
}

// What is given up is lost: a book that was forgotten to be named is not book 0.
TEST_F(TwoPlacesTest, WhatIsGivenUpMustBeNamed) {
  v1::SkipQuarantineRequest request;
  EXPECT_THAT(Call(&Admin::SkipQuarantine, request), Answers(40001, "图书ID不能为空"));
  EXPECT_THAT(store_.asked, IsEmpty());
  request.set_book_id(0);
  EXPECT_THAT(Call(&Admin::SkipQuarantine, request), Answers(0, "success"));
  request.set_book_id(7);
  EXPECT_EQ(Call(&Admin::SkipQuarantine, request).changes(), 5u);
  EXPECT_THAT(store_.asked, ElementsAre("skip 0", "skip 7"));
}

TEST_F(TwoPlacesTest, TheStockIsHandedOverToAStoreThatThereIs) {
  v1::HandOverRequest request;
  for (const char* to : {"", "embedded", "Redis"}) {
    request.set_to(to);
    EXPECT_THAT(Call(&Admin::HandOver, request), Answers(40001, "名称无效")) << to;
  }
  EXPECT_THAT(store_.asked, IsEmpty());
  request.set_to("redis");
  const auto answer = Call(&Admin::HandOver, request);
  EXPECT_THAT(answer, Answers(0, "success"));
  EXPECT_EQ(answer.next(), "start one with store: redis");
  request.set_to("mysql");
  grpc::ClientContext context;
  v1::HandOverResponse response;
  const grpc::Status status = server_.admin->HandOver(&context, request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(status.error_message(), HasSubstr("already"));
}

}  // namespace
}  // namespace inventory
