#include "webhook/metric_sources.h"

#include <array>
#include <chrono>
#include <utility>

namespace remora::webhook {

namespace {

using prometheus::MetricFamily;
using Seconds = std::chrono::duration<double>;

}  // namespace

Metrics::Source PatternFamilies(const PatternSource& patterns) {
  return [&patterns]() -> std::vector<MetricFamily> {
    const auto index = patterns.Current();
    if (!index) return {};
    std::array<std::array<int, 2>, api::kPatternKindCount> counts = {};
    for (const auto& pattern : index->all()) {
      ++counts[static_cast<std::size_t>(pattern->kind)][pattern->refusal ? 0 : 1];
    }
    std::vector<Sample> samples;
    for (std::size_t kind = 0; kind < counts.size(); ++kind) {
      const std::string name(PatternKindName(static_cast<api::PatternKind>(kind)));
      samples.push_back(
          {{{"kind", name}, {"accepted", "true"}}, static_cast<double>(counts[kind][1])});
      samples.push_back(
          {{{"kind", name}, {"accepted", "false"}}, static_cast<double>(counts[kind][0])});
    }
    return {GaugeFamily("remora_patterns", "Patterns read, by whether they can be used.", samples)};
  };
}

Metrics::Source CertificateFamilies(const TlsCertificate& certificate, const Clock& clock) {
  return [&certificate, &clock]() -> std::vector<MetricFamily> {
    const Seconds left = certificate.not_after() - clock.WallNow();
    return {GaugeFamily("remora_certificate_expiry_seconds",
                        "Seconds until the certificate expires.",
                        {{{{"certificate", "webhook"}}, left.count()}})};
  };
}

}  // namespace remora::webhook
