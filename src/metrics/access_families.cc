#include "metrics/access_families.h"

#include <utility>

namespace inventory {

std::vector<prometheus::MetricFamily> AccessFamilies(const AccessFigures& figures) {
  prometheus::MetricFamily refused{"inventory_access_refused_total",
                                   "attempts that were refused, by why",
                                   prometheus::MetricType::Counter,
                                   {}};
  // All of them from the start on: the first refusal is news.
  for (const auto& [reason, count] :
       {std::pair("no_token", figures.no_token), std::pair("unknown_token", figures.unknown_token),
        std::pair("wrong_role", figures.wrong_role),
        std::pair("token_in_url", figures.token_in_url),
        std::pair("foreign_page", figures.foreign_page)}) {
    prometheus::ClientMetric metric;
    metric.label = {{"reason", reason}};
    metric.counter.value = static_cast<double>(count);
    refused.metric.push_back(std::move(metric));
  }
  return {std::move(refused)};
}

}  // namespace inventory
