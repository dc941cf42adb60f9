#include "metrics/figure_families.h"

#include <limits>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace inventory {
namespace {

// What Prometheus makes of a unit.
struct Unit {
  std::string suffix;  // of the name
  double factor = 1;
  bool in_name = false;  // the help need not name it
};

Unit UnitOf(const std::string& unit) {
  if (unit == "ms") return {"_seconds", 1e-3, true};
  if (unit == "us") return {"_seconds", 1e-6, true};
  if (unit == "bytes") return {"_bytes", 1, true};
  return {};
}

prometheus::MetricFamily ToFamily(const Figure& figure) {
  const Unit unit = UnitOf(figure.unit);
  const bool is_counter = figure.kind == Figure::Kind::kSinceStart;
  prometheus::MetricFamily family;
  family.name = absl::StrCat("inventory_", figure.name);
  if (!absl::EndsWith(family.name, unit.suffix)) family.name += unit.suffix;
  if (is_counter) family.name += "_total";
  family.help = unit.in_name || figure.unit.empty() ? figure.help
                                                    : absl::StrCat(figure.unit, " ", figure.help);
  family.type = is_counter ? prometheus::MetricType::Counter : prometheus::MetricType::Gauge;
  const double value = static_cast<double>(figure.value) * unit.factor;
  prometheus::ClientMetric metric;
  (is_counter ? metric.counter.value : metric.gauge.value) = value;
  family.metric.push_back(std::move(metric));
  return family;
}

}  // namespace

std::vector<prometheus::MetricFamily> FigureFamilies(const std::vector<Figure>& figures) {
  std::vector<prometheus::MetricFamily> families;
  families.reserve(figures.size());
  for (const Figure& figure : figures) families.push_back(ToFamily(figure));
  return families;
}

std::vector<prometheus::MetricFamily> DistributionFamilies(
    const std::vector<Distribution>& distributions) {
  std::vector<prometheus::MetricFamily> families;
  families.reserve(distributions.size());
  for (const Distribution& distribution : distributions) {
    families.push_back({absl::StrCat("inventory_", distribution.name),
                        distribution.help,
                        prometheus::MetricType::Histogram,
                        {ToMetric(distribution)}});
  }
  return families;
}

prometheus::ClientMetric ToMetric(const Distribution& distribution) {
  prometheus::ClientMetric metric;
  prometheus::ClientMetric::Histogram& histogram = metric.histogram;
  for (std::size_t i = 0; i < distribution.counts.size(); ++i) {
    const bool is_last = i == distribution.bounds.size();
    histogram.sample_count += distribution.counts[i];
    histogram.bucket.push_back(
        {histogram.sample_count,
         is_last ? std::numeric_limits<double>::infinity() : distribution.bounds[i]});
  }
  histogram.sample_sum = distribution.sum;
  return metric;
}

}  // namespace inventory
