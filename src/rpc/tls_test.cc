// The gRPC listener over TLS.
#include <gmock/gmock.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include <string>

#include "access/tls_folder_testing.h"
#include "rpc/server_testing.h"

namespace inventory {
namespace {

using grpc::StatusCode;

class TlsTest : public testing::Test {
 protected:
  TlsTest() {
    EXPECT_OK(files_.Load());
    server_ = std::make_unique<TestServer>([](ServedMethods&) {}, "", &files_);
  }

  // A connection of its own that trusts this certificate alone; without TLS where it is empty.
  std::unique_ptr<v1::InventoryService::Stub> Connect(const std::string& trusted) {
    grpc::SslCredentialsOptions options;
    options.pem_root_certs = trusted;
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    return v1::InventoryService::NewStub(grpc::CreateCustomChannel(
        "127.0.0.1:" + std::to_string(server_->server->port()),
        trusted.empty() ? grpc::InsecureChannelCredentials() : grpc::SslCredentials(options),
        arguments));
  }
  static StatusCode Call(v1::InventoryService::Stub& stub) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kPatience);
    v1::GetStockRequest request;
    request.set_book_id(1);
    v1::GetStockResponse response;
    return stub.GetStock(&context, request, &response).error_code();
  }

  TlsFolder folder_;
  TlsFiles files_{folder_.certificate(), folder_.key()};
  std::unique_ptr<TestServer> server_;
};

TEST_F(TlsTest, OnlyWhoSpeaksItIsServed) {
  EXPECT_EQ(Call(*Connect(folder_.pair.certificate)), StatusCode::OK);
  EXPECT_EQ(Call(*Connect("")), StatusCode::UNAVAILABLE);
  EXPECT_EQ(Call(*Connect(MakeTlsPair().certificate)), StatusCode::UNAVAILABLE);
}

TEST_F(TlsTest, ANewPairIsShownToNewConnectionsAndOldOnesGoOn) {
  const std::string before = folder_.pair.certificate;
  const auto old = Connect(before);
  EXPECT_EQ(Call(*old), StatusCode::OK);
  folder_.Replace(files_);
  EXPECT_EQ(Call(*Connect(folder_.pair.certificate)), StatusCode::OK);
  EXPECT_EQ(Call(*Connect(before)), StatusCode::UNAVAILABLE);
  EXPECT_EQ(Call(*old), StatusCode::OK);
}

TEST_F(TlsTest, ABrokenPairChangesNothing) {
  folder_.Write({"", ""});
  files_.LookAgain();
  files_.LookAgain();
  EXPECT_EQ(Call(*Connect(folder_.pair.certificate)), StatusCode::OK);
}

}  // namespace
}  // namespace inventory
