#include "telemetry/log.h"

#include <fmt/format.h>
#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <memory>
#include <utility>

#include "telemetry/log_line.h"

namespace inventory {
namespace {

constexpr const char* kTextPattern = "%Y-%m-%dT%H:%M:%S.%eZ %l %v";
constexpr const char* kJsonPattern = R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})";

spdlog::level::level_enum ToSpdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug: return spdlog::level::debug;
    case LogLevel::kInfo: return spdlog::level::info;
    case LogLevel::kWarning: return spdlog::level::warn;
    case LogLevel::kError: return spdlog::level::err;
  }
  return spdlog::level::info;
}

spdlog::sink_ptr MakeSink(const std::string& output) {
  if (output == "stdout") return std::make_shared<spdlog::sinks::stdout_sink_mt>();
  if (output == "stderr") return std::make_shared<spdlog::sinks::stderr_sink_mt>();
  return std::make_shared<spdlog::sinks::basic_file_sink_mt>(output);
}

// spdlog writes, locks and stamps the lines; what stands in them is log_line's.
class ProcessLog {
 public:
  // Throws spdlog::spdlog_ex if the file cannot be opened.
  explicit ProcessLog(const LogSettings& settings)
      : json_(settings.json), logger_("", MakeSink(settings.output)) {
    logger_.set_level(ToSpdlog(settings.level));
    logger_.flush_on(spdlog::level::trace);
    logger_.set_formatter(std::make_unique<spdlog::pattern_formatter>(
        json_ ? kJsonPattern : kTextPattern, spdlog::pattern_time_type::utc));
  }

  void Write(LogLevel level, std::string_view message, LogFields fields) {
    if (!logger_.should_log(ToSpdlog(level))) return;
    logger_.log(ToSpdlog(level), json_ ? JsonLine(message, fields) : TextLine(message, fields));
  }

 private:
  const bool json_;
  spdlog::logger logger_;
};

// Never destroyed: threads may log while the process ends.
std::unique_ptr<ProcessLog>& TheLog() {
  static auto* log = new std::unique_ptr<ProcessLog>(new ProcessLog(LogSettings{}));
  return *log;
}

}  // namespace

void Log(LogLevel level, std::string_view message, LogFields fields) {
  TheLog()->Write(level, message, fields);
}

absl::Status StartLogging(const LogSettings& settings) {
  try {
    TheLog() = std::make_unique<ProcessLog>(settings);
  } catch (const spdlog::spdlog_ex& error) {
    return absl::InvalidArgumentError(fmt::format(
        "log.output: {}; name a file that can be written, or stdout, or stderr", error.what()));
  }
  return absl::OkStatus();
}

}  // namespace inventory
