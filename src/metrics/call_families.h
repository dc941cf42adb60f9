// How calls were answered, as metrics.
#pragma once

#include <prometheus/metric_family.h>

#include <vector>

#include "api/call_stats.h"

namespace inventory {

std::vector<prometheus::MetricFamily> CallFamilies(const CallStats& stats);

}  // namespace inventory
