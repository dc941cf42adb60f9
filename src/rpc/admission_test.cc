// Who may call what, through a real server.
#include <gmock/gmock.h>

#include <map>
#include <string>

#include "rpc/method_roles.h"
#include "rpc/server_testing.h"

namespace inventory {
namespace {

using grpc::StatusCode;

const std::map<Role, std::string> kTokens = {{Role::kViewer, "viewer-token-0123456789"},
                                             {Role::kSeller, "seller-token-0123456789"},
                                             {Role::kOperator, "operator-token-0123456789"}};

// What each call needs, once more and by hand: that the table of the server changes is seen here.
const std::map<std::string, Role> kNeeded = {
    {"GetStock", Role::kViewer},           {"BatchGetStock", Role::kViewer},
    {"GetInventoryLogs", Role::kViewer},   {"GetReservation", Role::kViewer},
    {"GetOrder", Role::kViewer},           {"ListStock", Role::kViewer},
    {"WatchStock", Role::kViewer},         {"GetStatus", Role::kViewer},
    {"DeductStock", Role::kSeller},        {"BatchDeductStock", Role::kSeller},
    {"ReleaseStock", Role::kSeller},       {"ReserveStock", Role::kSeller},
    {"ConfirmReservation", Role::kSeller}, {"CancelReservation", Role::kSeller},
    {"RestockInventory", Role::kOperator}, {"AdjustStock", Role::kOperator},
    {"Backup", Role::kOperator},           {"AdoptStock", Role::kOperator},
    {"Reconcile", Role::kOperator},        {"ListQuarantine", Role::kOperator},
    {"RetryQuarantine", Role::kOperator},  {"SkipQuarantine", Role::kOperator},
    {"HandOver", Role::kOperator},         {"ExportStock", Role::kOperator},
    {"ImportStock", Role::kOperator},
};

class AdmissionTest : public testing::Test {
 protected:
  // How the call ends; with CANCELLED once it has been let in and has said something.
  grpc::Status Try(const std::string& path, const std::vector<std::string>& authorizations) {
    grpc::CompletionQueue queue;
    const auto wait = [&queue] {
      void* tag;
      bool ok;
      return queue.Next(&tag, &ok) && ok;
    };
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kPatience);
    for (const std::string& value : authorizations) context.AddMetadata("authorization", value);
    const auto call = grpc::GenericStub(server_.channel).PrepareCall(&context, path, &queue);
    grpc::Status status;
    grpc::ByteBuffer bytes;
    call->StartCall(nullptr);
    wait();
    const grpc::Slice nothing;
    call->WriteLast(grpc::ByteBuffer(&nothing, 1), {}, nullptr);
    wait();
    call->Read(&bytes, nullptr);
    if (wait()) context.TryCancel();
    call->Finish(&status, nullptr);
    wait();
    queue.Shutdown();
    return status;
  }

  template <typename Request, typename Response>
  StatusCode Call(Role role,
                  grpc::Status (v1::InventoryService::Stub::*send)(grpc::ClientContext*,
                                                                   const Request&, Response*),
                  const Request& request, Response& response) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kPatience);
    context.AddMetadata("authorization", "Bearer " + kTokens.at(role));
    return ((*server_.stub).*send)(&context, request, &response).error_code();
  }
  StatusCode Restock(Role role) {
    v1::RestockInventoryRequest request;
    request.set_book_id(1);
    request.set_quantity(5);
    v1::RestockInventoryResponse response;
    return Call(role, &v1::InventoryService::Stub::RestockInventory, request, response);
  }

  TestServer server_{[](ServedMethods&) {}, "eye viewer " + kTokens.at(Role::kViewer) +
                                                ";shop seller " + kTokens.at(Role::kSeller) +
                                                ";anna operator " + kTokens.at(Role::kOperator)};
};

TEST_F(AdmissionTest, EveryMethodLetsItsRoleInAndNobodyElse) {
  const auto& file = *v1::GetStockRequest::descriptor()->file();
  std::size_t methods = 0;
  for (int i = 0; i < file.service_count(); ++i) {
    for (int j = 0; j < file.service(i)->method_count(); ++j) {
      const auto& method = *file.service(i)->method(j);
      SCOPED_TRACE(method.full_name());
      ++methods;
      ASSERT_TRUE(kNeeded.contains(method.name())) << "who may call it?";
      const Role needed = kNeeded.at(method.name());
      ASSERT_TRUE(MethodRoles().contains(method.full_name()));
      EXPECT_EQ(NeededRole(method.full_name()), needed);
      const std::string path = "/" + file.service(i)->full_name() + "/" + method.name();
      const grpc::Status unknown = Try(path, {});
      EXPECT_EQ(unknown.error_code(), StatusCode::UNAUTHENTICATED);
      EXPECT_THAT(unknown.error_message(), testing::HasSubstr(RoleName(needed)));
      EXPECT_EQ(Try(path, {"Bearer unknown-token-0123456789"}).error_code(),
                StatusCode::UNAUTHENTICATED);
      for (const auto& [role, token] : kTokens) {
        SCOPED_TRACE(RoleName(role));
        const bool may = needed == Role::kViewer || role == needed;
        const grpc::Status status = Try(path, {"Bearer " + token});
        EXPECT_NE(status.error_code(), StatusCode::UNAUTHENTICATED);
        EXPECT_EQ(status.error_code() != StatusCode::PERMISSION_DENIED, may)
            << status.error_message();
      }
    }
  }
  EXPECT_EQ(methods, kNeeded.size());
  EXPECT_EQ(methods + 2, MethodRoles().size());  // and the health service's
}

TEST_F(AdmissionTest, WhatTheTableForgotIsTheOperators) {
  EXPECT_EQ(NeededRole("inventory.v1.InventoryService.Forgotten"), Role::kOperator);
}

TEST_F(AdmissionTest, ARefusedCallDoesNothing) {
  EXPECT_EQ(Restock(Role::kSeller), StatusCode::PERMISSION_DENIED);
  server_.store->ReadStock({1}, [](const absl::StatusOr<std::vector<BookStock>>& books) {
    ASSERT_OK(books);
    EXPECT_EQ(books->front().balance.total(), 0);
  });
  EXPECT_EQ(server_.access.Figures().wrong_role, 1u);
}

TEST_F(AdmissionTest, TheTokensNameIsTheMovementsActor) {
  EXPECT_EQ(Restock(Role::kOperator), StatusCode::OK);
  v1::DeductStockRequest deduct;
  deduct.set_book_id(1);
  deduct.set_quantity(1);
  deduct.set_order_id(7);
  v1::DeductStockResponse deducted;
  EXPECT_EQ(Call(Role::kSeller, &v1::InventoryService::Stub::DeductStock, deduct, deducted),
            StatusCode::OK);
  v1::GetInventoryLogsRequest logs;
  logs.set_book_id(1);
  v1::GetInventoryLogsResponse read;
  EXPECT_EQ(Call(Role::kViewer, &v1::InventoryService::Stub::GetInventoryLogs, logs, read),
            StatusCode::OK);
  ASSERT_EQ(read.logs_size(), 2);
  EXPECT_EQ(read.logs(0).actor(), "shop");
  EXPECT_EQ(read.logs(1).actor(), "anna");
}

TEST_F(AdmissionTest, ATokenIsShownOnce) {
  const std::string bearer = "Bearer " + kTokens.at(Role::kOperator);
  EXPECT_EQ(Try("/inventory.v1.InventoryService/GetStock", {bearer, bearer}).error_code(),
            StatusCode::UNAUTHENTICATED);
}

TEST_F(AdmissionTest, HealthNeedsNoTokenAndReflectionIsOff) {
  EXPECT_EQ(CallRaw(server_.channel, "/grpc.health.v1.Health/Check", "").status.error_code(),
            StatusCode::OK);
  EXPECT_EQ(Try("/grpc.health.v1.Health/Watch", {}).error_code(), StatusCode::CANCELLED);
  const std::string reflection = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";
  for (const std::string& token : {std::string(), "Bearer " + kTokens.at(Role::kOperator)}) {
    EXPECT_EQ(Try(reflection, {token}).error_code(), StatusCode::UNIMPLEMENTED);
  }
}

}  // namespace
}  // namespace inventory
