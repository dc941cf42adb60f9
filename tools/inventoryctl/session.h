// One run of inventoryctl: where it talks to, where it writes, and what it comes to.
#pragma once

#include <google/protobuf/message.h>

#include <cstdint>
#include <istream>
#include <memory>
#include <optional>
#include <ostream>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/channel_access.h"
#include "client/inventory_client.h"

namespace inventory {

enum class ExitStatus {
  kDone = 0,     // done now, or before
  kRefused = 1,  // the service understood and said no: `code` is not 0; or all is not well
  kUsage = 2,    // the command line or a file is wrong; nothing was sent
  kFault = 3,    // no answer, or a gRPC status that is not OK
};

// What a command reads and writes. `progress`: `err` is a terminal, so that a moving line may be
// shown.
struct Streams {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  bool progress = false;
};

// The options before the command.
struct GlobalOptions {
  std::string server = "127.0.0.1:9004";
  ChannelAccess access;
  absl::Duration timeout = absl::Seconds(5);
  bool json = false;
};

// Answers go to `out` as tables or JSON, everything else to `err`. The worst of what is reported
// becomes the exit status. Used by one thread, but for client().
class Session {
 public:
  explicit Session(Streams streams) : streams_(streams) {}

  GlobalOptions options;

  // Made at the first call, from the options; then safe for concurrent use.
  InventoryClient& client();
  Streams& streams() { return streams_; }
  std::ostream& out() { return streams_.out; }
  bool json() const { return options.json; }

  // Shows an answer: as JSON, or by `show(response)`, which writes to out(). A refusal or a fault
  // is told on `err`. True: the code is 0.
  template <typename Response, typename Show>
  bool Answer(const absl::StatusOr<Response>& response, Show show) {
    if (!response.ok()) {
      Failed(response.status());
      return false;
    }
    if (json()) {
      PrintJson(*response);
    } else {
      show(*response);
    }
    if (response->code() != 0) Refused(response->code(), response->message());
    return response->code() == 0;
  }

  // One document on one line.
  void PrintJson(const google::protobuf::Message& message);

  // `what`: which of several was refused. It and the message may be empty.
  void Refused(std::uint32_t code, const std::string& message, const std::string& what = "");
  void RefusedSome(std::size_t refused, std::size_t of_lines);
  // The service answered, and what it says of itself or of its stock is not well.
  void NotWell() { Raise(ExitStatus::kRefused); }
  void WrongUsage(const std::string& text);
  // Asks, on `err`, who types whether to go on. False, which is told and counted as wrong usage:
  // the next line of the input is not "yes".
  bool IsConfirmed(const std::string& warning);
  void Failed(const absl::Status& status);
  // Said and not counted.
  void Note(const std::string& text);

  // After the last output; a failed write is a fault.
  ExitStatus Finish();

 private:
  void Raise(ExitStatus status);

  Streams streams_;
  std::unique_ptr<InventoryClient> client_;
  ExitStatus exit_status_ = ExitStatus::kDone;
};

}  // namespace inventory
