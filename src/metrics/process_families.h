// What the process is and uses, as metrics. Names that every Prometheus client uses, where there
// are such.
#pragma once

#include <prometheus/metric_family.h>

#include <vector>

#include "api/inventory_api.h"
#include "stock/stock_store.h"

namespace inventory {

// Which build, on which store, and whether it serves.
std::vector<prometheus::MetricFamily> BuildFamilies(const ProcessInfo& process,
                                                    const StoreStatus& store);

// Start, processor time, memory, open files. What /proc does not tell is left out.
std::vector<prometheus::MetricFamily> ProcessFamilies(TimeMs started_at);

}  // namespace inventory
