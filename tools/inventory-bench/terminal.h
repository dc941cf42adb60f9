// A line that shows how a run is going, redrawn in place; nothing where stderr is no terminal.
#pragma once

#include <string_view>

namespace inventory::bench {

class ProgressLine {
 public:
  ProgressLine();
  // Wipes the line.
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  bool enabled() const { return enabled_; }
  void Show(std::string_view text);

 private:
  const bool enabled_;
};

}  // namespace inventory::bench
