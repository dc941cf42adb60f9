#include "service/service_figures.h"

namespace inventory {

std::vector<Figure> ListFigures(const ServiceFigures& figures) {
  const auto value = [](std::uint64_t number) { return static_cast<std::int64_t>(number); };
  constexpr auto kSinceStart = Figure::Kind::kSinceStart;
  std::vector<Figure> list = {
      {"queue_depth", value(figures.queued), "commands", "waiting for a batch"},
      {"commands", value(figures.commands), "commands", "accepted since the start", kSinceStart},
      {"batches", value(figures.batches), "batches", "handed to the store since the start",
       kSinceStart},
      {"refused_full", value(figures.refused_full), "commands",
       "refused because the queue was full", kSinceStart},
      {"expired", value(figures.expired), "reservations", "that this process asked to expire",
       kSinceStart},
      {"low_stock_warnings", value(figures.low_stock_warnings), "warnings",
       "since the start: a book's stock fell below the threshold", kSinceStart},
      {"watchers", value(figures.watchers), "streams", "open now"},
      {"watchers_cut_off", value(figures.watchers_cut_off), "streams",
       "ended because they were too slow", kSinceStart}};
  if (figures.low_stock_books) {
    list.push_back({"low_stock_books", value(*figures.low_stock_books), "books",
                    "with less available than the warning threshold"});
  }
  return list;
}

}  // namespace inventory
