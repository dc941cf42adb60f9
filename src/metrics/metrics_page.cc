#include "metrics/metrics_page.h"

#include <prometheus/text_serializer.h>

#include <iterator>
#include <utility>
#include <vector>

#include "metrics/access_families.h"
#include "metrics/call_families.h"
#include "metrics/figure_families.h"
#include "metrics/process_families.h"

namespace inventory {

std::string MetricsPage::Text() const {
  const StoreStatus store = service_.store().Status();
  std::vector<prometheus::MetricFamily> families;
  const auto add = [&families](std::vector<prometheus::MetricFamily> more) {
    families.insert(families.end(), std::make_move_iterator(more.begin()),
                    std::make_move_iterator(more.end()));
  };
  add(BuildFamilies(api_.process(), store));
  add(CallFamilies(api_.stats()));
  add(AccessFamilies(access_.Figures()));
  add(FigureFamilies(ListFigures(service_.Figures())));
  add(DistributionFamilies(service_.Distributions()));
  add(FigureFamilies(store.figures));
  add(DistributionFamilies(store.distributions));
  add(ProcessFamilies(api_.process().started_at));
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace inventory
