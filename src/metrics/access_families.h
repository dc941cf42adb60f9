// Who was refused, as metrics.
#pragma once

#include <prometheus/metric_family.h>

#include <vector>

#include "access/access.h"

namespace inventory {

std::vector<prometheus::MetricFamily> AccessFamilies(const AccessFigures& figures);

}  // namespace inventory
