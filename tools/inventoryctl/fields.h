// Options and positional arguments that go straight into a request.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "base/status_macros.h"
#include "base/utf8.h"
#include "tools/inventoryctl/command_line.h"
#include "tools/inventoryctl/values.h"

namespace inventory {

// Base 10 only and checked for range.
template <typename Number>
absl::StatusOr<Number> ParseNumber(const std::string& text) {
  Number number = 0;
  if (!absl::SimpleAtoi(text, &number)) {
    return absl::InvalidArgumentError(absl::StrCat("'", text, "' is not a whole number from ",
                                                   std::numeric_limits<Number>::min(), " to ",
                                                   std::numeric_limits<Number>::max()));
  }
  return number;
}

template <typename Request, typename Number>
Argument AddNumber(CommandSpec command, const std::string& name, std::shared_ptr<Request> request,
                   void (Request::*set)(Number), const std::string& help) {
  return command.AddValue(
      name, "NUMBER",
      [request, set](const std::string& text) {
        ASSIGN_OR_RETURN(const Number number, ParseNumber<Number>(text));
        ((*request).*set)(number);
        return absl::OkStatus();
      },
      help);
}

template <typename Request>
Argument AddNumbers(CommandSpec command, const std::string& name, std::shared_ptr<Request> request,
                    void (Request::*add)(std::uint64_t), const std::string& help) {
  return command.AddValues(
      name, "NUMBER",
      [request, add](const std::string& text) {
        ASSIGN_OR_RETURN(const std::uint64_t number, ParseNumber<std::uint64_t>(text));
        ((*request).*add)(number);
        return absl::OkStatus();
      },
      help);
}

// A text that goes to the service: UTF-8, or a usage error.
inline Argument AddText(CommandSpec command, const std::string& name,
                        std::function<void(const std::string&)> set, const std::string& help) {
  return command.AddValue(
      name, "TEXT",
      [set = std::move(set)](const std::string& text) {
        if (!IsUtf8(text)) return absl::InvalidArgumentError("the text is not UTF-8");
        set(text);
        return absl::OkStatus();
      },
      help);
}

// "90", "15m", "500ms".
inline Argument AddDuration(CommandSpec command, const std::string& name,
                            std::function<absl::Status(absl::Duration)> take,
                            const std::string& help) {
  return command.AddValue(
      name, "DURATION",
      [take = std::move(take)](const std::string& text) {
        ASSIGN_OR_RETURN(const absl::Duration duration, ParseDuration(text));
        return take(duration);
      },
      help);
}

// The name of something on this machine: any bytes.
inline Argument AddPlainText(CommandSpec command, const std::string& name,
                             const std::shared_ptr<std::string>& target, const std::string& help) {
  return command.AddValue(
      name, "TEXT",
      [target](const std::string& text) {
        *target = text;
        return absl::OkStatus();
      },
      help);
}

}  // namespace inventory
