#include "stock/stock_store.h"

namespace inventory {

bool MatchesFilter(const Movement& movement, const MovementQuery& query) {
  return (query.order == 0 || movement.order == query.order) &&
         (!query.type || movement.type == *query.type) &&
         (query.since == 0 || movement.time >= query.since) &&
         (query.until == 0 || movement.time < query.until);
}

}  // namespace inventory
