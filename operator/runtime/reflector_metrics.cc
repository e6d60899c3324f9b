#include "operator/runtime/reflector_metrics.h"

#include <array>
#include <chrono>
#include <cstdint>
#include <limits>
#include <utility>

namespace remora::runtime {

namespace {

using prometheus::MetricFamily;
using Seconds = std::chrono::duration<double>;

struct ReflectorCounter {
  const char* name;
  const char* help;
  std::uint64_t ReflectorMetrics::*value;
};
constexpr std::array<ReflectorCounter, 5> kReflectorCounters = {{
    {"remora_reflector_lists_total", "Lists begun.", &ReflectorMetrics::lists},
    {"remora_reflector_watches_total", "Watches opened.", &ReflectorMetrics::watches},
    {"remora_reflector_watch_restarts_total", "Watches opened again after an end or a cut.",
     &ReflectorMetrics::restarts},
    {"remora_reflector_failures_total", "Failed calls and cut watches.",
     &ReflectorMetrics::failures},
    {"remora_reflector_events_total", "Events applied.", &ReflectorMetrics::events},
}};

double CacheAge(const ReflectorMetrics& metrics, const Clock& clock) {
  if (metrics.last_contact == Clock::WallTimePoint{}) {
    return std::numeric_limits<double>::infinity();
  }
  return Seconds(clock.WallNow() - metrics.last_contact).count();
}

}  // namespace

MetricSource ReflectorFamilies(std::vector<NamedReflector> reflectors, const Clock& clock) {
  return [reflectors = std::move(reflectors), &clock] {
    std::vector<Sample> ages;
    std::array<std::vector<Sample>, kReflectorCounters.size()> counts;
    for (const auto& [resource, reflector] : reflectors) {
      const ReflectorMetrics metrics = reflector->metrics();
      ages.push_back({{{"resource", resource}}, CacheAge(metrics, clock)});
      for (std::size_t i = 0; i < counts.size(); ++i) {
        counts[i].push_back(
            {{{"resource", resource}}, static_cast<double>(metrics.*kReflectorCounters[i].value)});
      }
    }
    std::vector<MetricFamily> families{GaugeFamily(
        "remora_cache_age_seconds", "Seconds since the API server was last heard.", ages)};
    for (std::size_t i = 0; i < counts.size(); ++i) {
      families.push_back(
          CounterFamily(kReflectorCounters[i].name, kReflectorCounters[i].help, counts[i]));
    }
    return families;
  };
}

}  // namespace remora::runtime
