#include "console/console_files.h"

#include <cstdint>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace inventory {
namespace {

constexpr std::string_view kPage = "index.html";

const std::vector<ConsoleFile>& Files() {
// Longer than the standard asks a compiler to take; ours do.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverlength-strings"
  static const auto* files = new std::vector<ConsoleFile>{
#include "console_files.inc"
  };
#pragma GCC diagnostic pop
  return *files;
}

const ConsoleFile* Find(std::string_view name) {
  for (const ConsoleFile& file : Files()) {
    if (file.name == name) return &file;
  }
  return nullptr;
}

// FNV-1a: it tells builds apart, nobody has to trust it.
std::string HashOfAll() {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const ConsoleFile& file : Files()) {
    for (const std::string_view part : {file.name, file.text}) {
      for (const char c : part) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    }
  }
  return absl::StrCat(absl::Hex(hash, absl::kZeroPad16));
}

}  // namespace

const std::string& ConsoleVersion() {
  static const auto* version = new std::string(HashOfAll());
  return *version;
}

const std::string& ConsolePage() {
  static const auto* page = new std::string(
      absl::StrReplaceAll(absl::string_view(Find(kPage)->text.data(), Find(kPage)->text.size()),
                          {{"{{version}}", ConsoleVersion()}}));
  return *page;
}

const ConsoleFile* FindConsoleFile(std::string_view name) {
  return name == kPage ? nullptr : Find(name);
}

}  // namespace inventory
