// Options and positional arguments that go straight into a request.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/utf8.h"

namespace inventory {

// The value, or a usage error that names the option.
template <typename Value>
Value ValueOrUsageError(const std::string& name, absl::StatusOr<Value> value) {
  if (!value.ok()) throw CLI::ValidationError(name, std::string(value.status().message()));
  return *std::move(value);
}

// Base 10 only and checked for range, which CLI11's own reading of numbers is not.
template <typename Number>
Number ParseNumber(const std::string& name, const std::string& text) {
  Number number = 0;
  if (!absl::SimpleAtoi(text, &number)) {
    throw CLI::ValidationError(name, absl::StrCat("'", text, "' is not a whole number from ",
                                                  std::numeric_limits<Number>::min(), " to ",
                                                  std::numeric_limits<Number>::max()));
  }
  return number;
}

template <typename Request, typename Number>
CLI::Option* AddNumber(CLI::App* command, const std::string& name, std::shared_ptr<Request> request,
                       void (Request::*set)(Number), const std::string& help) {
  return command
      ->add_option_function<std::string>(
          name,
          [name, request, set](const std::string& text) {
            ((*request).*set)(ParseNumber<Number>(name, text));
          },
          help)
      ->type_name("NUMBER");
}

template <typename Request>
CLI::Option* AddNumbers(CLI::App* command, const std::string& name,
                        std::shared_ptr<Request> request, void (Request::*add)(std::uint64_t),
                        const std::string& help) {
  return command
      ->add_option_function<std::vector<std::string>>(
          name,
          [name, request, add](const std::vector<std::string>& texts) {
            for (const std::string& text : texts) {
              ((*request).*add)(ParseNumber<std::uint64_t>(name, text));
            }
          },
          help)
      ->type_name("NUMBER");
}

// `set` takes the text.
template <typename Set>
CLI::Option* AddText(CLI::App* command, const std::string& name, Set set, const std::string& help) {
  return command
      ->add_option_function<std::string>(
          name,
          [name, set](const std::string& text) {
            if (!IsUtf8(text)) throw CLI::ValidationError(name, "the text is not UTF-8");
            set(text);
          },
          help)
      ->type_name("TEXT");
}

}  // namespace inventory
