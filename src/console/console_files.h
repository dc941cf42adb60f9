// The console, a web page for the operator and the engineer on call, as files in the binary. What
// they do stands in assets/; here they are only kept.
#pragma once

#include <string>
#include <string_view>

namespace inventory {

struct ConsoleFile {
  std::string_view name;  // "views/stock.js"
  std::string_view text;  // UTF-8
};

// All of this is safe for concurrent use, and lives as long as the process.

// The page itself. It names the other files as /console/<version>/<name>.
const std::string& ConsolePage();

// Another one whenever any file is another: what was fetched under it may be kept for ever. It is
// made of letters and digits.
const std::string& ConsoleVersion();

// Null: there is no such file. The page is none of them.
const ConsoleFile* FindConsoleFile(std::string_view name);

}  // namespace inventory
