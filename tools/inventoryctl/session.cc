#include "tools/inventoryctl/session.h"

#include <google/protobuf/util/json_util.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "client/channel.h"
#include "tools/inventoryctl/advice.h"
#include "tools/inventoryctl/text_table.h"

namespace inventory {

InventoryClient& Session::client() {
  if (client_ == nullptr) {
    CallSettings settings;
    settings.timeout = absl::ToChronoMilliseconds(options.timeout);
    client_ =
        std::make_unique<InventoryClient>(MakeChannel(options.server, options.access), settings);
  }
  return *client_;
}

void Session::PrintJson(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions print;
  print.always_print_primitive_fields = true;
  std::string json;
  if (!google::protobuf::util::MessageToJsonString(message, &json, print).ok()) {
    return Failed(absl::InternalError("the answer cannot be written as JSON"));
  }
  out() << json << std::endl;  // a reader of a stream wants each document at once
}

void Session::Refused(std::uint32_t code, const std::string& message, const std::string& what) {
  std::string text = "refused: ";
  if (!what.empty()) absl::StrAppend(&text, what, ": ");
  absl::StrAppend(&text, code);
  if (!message.empty()) absl::StrAppend(&text, " ", Printable(message));
  if (const std::string meaning = MeaningOf(code); !meaning.empty()) {
    absl::StrAppend(&text, " (", meaning, ")");
  }
  Note(text);
  Raise(ExitStatus::kRefused);
}

void Session::RefusedSome(std::size_t refused, std::size_t of_lines) {
  Note(absl::StrCat("refused: ", refused, " of ", of_lines, " lines"));
  Raise(ExitStatus::kRefused);
}

void Session::WrongUsage(const std::string& text) {
  Note(text);
  Raise(ExitStatus::kUsage);
}

bool Session::IsConfirmed(const std::string& warning) {
  streams_.err << warning << "\nType yes to go on: " << std::flush;
  std::string answer;
  std::getline(streams_.in, answer);
  if (answer == "yes") return true;
  if (!streams_.in) streams_.err << '\n';
  WrongUsage("not confirmed; nothing was changed (--yes confirms beforehand)");
  return false;
}

void Session::Failed(const absl::Status& status) {
  const std::string advice = AdviceFor(status.code(), options.server);
  Note(absl::StrCat(absl::StatusCodeToString(status.code()), ": ",
                    Printable(std::string(status.message())), advice.empty() ? "" : "\n", advice));
  Raise(ExitStatus::kFault);
}

void Session::Note(const std::string& text) {
  streams_.err << "inventoryctl: " << text << std::endl;
}

ExitStatus Session::Finish() {
  out().flush();
  if (!out()) {
    Note("the output could not be written completely");
    Raise(ExitStatus::kFault);
  }
  return exit_status_;
}

void Session::Raise(ExitStatus status) { exit_status_ = std::max(exit_status_, status); }

}  // namespace inventory
