#include "metrics/process_families.h"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>
#include <utility>

namespace inventory {
namespace {

using prometheus::MetricFamily;

MetricFamily One(std::string name, std::string help, double value,
                 prometheus::MetricType type = prometheus::MetricType::Gauge) {
  prometheus::ClientMetric metric;
  (type == prometheus::MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
  return {std::move(name), std::move(help), type, {std::move(metric)}};
}

double Seconds(const timeval& time) {
  constexpr double kUsPerSecond = 1e6;
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / kUsPerSecond;
}

}  // namespace

std::vector<MetricFamily> BuildFamilies(const ProcessInfo& process, const StoreStatus& store) {
  MetricFamily build =
      One("inventory_build_info", "1; which build this is, and which store it has", 1);
  build.metric.front().label = {
      {"version", process.version}, {"commit", process.commit}, {"store", store.name}};
  return {std::move(build),
          One("inventory_serving", "1: the store serves; 0: it does not, GetStatus says why",
              store.health.ok() ? 1 : 0)};
}

std::vector<MetricFamily> ProcessFamilies(TimeMs started_at) {
  constexpr double kMsPerSecond = 1'000;
  std::vector<MetricFamily> families;
  families.push_back(One("process_start_time_seconds", "when the process started, Unix time",
                         static_cast<double>(started_at) / kMsPerSecond));
  rusage used{};
  if (getrusage(RUSAGE_SELF, &used) == 0) {
    families.push_back(One("process_cpu_seconds_total", "processor time, of user and system",
                           Seconds(used.ru_utime) + Seconds(used.ru_stime),
                           prometheus::MetricType::Counter));
  }
  std::ifstream statm("/proc/self/statm");
  if (double total = 0, resident = 0; statm >> total >> resident) {
    families.push_back(One("process_resident_memory_bytes", "memory that is in RAM",
                           resident * static_cast<double>(sysconf(_SC_PAGESIZE))));
  }
  std::error_code error;
  const std::filesystem::directory_iterator open_files("/proc/self/fd", error);
  if (!error) {
    families.push_back(One("process_open_fds", "open files and connections",
                           static_cast<double>(std::distance(
                               begin(open_files), std::filesystem::directory_iterator()))));
  }
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    families.push_back(
        One("process_max_fds", "how many may be open", static_cast<double>(limit.rlim_cur)));
  }
  return families;
}

}  // namespace inventory
