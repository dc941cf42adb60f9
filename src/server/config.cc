#include "server/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <system_error>

#include "base/utf8.h"

namespace inventory {
namespace {

using Kind = Setting::Kind;

std::vector<Setting> MakeSettings() {
  return {
#define SECTION(name, what) {.kind = Kind::kSection, .path = name, .help = what},
#define INTEGER(field, name, fallback, least, most, measure, what) \
  {.kind = Kind::kInteger,                                         \
   .path = name,                                                   \
   .integer = &Config::field,                                      \
   .min = least,                                                   \
   .max = most,                                                    \
   .unit = measure,                                                \
   .help = what},
#define TEXT(field, name, fallback, what) \
  {.kind = Kind::kText, .path = name, .text = &Config::field, .help = what},
#define SECRET(field, name, fallback, what) \
  {.kind = Kind::kSecret, .path = name, .text = &Config::field, .help = what},
#define CHOICE(field, name, fallback, allowed, what) \
  {.kind = Kind::kChoice, .path = name, .text = &Config::field, .choices = allowed, .help = what},
#define BOOLEAN(field, name, fallback, what) \
  {.kind = Kind::kBoolean, .path = name, .boolean = &Config::field, .help = what},
#define IGNORED(name, why) {.kind = Kind::kIgnored, .path = name, .help = why},
#include "server/config_table.inc"
  };
}

bool AssignInteger(const Setting& setting, std::string_view value, Config& config) {
  // Leading zeros are refused: elsewhere in YAML's history 010 was eight.
  const std::string_view digits = value.substr(value.starts_with('-') ? 1 : 0);
  if (digits.size() > 1 && digits.starts_with('0')) return false;
  std::int64_t number = 0;
  const char* end = value.data() + value.size();
  const auto result = std::from_chars(value.data(), end, number);
  if (result.ec != std::errc() || result.ptr != end) return false;
  if (number < setting.min || number > setting.max) return false;
  config.*setting.integer = number;
  return true;
}

bool MayBeEmpty(const Setting& setting) {
  return setting.kind == Kind::kSecret || (Config().*setting.text).empty();
}

bool AssignText(const Setting& setting, std::string_view value, Config& config) {
  const bool has_control = std::any_of(value.begin(), value.end(),
                                       [](unsigned char c) { return c < 0x20 || c == 0x7F; });
  if (has_control || !IsUtf8(value)) return false;
  if (value.empty() && !MayBeEmpty(setting)) return false;
  config.*setting.text = value;
  return true;
}

bool AssignChoice(const Setting& setting, std::string_view value, Config& config) {
  const std::string choices = fmt::format("|{}|", setting.choices);
  if (value.find('|') != value.npos || choices.find(fmt::format("|{}|", value)) == choices.npos) {
    return false;
  }
  config.*setting.text = value;
  return true;
}

bool AssignBoolean(const Setting& setting, std::string_view value, Config& config) {
  if (value != "true" && value != "false") return false;
  config.*setting.boolean = value == "true";
  return true;
}

const Setting* Find(std::string_view path, bool section) {
  for (const Setting& setting : Settings()) {
    if (setting.path == path && (setting.kind == Kind::kSection) == section) return &setting;
  }
  return nullptr;
}

}  // namespace

const std::vector<Setting>& Settings() {
  static const auto* settings = new std::vector<Setting>(MakeSettings());
  return *settings;
}

const Setting* FindSetting(std::string_view path) { return Find(path, /*section=*/false); }

const Setting* FindSection(std::string_view name) { return Find(name, /*section=*/true); }

std::string EnvironmentName(std::string_view path) {
  std::string name = "INVENTORY_";
  for (const char c : path) {
    name += c == '.' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  }
  return name;
}

std::string Allowed(const Setting& setting) {
  switch (setting.kind) {
    case Kind::kInteger: return "a whole number from " + AllowedShort(setting);
    case Kind::kText:
      return MayBeEmpty(setting) ? "a text without control characters"
                                 : "a text that is not empty, without control characters";
    case Kind::kSecret: return "a text without control characters";
    case Kind::kChoice: return "one of " + AllowedShort(setting);
    case Kind::kBoolean: return AllowedShort(setting);
    case Kind::kSection: return "settings, indented below it";
    case Kind::kIgnored: return "anything";
  }
  return "";
}

std::string AllowedShort(const Setting& setting) {
  if (setting.kind == Kind::kInteger) {
    return fmt::format("{} to {}{}{}", setting.min, setting.max, setting.unit.empty() ? "" : " ",
                       setting.unit);
  }
  if (setting.kind == Kind::kBoolean) return "true or false";
  std::string choices;
  for (const char c : setting.choices) choices += c == '|' ? ", " : std::string(1, c);
  return choices;
}

bool Assign(const Setting& setting, std::string_view value, Config& config) {
  switch (setting.kind) {
    case Kind::kInteger: return AssignInteger(setting, value, config);
    case Kind::kText:
    case Kind::kSecret: return AssignText(setting, value, config);
    case Kind::kChoice: return AssignChoice(setting, value, config);
    case Kind::kBoolean: return AssignBoolean(setting, value, config);
    case Kind::kIgnored: return true;
    case Kind::kSection: return false;
  }
  return false;
}

}  // namespace inventory
