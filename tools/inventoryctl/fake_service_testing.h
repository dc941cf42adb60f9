// A server that knows every RPC of the contract by reflection, writes down what it is asked, and
// answers what a test says. For tests only.
#pragma once

#include <google/protobuf/descriptor.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/text_format.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "base/mutex.h"
#include "inventory/v1/inventory.pb.h"

namespace inventory {

// Safe for concurrent use.
class FakeService : public grpc::CallbackGenericService {
 public:
  // The answers of one call, in text format; more than one for a server stream.
  struct Answer {
    std::vector<std::string> messages;
    grpc::Status status;
  };

  FakeService() {
    server_ = grpc::ServerBuilder()
                  .AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_)
                  .RegisterCallbackGenericService(this)
                  .BuildAndStart();
  }
  ~FakeService() { server_->Shutdown(std::chrono::system_clock::now()); }

  std::string target() const { return absl::StrCat("127.0.0.1:", port_); }

  // The next calls of this RPC get these answers, one each; the last one stays. Without any a call
  // is answered by an empty message: code 0.
  void Will(const std::string& rpc, Answer answer) {
    MutexLock lock(mutex_);
    answers_[rpc].push_back(std::move(answer));
  }
  void Will(const std::string& rpc, std::string message) {
    Will(rpc, Answer{{std::move(message)}, grpc::Status::OK});
  }
  void WillFail(const std::string& rpc, grpc::StatusCode code, const std::string& text) {
    Will(rpc, Answer{{}, grpc::Status(code, text)});
  }

  // "DeductStock {book_id: 1 quantity: 5 order_id: 1001}", in order of arrival.
  std::vector<std::string> asked() {
    MutexLock lock(mutex_);
    return asked_;
  }

 private:
  using Method = google::protobuf::MethodDescriptor;

  // Reads every request of the call, then writes the answers.
  class Call : public grpc::ServerGenericBidiReactor {
   public:
    Call(FakeService& service, const Method& method) : service_(service), method_(method) {
      StartRead(&buffer_);
    }
    void OnReadDone(bool ok) override {
      if (ok) {
        service_.Note(method_, buffer_);
        if (method_.client_streaming()) return StartRead(&buffer_);
      }
      answer_ = service_.Next(method_);
      WriteNext();
    }
    void OnWriteDone(bool ok) override {
      if (!ok) return Finish(grpc::Status::CANCELLED);
      WriteNext();
    }
    void OnDone() override { delete this; }

   private:
    void WriteNext() {
      if (written_ == answer_.messages.size()) return Finish(answer_.status);
      buffer_ = Encode(*method_.output_type(), answer_.messages[written_++]);
      StartWrite(&buffer_);
    }

    FakeService& service_;
    const Method& method_;
    grpc::ByteBuffer buffer_;
    Answer answer_;
    std::size_t written_ = 0;
  };

  class Unknown : public grpc::ServerGenericBidiReactor {
   public:
    Unknown() { Finish(grpc::Status(grpc::StatusCode::UNIMPLEMENTED, "")); }
    void OnDone() override { delete this; }
  };

  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override {
    v1::GetStockRequest::descriptor();  // so that the file is known to the pool
    const std::string name =
        absl::StrReplaceAll(std::string(absl::StripPrefix(context->method(), "/")), {{"/", "."}});
    const Method* method =
        google::protobuf::DescriptorPool::generated_pool()->FindMethodByName(name);
    if (method == nullptr) return new Unknown;
    return new Call(*this, *method);
  }

  static std::unique_ptr<google::protobuf::Message> New(const google::protobuf::Descriptor& type) {
    return std::unique_ptr<google::protobuf::Message>(
        google::protobuf::MessageFactory::generated_factory()->GetPrototype(&type)->New());
  }

  void Note(const Method& method, const grpc::ByteBuffer& bytes) {
    std::vector<grpc::Slice> slices;
    bytes.Dump(&slices);
    std::string serialized;
    for (const grpc::Slice& slice : slices) {
      serialized.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
    }
    const auto request = New(*method.input_type());
    request->ParseFromString(serialized);
    std::string text;
    google::protobuf::TextFormat::Printer printer;
    printer.SetSingleLineMode(true);
    printer.SetUseUtf8StringEscaping(true);
    printer.PrintToString(*request, &text);
    MutexLock lock(mutex_);
    asked_.push_back(absl::StrCat(method.name(), " {", absl::StripSuffix(text, " "), "}"));
  }

  Answer Next(const Method& method) {
    MutexLock lock(mutex_);
    std::deque<Answer>& answers = answers_[method.name()];
    if (answers.empty()) return Answer{{""}, grpc::Status::OK};
    Answer answer = answers.front();
    if (answers.size() > 1) answers.pop_front();
    return answer;
  }

  static grpc::ByteBuffer Encode(const google::protobuf::Descriptor& type,
                                 const std::string& text) {
    const auto message = New(type);
    google::protobuf::TextFormat::ParseFromString(text, message.get());
    const grpc::Slice slice(message->SerializeAsString());
    return grpc::ByteBuffer(&slice, 1);
  }

  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
  Mutex mutex_;
  std::map<std::string, std::deque<Answer>> answers_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> asked_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace inventory
