// ReflectorFamilies: what Reflectors count, for Prometheus.
//
// Thread-safety: what it returns may be called from any thread.
// Lifetime: reflectors and clock outlive what it returns.
//
// Example
//   metrics.AddSource(ReflectorFamilies({{"sidecars", &reflector}}, clock));
#pragma once

#include <string>
#include <vector>

#include "operator/base/clock.h"
#include "operator/base/metric_family.h"
#include "operator/runtime/reflector.h"

namespace remora::runtime {

struct NamedReflector {
  std::string resource;  // the plural
  const Reflector* reflector;
};
// remora_cache_age_seconds{resource}: since the API server was last heard, infinite if never;
// remora_reflector_{lists,watches,watch_restarts,failures,events}_total{resource}.
MetricSource ReflectorFamilies(std::vector<NamedReflector> reflectors, const Clock& clock);

}  // namespace remora::runtime
