#include "metrics/call_families.h"

#include <string>

#include "metrics/figure_families.h"

namespace inventory {
namespace {

using Label = prometheus::ClientMetric::Label;

prometheus::ClientMetric Counted(std::uint64_t count, std::vector<Label> labels) {
  prometheus::ClientMetric metric;
  metric.label = std::move(labels);
  metric.counter.value = static_cast<double>(count);
  return metric;
}

}  // namespace

std::vector<prometheus::MetricFamily> CallFamilies(const CallStats& stats) {
  prometheus::MetricFamily durations{
      "inventory_call_duration_seconds",
      "from having read a call to answering it, by outcome; fault: there was no answer",
      prometheus::MetricType::Histogram,
      {}};
  for (const CallStats::Calls& calls : stats.ListCalls()) {
    prometheus::ClientMetric metric = ToMetric(calls.duration);
    metric.label = {{"method", std::string(NameOf(calls.call))}, {"outcome", calls.outcome}};
    durations.metric.push_back(std::move(metric));
  }
  prometheus::MetricFamily faults{"inventory_call_faults_total",
                                  "calls that had no answer, by the status they ended with",
                                  prometheus::MetricType::Counter,
                                  {}};
  for (const CallStats::Faults& each : stats.ListFaults()) {
    faults.metric.push_back(
        Counted(each.count, {{"method", std::string(NameOf(each.call))}, {"status", each.status}}));
  }
  prometheus::MetricFamily outcomes{
      "inventory_outcomes_total",
      "what commands came to; an item of a batch is a command, like a call that is one",
      prometheus::MetricType::Counter,
      {}};
  for (const CallStats::Commands& each : stats.ListCommands()) {
    outcomes.metric.push_back(
        Counted(each.count, {{"verb", each.verb}, {"outcome", each.outcome}}));
  }
  return {std::move(durations), std::move(faults), std::move(outcomes)};
}

}  // namespace inventory
