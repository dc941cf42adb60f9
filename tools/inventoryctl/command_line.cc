#include "tools/inventoryctl/command_line.h"

#include <CLI/CLI.hpp>
#include <utility>
#include <vector>

namespace inventory {
namespace {

void TakeOrThrow(const std::string& name, const TakeText& take, const std::string& text) {
  if (const absl::Status taken = take(text); !taken.ok()) {
    throw CLI::ValidationError(name, std::string(taken.message()));
  }
}

}  // namespace

Argument Argument::Required() {
  option_->required();
  return *this;
}

Argument Argument::Excludes(Argument other) {
  option_->excludes(other.option_);
  return *this;
}

Argument Argument::FromEnvironment(const std::string& variable) {
  option_->envname(variable);
  return *this;
}

Argument Argument::Default(const std::string& text) {
  option_->default_str(text);
  return *this;
}

CommandSpec CommandSpec::AddCommand(const std::string& name, const std::string& help) {
  return CommandSpec(app_->add_subcommand(name, help));
}

CommandSpec CommandSpec::AddCommands(const std::string& name, const std::string& help) {
  CLI::App* group = app_->add_subcommand(name, help);
  group->require_subcommand(1);
  return CommandSpec(group);
}

CommandSpec CommandSpec::AddOneOf(const std::string& name, const std::string& help) {
  CLI::App* group = app_->add_option_group(name, help);
  group->require_option(1);
  return CommandSpec(group);
}

Argument CommandSpec::AddValue(const std::string& name, const std::string& kind, TakeText take,
                               const std::string& help) {
  return Argument(app_->add_option_function<std::string>(
                          name,
                          [name, take = std::move(take)](const std::string& text) {
                            TakeOrThrow(name, take, text);
                          },
                          help)
                      ->type_name(kind));
}

Argument CommandSpec::AddValues(const std::string& name, const std::string& kind, TakeText take,
                                const std::string& help) {
  return Argument(app_->add_option_function<std::vector<std::string>>(
                          name,
                          [name, take = std::move(take)](const std::vector<std::string>& texts) {
                            for (const std::string& text : texts) TakeOrThrow(name, take, text);
                          },
                          help)
                      ->type_name(kind));
}

Argument CommandSpec::AddFlag(const std::string& name, std::function<void()> given,
                              const std::string& help) {
  return Argument(app_->add_flag_callback(name, std::move(given), help));
}

void CommandSpec::Explain(const std::string& text) { app_->footer(text); }

void CommandSpec::Runs(std::function<void()> action) { app_->callback(std::move(action)); }

CommandLineParser::CommandLineParser(const std::string& program, const std::string& description)
    : app_(std::make_unique<CLI::App>(description, program)) {
  app_->require_subcommand(1);
  app_->fallthrough();  // global options may also follow the command
}

CommandLineParser::~CommandLineParser() = default;

CommandLineParser::End CommandLineParser::Run(int argc, const char* const* argv,
                                              const std::string& footer, std::ostream& out,
                                              std::ostream& err) {
  app_->footer(footer);  // after the commands, which would take it over
  try {
    app_->parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    app_->exit(error, out, err);
    return error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success) ? End::kHelpShown
                                                                              : End::kWrong;
  }
  return End::kRan;
}

}  // namespace inventory
