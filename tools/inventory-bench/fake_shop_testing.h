// A small inventory service in the test's own process, right by default and wrong on request.
#pragma once

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "inventory/v1/inventory.grpc.pb.h"

namespace inventory::bench {

enum class Fault {
  kNone,
  kSellsTwice,       // a retry sells again
  kOversells,        // one unit more than there is
  kForgetsSales,     // every tenth yes is not in the log, nor taken from stock
  kTakesBackItsYes,  // a retry is told "sold out"
  kLosesAnswers,     // every third call is carried out and then answered UNAVAILABLE
  kRefuses,          // every third order is refused while there is stock
};

// Deducts, restocks, reads and logs; nothing else. Safe for concurrent use.
class FakeShop : public v1::InventoryService::Service {
 public:
  explicit FakeShop(Fault fault = Fault::kNone) : fault_(fault) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
  }
  ~FakeShop() override { server_->Shutdown(); }

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

  grpc::Status GetStock(grpc::ServerContext*, const v1::GetStockRequest* request,
                        v1::GetStockResponse* response) override {
    MutexLock lock(mutex_);
    const auto book = books_.find(request->book_id());
    if (book == books_.end()) {
      response->set_code(40401);
      return grpc::Status::OK;
    }
    response->set_book_id(request->book_id());
    response->set_stock(book->second.stock);
    response->set_total_stock(book->second.stock);
    response->set_sequence(book->second.log.size());
    return grpc::Status::OK;
  }

  grpc::Status BatchGetStock(grpc::ServerContext*, const v1::BatchGetStockRequest* request,
                             v1::BatchGetStockResponse* response) override {
    MutexLock lock(mutex_);
    for (const std::uint64_t id : request->book_ids()) {
      v1::StockInfo* info = response->add_stocks();
      info->set_book_id(id);
      const auto book = books_.find(id);
      if (book == books_.end()) {
        info->set_code(40401);
      } else {
        info->set_stock(book->second.stock);
      }
    }
    return grpc::Status::OK;
  }

  grpc::Status DeductStock(grpc::ServerContext*, const v1::DeductStockRequest* request,
                           v1::DeductStockResponse* response) override {
    MutexLock lock(mutex_);
    Sell(*request, *response);
    return Answer();
  }

  grpc::Status BatchDeductStock(grpc::ServerContext*, const v1::BatchDeductStockRequest* request,
                                v1::BatchDeductStockResponse* response) override {
    MutexLock lock(mutex_);
    for (const auto& item : request->items()) Sell(item, *response->add_results());
    return Answer();
  }

  grpc::Status RestockInventory(grpc::ServerContext*, const v1::RestockInventoryRequest* request,
                                v1::RestockInventoryResponse* response) override {
    MutexLock lock(mutex_);
    Book& book = books_[request->book_id()];
    Log(*request, book, "restock", request->quantity(), 0);
    response->set_current_stock(book.stock);
    return grpc::Status::OK;
  }

  // Newest first; the token is the sequence to go on below.
  grpc::Status GetInventoryLogs(grpc::ServerContext*, const v1::GetInventoryLogsRequest* request,
                                v1::GetInventoryLogsResponse* response) override {
    MutexLock lock(mutex_);
    const std::vector<v1::InventoryLog>& log = books_[request->book_id()].log;
    std::size_t next =
        request->page_token().empty() ? log.size() : std::stoul(request->page_token());
    const std::size_t end = next - std::min<std::size_t>(next, request->page_size());
    while (next > end) *response->add_logs() = log[--next];
    if (next > 0) response->set_next_page_token(std::to_string(next));
    return grpc::Status::OK;
  }

 private:
  struct Book {
    std::int32_t stock = 0;
    std::vector<v1::InventoryLog> log;
    std::map<std::uint64_t, std::int32_t> orders;
  };

  template <typename Request>
  void Log(const Request& request, Book& book, const std::string& type, std::int32_t change,
           std::uint64_t order) {
    v1::InventoryLog& entry = book.log.emplace_back();
    entry.set_book_id(request.book_id());
    entry.set_change_type(type);
    entry.set_quantity(std::abs(change));
    entry.set_before_stock(book.stock);
    book.stock += change;
    entry.set_after_stock(book.stock);
    entry.set_order_id(order);
    entry.set_sequence(book.log.size());
  }

  void Sell(const v1::DeductStockRequest& request, v1::DeductStockResponse& response)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    Book& book = books_[request.book_id()];
    const bool seen = book.orders.count(request.order_id()) != 0;
    const std::int32_t floor = fault_ == Fault::kOversells ? -1 : 0;
    ++sales_;
    if (seen && fault_ == Fault::kTakesBackItsYes) {
      response.set_code(40100);
    } else if (!seen || fault_ == Fault::kSellsTwice) {
      const bool refuses = fault_ == Fault::kRefuses && sales_ % 3 == 0;
      if (book.stock - request.quantity() < floor || refuses) {
        response.set_code(40100);
      } else {
        book.orders.emplace(request.order_id(), request.quantity());
        if (fault_ != Fault::kForgetsSales || sales_ % 10 != 0) {
          Log(request, book, "deduct", -request.quantity(), request.order_id());
        }
      }
    }
    response.set_remaining_stock(book.stock);
  }

  grpc::Status Answer() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (fault_ == Fault::kLosesAnswers && ++answers_ % 3 == 0) {
      return {grpc::StatusCode::UNAVAILABLE, "outcome unknown"};
    }
    return grpc::Status::OK;
  }

  const Fault fault_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
  Mutex mutex_;
  std::map<std::uint64_t, Book> books_ ABSL_GUARDED_BY(mutex_);
  std::uint64_t sales_ ABSL_GUARDED_BY(mutex_) = 0;
  std::uint64_t answers_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace inventory::bench
