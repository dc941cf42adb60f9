// Figures and distributions of the service and its store, as metrics.
#pragma once

#include <prometheus/metric_family.h>

#include <vector>

#include "telemetry/figure.h"

namespace inventory {

// "inventory_", the figure's name, what Prometheus wants of a name ("_total", "_seconds"), and the
// value in that unit.
std::vector<prometheus::MetricFamily> FigureFamilies(const std::vector<Figure>& figures);
std::vector<prometheus::MetricFamily> DistributionFamilies(
    const std::vector<Distribution>& distributions);

// A histogram without labels.
prometheus::ClientMetric ToMetric(const Distribution& distribution);

}  // namespace inventory
