// What may stand on the command line, described command by command.
//
// CLI11 does the work, in command_line.cc alone: its headers cost every file that reads them
// seconds, and its exceptions stay behind this header.
#pragma once

#include <functional>
#include <memory>
#include <ostream>
#include <string>

#include "absl/status/status.h"

namespace CLI {  // NOLINT(readability-identifier-naming): theirs
class App;
class Option;
}  // namespace CLI

namespace inventory {

// Takes what stands on the command line; an error's message, after the argument's name, is a usage
// error, and no command runs.
using TakeText = std::function<absl::Status(const std::string&)>;

// An option ("--order") or a value that is known by its place ("BOOK"). A handle; the command line
// outlives it.
class Argument {
 public:
  Argument Required();
  Argument Excludes(Argument other);
  Argument FromEnvironment(const std::string& variable);
  // Only shown: what stands for the absent argument.
  Argument Default(const std::string& text);

 private:
  friend class CommandSpec;
  explicit Argument(CLI::Option* option) : option_(option) {}
  CLI::Option* option_;
};

// A handle; the command line outlives it. Names and help are as `--help` shows them.
class CommandSpec {
 public:
  CommandSpec AddCommand(const std::string& name, const std::string& help);
  // A command that is only a name for the commands added to it, one of which must follow.
  CommandSpec AddCommands(const std::string& name, const std::string& help);
  // Of what is added to this exactly one must be given.
  CommandSpec AddOneOf(const std::string& name, const std::string& help);

  // `kind` is what --help shows for the value: "NUMBER".
  Argument AddValue(const std::string& name, const std::string& kind, TakeText take,
                    const std::string& help);
  // One or more of them; each is taken by itself.
  Argument AddValues(const std::string& name, const std::string& kind, TakeText take,
                     const std::string& help);
  Argument AddFlag(const std::string& name, std::function<void()> given, const std::string& help);

  // What its own --help says besides, as it stands.
  void Explain(const std::string& text);

  // Run when this command is on the line, after everything was taken.
  void Runs(std::function<void()> action);

 private:
  friend class CommandLineParser;
  explicit CommandSpec(CLI::App* app) : app_(app) {}
  CLI::App* app_;
};

// The whole of it: global options, which may also follow the command, and one command.
class CommandLineParser {
 public:
  CommandLineParser(const std::string& program, const std::string& description);
  ~CommandLineParser();

  CommandSpec root() { return CommandSpec(app_.get()); }

  enum class End { kRan, kHelpShown, kWrong };
  // Runs the command, or says on `out` or `err` why not. `footer` ends the help.
  End Run(int argc, const char* const* argv, const std::string& footer, std::ostream& out,
          std::ostream& err);

 private:
  const std::unique_ptr<CLI::App> app_;
};

}  // namespace inventory
