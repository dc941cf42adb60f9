// A moving line for people who wait.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "tools/inventoryctl/session.h"

namespace inventory {

// "exported 150000 facts", moved on every `step` of them; nothing where nobody watches.
class ProgressLine {
 public:
  ProgressLine(Session& session, std::string doing, std::string unit, std::uint64_t step)
      : session_(session),
        doing_(std::move(doing)),
        unit_(std::move(unit)),
        step_(step),
        next_(step) {}
  ~ProgressLine() { EndLine(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void Show(std::uint64_t count) {
    if (!session_.streams().progress || count < next_) return;
    next_ = count + step_;
    shown_ = true;
    session_.streams().err << '\r' << doing_ << ' ' << count << ' ' << unit_ << std::flush;
  }

  // Before something else is written.
  void EndLine() {
    if (shown_) session_.streams().err << std::endl;
    shown_ = false;
  }

 private:
  Session& session_;
  const std::string doing_;
  const std::string unit_;
  const std::uint64_t step_;
  std::uint64_t next_;
  bool shown_ = false;
};

}  // namespace inventory
