// For tests: the api over a real service and the memory store, behind a real server on loopback.
#pragma once

#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "api/inventory_api.h"
#include "base/clock.h"
#include "base/status_matchers.h"
#include "inventory/v1/inventory.grpc.pb.h"
#include "rpc/served_methods.h"
#include "rpc/served_rpc_server.h"
#include "store/memory/memory_store.h"

namespace inventory {

// A bound for what should take milliseconds: reached only where a test fails.
inline constexpr std::chrono::seconds kPatience{20};

class MovableClock : public Clock {
 public:
  TimeMs Now() const override { return now; }
  std::atomic<TimeMs> now = 1'750'000'000'000;
};

struct RawAnswer {
  grpc::Status status;
  std::string bytes;  // of the first message
};

// Calls "/package.Service/Method" with any bytes.
inline RawAnswer CallRaw(const std::shared_ptr<grpc::Channel>& channel, const std::string& path,
                         const std::string& request) {
  grpc::CompletionQueue queue;
  const auto wait = [&queue] {
    void* tag;
    bool ok;
    return queue.Next(&tag, &ok) && ok;
  };
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kPatience);
  const auto call = grpc::GenericStub(channel).PrepareCall(&context, path, &queue);
  RawAnswer answer;
  grpc::ByteBuffer bytes;
  call->StartCall(nullptr);
  wait();
  const grpc::Slice slice(request);
  call->WriteLast(grpc::ByteBuffer(&slice, 1), {}, nullptr);
  wait();
  call->Read(&bytes, nullptr);
  if (wait()) {
    grpc::Slice all;
    if (bytes.DumpToSingleSlice(&all).ok()) answer.bytes.assign(all.begin(), all.end());
  }
  call->Finish(&answer.status, nullptr);
  wait();
  queue.Shutdown();
  return answer;
}

class TestServer {
 public:
  // `change` may replace what methods do. `tokens` are as in access.tokens.
  explicit TestServer(
      const std::function<void(ServedMethods&)>& change = [](ServedMethods&) {},
      const std::string& tokens = "", const TlsFiles* tls = nullptr) {
    if (!tokens.empty()) access.SetTokens(*TokenList::Parse(tokens, ';', "test"));
    ServedMethods methods = MakeServedMethods(api);
    change(methods);
    absl::StatusOr<std::unique_ptr<RpcServer>> started =
        StartRpcServer(std::move(methods), access, {"127.0.0.1", 0, 1, tls});
    EXPECT_OK(started);
    server = *std::move(started);
    channel = grpc::CreateChannel("127.0.0.1:" + std::to_string(server->port()),
                                  grpc::InsecureChannelCredentials());
    stub = v1::InventoryService::NewStub(channel);
    admin = v1::InventoryAdminService::NewStub(channel);
  }

  // Calls a method that must answer; `send` is &v1::InventoryService::Stub::GetStock and the like.
  template <typename Stub, typename Request, typename Response>
  Response Call(Stub& through,
                grpc::Status (Stub::*send)(grpc::ClientContext*, const Request&, Response*),
                const Request& request) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kPatience);
    Response response;
    const grpc::Status status = (through.*send)(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_code() << " " << status.error_message();
    return response;
  }

  v1::RestockInventoryResponse Restock(BookId book, Quantity quantity) {
    v1::RestockInventoryRequest request;
    request.set_book_id(book);
    request.set_quantity(quantity);
    return Call(*stub, &v1::InventoryService::Stub::RestockInventory, request);
  }
  v1::DeductStockResponse Deduct(BookId book, Quantity quantity, OrderId order) {
    v1::DeductStockRequest request;
    request.set_book_id(book);
    request.set_quantity(quantity);
    request.set_order_id(order);
    return Call(*stub, &v1::InventoryService::Stub::DeductStock, request);
  }
  v1::ReleaseStockResponse Release(BookId book, Quantity quantity, OrderId order,
                                   const std::string& reason = "") {
    v1::ReleaseStockRequest request;
    request.set_book_id(book);
    request.set_quantity(quantity);
    request.set_order_id(order);
    request.set_reason(reason);
    return Call(*stub, &v1::InventoryService::Stub::ReleaseStock, request);
  }
  v1::GetStockResponse Get(BookId book) {
    v1::GetStockRequest request;
    request.set_book_id(book);
    return Call(*stub, &v1::InventoryService::Stub::GetStock, request);
  }
  v1::ReserveStockResponse Reserve(OrderId order, const std::vector<ReservedLine>& lines,
                                   std::int32_t ttl_seconds = 0) {
    v1::ReserveStockRequest request;
    request.set_order_id(order);
    for (const ReservedLine& line : lines) {
      v1::OrderLine& message = *request.add_lines();
      message.set_book_id(line.book);
      message.set_quantity(line.quantity);
    }
    request.set_ttl_seconds(ttl_seconds);
    return Call(*stub, &v1::InventoryService::Stub::ReserveStock, request);
  }
  v1::GetInventoryLogsResponse Logs(const v1::GetInventoryLogsRequest& request) {
    return Call(*stub, &v1::InventoryService::Stub::GetInventoryLogs, request);
  }

  MovableClock clock;
  std::unique_ptr<StockStore> store = MakeMemoryStore(clock);
  std::unique_ptr<InventoryService> service = InventoryService::Make(*store, ServiceSettings{});
  InventoryApi api{*service, {"1.2.3", "abcdef", 17}};
  Access access;
  std::unique_ptr<RpcServer> server;
  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<v1::InventoryService::Stub> stub;
  std::unique_ptr<v1::InventoryAdminService::Stub> admin;
};

// A response's code and message at once.
MATCHER_P2(Answers, code, message, "has the code and the message") {
  *result_listener << arg.ShortDebugString();
  return arg.code() == static_cast<std::uint32_t>(code) && arg.message() == message;
}

}  // namespace inventory
