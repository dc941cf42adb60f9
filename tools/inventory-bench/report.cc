#include "tools/inventory-bench/report.h"

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

namespace inventory::bench {
namespace {

struct Quantile {
  const char* name;
  double fraction;
};
constexpr Quantile kQuantiles[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}};

double Seconds(std::chrono::nanoseconds duration) {
  return std::chrono::duration<double>(duration).count();
}

double PerSecond(std::uint64_t count, std::chrono::nanoseconds time) {
  return time.count() == 0 ? 0 : static_cast<double>(count) / Seconds(time);
}

// The client's own cost, in µs an item.
double ClientCpu(const LoadResult& result) {
  return result.items == 0
             ? 0
             : static_cast<double>(result.client_cpu.count()) / static_cast<double>(result.items);
}

std::string Quoted(const std::string& text) {
  return absl::StrCat("\"", absl::Utf8SafeCEscape(text), "\"");
}

}  // namespace

std::string Grouped(std::uint64_t number) {
  std::string digits = absl::StrCat(number);
  for (std::size_t end = digits.size(); end > 3;) {
    end -= 3;
    digits.insert(end, 1, ',');
  }
  return digits;
}

std::string ToText(std::chrono::nanoseconds duration) {
  const double nanos = static_cast<double>(duration.count());
  if (nanos < 1e3) return absl::StrFormat("%.0f ns", nanos);
  if (nanos < 1e6) return absl::StrFormat("%.3g µs", nanos / 1e3);
  if (nanos < 1e9) return absl::StrFormat("%.3g ms", nanos / 1e6);
  return absl::StrFormat("%.2f s", nanos / 1e9);
}

std::string ToTable(const LoadReport& report) {
  const LoadResult& result = report.result;
  const auto row = [](const char* name, const std::string& value) {
    return absl::StrFormat("  %-14s %s\n", name, value);
  };
  const auto rated = [&](std::uint64_t count) {
    return absl::StrFormat("%14s  %13s /s", Grouped(count),
                           Grouped(static_cast<std::uint64_t>(PerSecond(count, result.time))));
  };
  std::string out = absl::StrFormat("%s, %.1f s\n\n", report.what, Seconds(result.time));
  out += row(report.item.c_str(), rated(result.items));
  if (result.items != result.calls) out += row("calls", rated(result.calls));
  out += row("latency", absl::StrJoin(kQuantiles, "   ", [&](std::string* text, Quantile q) {
                          absl::StrAppend(text, q.name, " ",
                                          ToText(result.latency.Percentile(q.fraction)));
                        }) + absl::StrCat("   max ", ToText(result.latency.max())));
  out += row("client CPU", absl::StrFormat("%.3g µs each", ClientCpu(result)));
  out += row("whole run", absl::StrCat("code 0: ", Grouped(result.tally.ok_items())));
  for (const auto& [code, count] : result.tally.refused()) {
    out += row("", absl::StrCat("code ", code, ": ", Grouped(count)));
  }
  out += row(
      "", absl::StrCat("gRPC OK: ", Grouped(result.tally.calls() - result.tally.failed_calls())));
  for (const auto& [status, count] : result.tally.failed()) {
    out += row("", absl::StrCat("gRPC ", Name(status), ": ", Grouped(count)));
  }
  if (result.tally.unreadable() != 0) {
    out += row("unreadable", Grouped(result.tally.unreadable()));
  }
  if (!result.tally.first_error().empty()) out += row("first error", result.tally.first_error());
  for (const std::string& fault : report.faults) out += row("FAIL", fault);
  out += row(report.Passed() ? "PASS" : "FAIL",
             report.Passed() ? "every answer was as it must be" : "see above");
  return out;
}

std::string ToJson(const LoadReport& report) {
  const LoadResult& result = report.result;
  std::string out = "{\n";
  const auto field = [&out](const std::string& name, const auto& value) {
    absl::StrAppend(&out, "  ", Quoted(name), ": ", value, ",\n");
  };
  field("what", Quoted(report.what));
  field("seconds", Seconds(result.time));
  field("items", result.items);
  field("items_per_second", PerSecond(result.items, result.time));
  field("calls", result.calls);
  field("calls_per_second", PerSecond(result.calls, result.time));
  field("rate_asked", report.rate);
  for (const Quantile& q : kQuantiles) {
    field(absl::StrCat("latency_", q.name, "_ns"), result.latency.Percentile(q.fraction).count());
  }
  field("latency_max_ns", result.latency.max().count());
  field("client_cpu_us_per_item", ClientCpu(result));
  std::vector<std::string> codes = {absl::StrCat("\"0\": ", result.tally.ok_items())};
  for (const auto& [code, count] : result.tally.refused()) {
    codes.push_back(absl::StrCat("\"", code, "\": ", count));
  }
  field("codes", absl::StrCat("{", absl::StrJoin(codes, ", "), "}"));
  std::vector<std::string> statuses = {
      absl::StrCat("\"OK\": ", result.tally.calls() - result.tally.failed_calls())};
  for (const auto& [status, count] : result.tally.failed()) {
    statuses.push_back(absl::StrCat(Quoted(Name(status)), ": ", count));
  }
  field("grpc", absl::StrCat("{", absl::StrJoin(statuses, ", "), "}"));
  field("unreadable", result.tally.unreadable());
  field("first_error", Quoted(result.tally.first_error()));
  std::vector<std::string> faults;
  for (const std::string& fault : report.faults) faults.push_back(Quoted(fault));
  field("faults", absl::StrCat("[", absl::StrJoin(faults, ", "), "]"));
  absl::StrAppend(&out, "  \"passed\": ", report.Passed() ? "true" : "false", "\n}\n");
  return out;
}

}  // namespace inventory::bench
