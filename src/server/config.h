// The configuration: the values in force and the table they come from. Plain data, no I/O.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace inventory {

// The values of all settings; one field a row of config_table.inc, with the row's default.
struct Config {
#define SECTION(name, help)
#define INTEGER(field, path, fallback, min, max, unit, help) std::int64_t field = fallback;
#define TEXT(field, path, fallback, help) std::string field = fallback;
#define SECRET(field, path, fallback, help) std::string field = fallback;
#define CHOICE(field, path, fallback, allowed, help) std::string field = fallback;
#define BOOLEAN(field, path, fallback, help) bool field = fallback;
#define IGNORED(path, why)
#include "server/config_table.inc"

  friend bool operator==(const Config&, const Config&) = default;
};

// A row of the table. What a kind does not use is empty.
struct Setting {
  enum class Kind { kSection, kInteger, kText, kSecret, kChoice, kBoolean, kIgnored };
  Kind kind;
  std::string_view path;  // "redis.addr"; of a section its name
  std::int64_t Config::*integer = nullptr;
  std::string Config::*text = nullptr;
  bool Config::*boolean = nullptr;
  std::int64_t min = 0;
  std::int64_t max = 0;
  std::string_view choices;  // "a|b|c"
  std::string_view unit;     // may be empty
  std::string_view help;     // of an ignored setting: why
};

// The table, in the order it is shown; sections stand before their settings.
const std::vector<Setting>& Settings();

// The setting, ignored ones included, or the section of this name. Null: there is none.
const Setting* FindSetting(std::string_view path);
const Setting* FindSection(std::string_view name);

// "INVENTORY_REDIS_ADDR" for "redis.addr".
std::string EnvironmentName(std::string_view path);

// What a value may be: in full for refusals, "a whole number from 0 to 65535"; in short for lists,
// "0 to 65535", nothing for a text.
std::string Allowed(const Setting& setting);
std::string AllowedShort(const Setting& setting);

// Gives the setting the value written so. False: it is none of the allowed.
bool Assign(const Setting& setting, std::string_view value, Config& config);

}  // namespace inventory
