// Metric families made of samples, for what is read when Prometheus asks rather than counted.
//
// Thread-safety: pure functions; a MetricSource may be called from any thread.
// Lifetime: what a MetricSource refers to outlives the last RenderMetrics().
//
// Example
//   GaugeFamily("remora_pods", "Pods seen.", {{{{"state", "missing"}}, 3}});
#pragma once

#include <prometheus/metric_family.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace remora {

// A value of one series.
struct Sample {
  std::vector<std::pair<std::string, std::string>> labels;
  double value = 0;
};

using MetricSource = std::function<std::vector<prometheus::MetricFamily>()>;

prometheus::MetricFamily GaugeFamily(std::string name, std::string help,
                                     const std::vector<Sample>& samples);
prometheus::MetricFamily CounterFamily(std::string name, std::string help,
                                       const std::vector<Sample>& samples);

// text/plain; version=0.0.4
std::string RenderMetrics(const std::vector<prometheus::MetricFamily>& families);
// Of all that the sources give.
std::string RenderMetrics(const std::vector<MetricSource>& sources);

}  // namespace remora
