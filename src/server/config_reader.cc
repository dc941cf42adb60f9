#include "server/config_reader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <map>
#include <numeric>
#include <optional>
#include <sstream>
#include <system_error>

#include "base/small_file.h"
#include "mysql/dsn.h"
#include "server/reach.h"

namespace inventory {
namespace {

using Kind = Setting::Kind;

constexpr std::size_t kMaxShown = 60;  // bytes of a foreign value in a message
constexpr std::string_view kPrefix = "INVENTORY_";
// Where inventoryctl finds the service, and what it shows: often set in the same shell.
constexpr std::string_view kToolsVariables[] = {"INVENTORY_SERVER", "INVENTORY_TOKEN",
                                                "INVENTORY_TOKEN_FILE", "INVENTORY_TLS_CA"};

// How many letters must be typed, removed or changed to make `b` of `a`.
std::size_t Distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0u);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, changed});
    }
  }
  return row.back();
}

// " (did you mean redis.addr?)", or nothing where no candidate is near.
std::string DidYouMean(std::string_view name, const std::vector<std::string>& candidates) {
  if (name.size() > kMaxShown) return "";
  const std::string* best = nullptr;
  std::size_t best_distance = std::max<std::size_t>(2, name.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    // A setting named without its section is as near as can be.
    const std::size_t distance =
        candidate.ends_with(fmt::format(".{}", name)) ? 0 : Distance(name, candidate);
    if (distance < best_distance) {
      best = &candidate;
      best_distance = distance;
    }
  }
  return best == nullptr ? "" : fmt::format(" (did you mean {}?)", *best);
}

// A foreign text in a message: quoted, on one line, and not too long.
std::string Shown(std::string_view text) {
  std::string shown = "\"";
  for (const char c : text.substr(0, kMaxShown)) {
    shown += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? '?' : c;
  }
  return shown + (text.size() > kMaxShown ? "…\"" : "\"");
}

// Sees nothing but where a document starts.
class DocumentStart : public YAML::EventHandler {
 public:
  const YAML::Mark& mark() const { return mark_; }

  void OnDocumentStart(const YAML::Mark& mark) override { mark_ = mark; }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t,
                const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {}
  void OnMapEnd() override {}

 private:
  YAML::Mark mark_;
};

// Where a second document begins, if one does; whatever follows the first counts as one. Not
// YAML::LoadAll, which never ends on some bytes after the first document (0.7.0, "&a {b: ~}c").
std::optional<YAML::Mark> SecondDocument(const std::string& yaml) {
  std::istringstream stream(yaml);
  YAML::Parser parser(stream);
  DocumentStart start;
  if (parser.HandleNextDocument(start) && parser.HandleNextDocument(start)) return start.mark();
  return std::nullopt;
}

// Collects what one source after another gives; faults do not stop it, so that all are reported.
class Loader {
 public:
  explicit Loader(const ConfigSource& source) : source_(source) {}

  absl::StatusOr<LoadedConfig> Load() {
    ReadYaml();
    ReadEnvironment();
    if (faults_.empty()) ResolveStore();
    loaded_.http_port_given = given_.contains("http.port");
    if (faults_.empty()) CheckReach();
    if (!faults_.empty()) {
      return absl::InvalidArgumentError(fmt::format("{}", fmt::join(faults_, "\n")));
    }
    return std::move(loaded_);
  }

 private:
  // "config.yaml:3"
  std::string At(const YAML::Mark& mark) const {
    return fmt::format("{}:{}", source_.file, mark.line + 1);
  }

  void ReadYaml();
  void ReadTop(const YAML::Node& key, const YAML::Node& value);
  void ReadSection(const Setting& section, const YAML::Mark& mark, const YAML::Node& node);
  void ReadSetting(std::string_view path, const YAML::Mark& mark, const YAML::Node& node);
  bool IsFirst(const std::string& path, const YAML::Mark& mark);
  void RefuseUnknown(std::string_view path, const YAML::Mark& mark);
  void ReadEnvironment();
  void Give(const Setting& setting, std::string_view value, const std::string& place);
  void Refuse(const Setting& setting, const std::string& found, const std::string& place);
  void ResolveStore();
  void CheckDatabaseIsNamed();
  void CheckReach();
  const std::string* GivenBelow(std::string_view section) const;

  const ConfigSource& source_;
  LoadedConfig loaded_;
  std::vector<std::string> faults_;
  std::map<std::string, std::string, std::less<>> seen_;   // in the file: path or section, place
  std::map<std::string, std::string, std::less<>> given_;  // settings given anywhere: path, place
};

void Loader::ReadYaml() {
  try {
    if (const std::optional<YAML::Mark> second = SecondDocument(source_.yaml)) {
      faults_.push_back(
          fmt::format("{}: a second YAML document begins here; keep one", At(*second)));
      return;
    }
    const YAML::Node document = YAML::Load(source_.yaml);
    if (document.IsNull()) return;
    if (!document.IsMap()) {
      faults_.push_back(
          fmt::format("{}: no settings here; write them as section, colon, and indented below it "
                      "name: value",
                      At(document.Mark())));
      return;
    }
    for (const auto& entry : document) ReadTop(entry.first, entry.second);
  } catch (const YAML::Exception& error) {
    faults_.push_back(fmt::format("{}: not YAML: {}", At(error.mark), error.msg));
  }
}

void Loader::ReadTop(const YAML::Node& key, const YAML::Node& value) {
  const std::string name = key.IsScalar() ? key.Scalar() : "";
  if (!IsFirst(name, key.Mark())) return;
  if (const Setting* section = FindSection(name)) {
    ReadSection(*section, key.Mark(), value);
  } else if (name.find('.') == name.npos) {
    ReadSetting(name, key.Mark(), value);
  } else {
    RefuseUnknown(name, key.Mark());
  }
}

void Loader::ReadSection(const Setting& section, const YAML::Mark& mark, const YAML::Node& node) {
  if (node.IsNull()) return;  // all of it is commented out
  if (!node.IsMap()) {
    Refuse(section, node.IsScalar() ? Shown(node.Scalar()) : "a list", At(mark));
    return;
  }
  for (const auto& entry : node) {
    const std::string name = entry.first.IsScalar() ? entry.first.Scalar() : "";
    const std::string path = fmt::format("{}.{}", section.path, name);
    if (IsFirst(path, entry.first.Mark())) ReadSetting(path, entry.first.Mark(), entry.second);
  }
}

bool Loader::IsFirst(const std::string& path, const YAML::Mark& mark) {
  const auto [place, is_first] = seen_.emplace(path, At(mark));
  if (!is_first) {
    faults_.push_back(fmt::format("{}: {} stands here a second time, after {}; remove one",
                                  At(mark), Shown(path), place->second));
  }
  return is_first;
}

void Loader::ReadSetting(std::string_view path, const YAML::Mark& mark, const YAML::Node& node) {
  const Setting* setting = FindSetting(path);
  if (setting == nullptr) {
    RefuseUnknown(path, mark);
    return;
  }
  if (!node.IsScalar()) {
    Refuse(*setting, node.IsNull() ? "nothing" : node.IsMap() ? "a section" : "a list", At(mark));
    return;
  }
  // yaml-cpp marks a plain scalar with the tag "?". A number in quotes is a text.
  const bool takes_quotes = setting->text != nullptr || setting->kind == Kind::kIgnored;
  if (node.Tag() != "?" && !takes_quotes) {
    Refuse(*setting, fmt::format("the text {}", Shown(node.Scalar())), At(mark));
    return;
  }
  Give(*setting, node.Scalar(), At(mark));
}

void Loader::RefuseUnknown(std::string_view path, const YAML::Mark& mark) {
  std::string advice;
  if (FindSetting(path) != nullptr) {
    advice = " as one word; write the section on a line of its own and the rest indented below it";
  } else {
    std::vector<std::string> candidates;
    for (const Setting& setting : Settings()) candidates.emplace_back(setting.path);
    advice = DidYouMean(path, candidates) + "; --help lists the settings";
  }
  faults_.push_back(fmt::format("{}: there is no setting {}{}", At(mark), Shown(path), advice));
}

void Loader::ReadEnvironment() {
  std::map<std::string, const Setting*, std::less<>> by_name;
  std::vector<std::string> names;
  for (const Setting& setting : Settings()) {
    if (setting.kind == Kind::kSection) continue;
    by_name.emplace(EnvironmentName(setting.path), &setting);
    names.push_back(EnvironmentName(setting.path));
  }
  for (const std::string& variable : source_.environment) {
    const std::size_t equals = variable.find('=');
    if (!variable.starts_with(kPrefix) || equals == variable.npos) continue;
    const std::string name = variable.substr(0, equals);
    if (std::count(std::begin(kToolsVariables), std::end(kToolsVariables), name) > 0) continue;
    const auto found = by_name.find(name);
    if (found == by_name.end()) {
      loaded_.warnings.push_back(fmt::format("environment: {} is no setting and has no effect{}",
                                             name, DidYouMean(name, names)));
    } else {
      Give(*found->second, std::string_view(variable).substr(equals + 1), name);
    }
  }
}

// `place` is where the value stands: "config.yaml:3" or a variable's name.
void Loader::Give(const Setting& setting, std::string_view value, const std::string& place) {
  given_[std::string(setting.path)] = place;
  if (setting.kind == Kind::kIgnored) {
    loaded_.warnings.push_back(
        fmt::format("{}: {} has no effect: {}", place, setting.path, setting.help));
  } else if (!Assign(setting, value, loaded_.config)) {
    Refuse(setting, setting.kind == Kind::kSecret ? "a text (not shown)" : Shown(value), place);
  } else if (setting.text == &Config::database_dsn && !value.empty()) {
    const absl::Status parsed = ParseDsn(value).status();  // its text never holds the password
    if (!parsed.ok()) {
      faults_.push_back(
          fmt::format("{}: {}: {}", place, setting.path, std::string(parsed.message())));
    }
  }
}

void Loader::Refuse(const Setting& setting, const std::string& found, const std::string& place) {
  faults_.push_back(
      fmt::format("{}: {}: found {}; allowed: {}", place, setting.path, found, Allowed(setting)));
}

void Loader::ResolveStore() {
  std::string& store = loaded_.config.store;
  if (store != "auto") {
    loaded_.store_reason = fmt::format("store is set in {}", given_.find("store")->second);
  } else if (const std::string* redis = GivenBelow("redis.")) {
    store = "redis";
    loaded_.store_reason =
        fmt::format("store is not set, and there are redis settings: {}", *redis);
  } else if (const std::string* database = GivenBelow("database.")) {
    store = "mysql";
    loaded_.store_reason =
        fmt::format("store is not set, and there are database settings: {}", *database);
  } else {
    store = "embedded";
    loaded_.store_reason = "the default: neither store nor redis nor database settings are given";
  }
  if (store == "mysql") CheckDatabaseIsNamed();
}

void Loader::CheckDatabaseIsNamed() {
  if (!loaded_.config.database_dsn.empty()) return;
  const auto empty = given_.find("database.dsn");
  const auto chosen = given_.find("store");
  const std::string& place = empty != given_.end()    ? empty->second
                             : chosen != given_.end() ? chosen->second
                                                      : *GivenBelow("database.");
  faults_.push_back(
      fmt::format("{}: database.dsn: found nothing, and the mysql store needs it; allowed: "
                  "user:password@tcp(host:3306)/database",
                  place));
}

void Loader::CheckReach() {
  const absl::Status reach = DecideReach(loaded_.config).status();
  if (!reach.ok()) faults_.emplace_back(reach.message());
}

// Where the first setting of a section was given; null: none was.
const std::string* Loader::GivenBelow(std::string_view section) const {
  const auto first = given_.lower_bound(section);
  if (first == given_.end() || !first->first.starts_with(section)) return nullptr;
  return &first->second;
}

}  // namespace

absl::StatusOr<LoadedConfig> LoadConfig(const ConfigSource& source) {
  return Loader(source).Load();
}

absl::StatusOr<std::string> ReadConfigFile(const std::string& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) {
    return absl::InvalidArgumentError(fmt::format("{}: is a folder; name a file", path));
  }
  absl::StatusOr<std::string> text = ReadSmallFile(path, kMaxConfigBytes);
  if (text.ok()) return text;
  const std::string why(text.status().message());
  if (absl::IsOutOfRange(text.status())) {
    return absl::InvalidArgumentError(fmt::format("{}: {}; is it a configuration?", path, why));
  }
  return absl::NotFoundError(fmt::format("{}: {}; name another file with --config", path, why));
}

}  // namespace inventory
