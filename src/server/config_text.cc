#include "server/config_text.h"

#include <fmt/format.h>

namespace inventory {
namespace {

using Kind = Setting::Kind;

std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

std::string YamlValue(const Setting& setting, const Config& config) {
  if (setting.integer != nullptr) return fmt::format("{}", config.*setting.integer);
  if (setting.boolean != nullptr) return config.*setting.boolean ? "true" : "false";
  if (setting.kind == Kind::kChoice) return config.*setting.text;
  return Quoted(config.*setting.text);
}

// "redis" of "redis.addr", nothing of "store".
std::string_view SectionOf(std::string_view path) { return path.substr(0, path.rfind('.') + 1); }

// "addr" of "redis.addr".
std::string_view NameOf(std::string_view path) { return path.substr(path.rfind('.') + 1); }

// What it does and what it may be.
std::string Described(const Setting& setting) {
  const std::string allowed = AllowedShort(setting);
  return allowed.empty() ? std::string(setting.help)
                         : fmt::format("{} ({})", setting.help, allowed);
}

std::string YamlLines(const Setting& setting, const Config& config) {
  const std::string_view indent = SectionOf(setting.path).empty() ? "" : "  ";
  std::string lines = fmt::format("{}# {}\n", indent, Described(setting));
  if (setting.kind == Kind::kSecret && !(config.*setting.text).empty()) {
    return lines + fmt::format("{}# {}: {}  (the secret is not shown)\n", indent,
                               NameOf(setting.path), Quoted(WithoutPassword(config.*setting.text)));
  }
  return lines +
         fmt::format("{}{}: {}\n", indent, NameOf(setting.path), YamlValue(setting, config));
}

}  // namespace

std::string ConfigYaml(const Config& config) {
  std::string yaml =
      "# The settings of inventory-service, each with what it does and what it may be.\n"
      "# The environment overrides this file: INVENTORY_REDIS_ADDR is redis.addr.\n"
      "# store: auto is redis where a redis setting is given, else mysql where a database setting\n"
      "# is, else embedded. The memory store keeps nothing when the service stops.\n\n";
  for (const Setting& setting : Settings()) {
    if (setting.kind == Kind::kIgnored) continue;
    if (setting.kind == Kind::kSection) {
      yaml += fmt::format("\n# {}\n{}:\n", setting.help, setting.path);
    } else {
      yaml += YamlLines(setting, config);
    }
  }
  return yaml;
}

std::string SettingsHelp() {
  const Config defaults;
  std::string help;
  for (const Setting& setting : Settings()) {
    if (setting.kind == Kind::kIgnored || setting.kind == Kind::kSection) continue;
    help += fmt::format("  {}: {}\n      {}\n", setting.path, YamlValue(setting, defaults),
                        Described(setting));
  }
  return help;
}

std::string WithoutPassword(const std::string& secret) {
  const std::size_t at = secret.rfind('@');
  const std::size_t colon = secret.find(':');
  if (at == secret.npos) return "****";
  if (colon == secret.npos || colon > at) return secret;
  return secret.substr(0, colon + 1) + "****" + secret.substr(at);
}

}  // namespace inventory
