#include "operator/base/metric_family.h"

#include <prometheus/text_serializer.h>

#include <sstream>

namespace remora {

namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;

MetricFamily FamilyOf(MetricFamily family, const std::vector<Sample>& samples) {
  for (const Sample& sample : samples) {
    prometheus::ClientMetric& metric = family.metric.emplace_back();
    for (const auto& [name, value] : sample.labels) metric.label.push_back({name, value});
    metric.counter.value = sample.value;
    metric.gauge.value = sample.value;
  }
  return family;
}

}  // namespace

MetricFamily GaugeFamily(std::string name, std::string help, const std::vector<Sample>& samples) {
  return FamilyOf({std::move(name), std::move(help), MetricType::Gauge, {}}, samples);
}

MetricFamily CounterFamily(std::string name, std::string help, const std::vector<Sample>& samples) {
  return FamilyOf({std::move(name), std::move(help), MetricType::Counter, {}}, samples);
}

std::string RenderMetrics(const std::vector<MetricFamily>& families) {
  std::ostringstream text;
  prometheus::TextSerializer().Serialize(text, families);
  return std::move(text).str();
}

std::string RenderMetrics(const std::vector<MetricSource>& sources) {
  std::vector<MetricFamily> families;
  for (const MetricSource& source : sources) {
    for (MetricFamily& family : source()) families.push_back(std::move(family));
  }
  return RenderMetrics(families);
}

}  // namespace remora
