#include "webhook/metrics.h"

#include <limits>

namespace remora::webhook {

namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

constexpr std::array<const char*, kEntryCount> kEntryNames = {"named", "automatic", "patterns",
                                                              "workloads"};
constexpr std::array<const char*, kAdmissionVerdictCount> kVerdictNames = {"unchanged", "patched",
                                                                           "denied", "error"};
// 50 µs is about what an ordinary admission costs; 16 doublings reach 1.6 s.
constexpr std::chrono::nanoseconds kFirstBucket = std::chrono::microseconds(50);
constexpr double kNanosecondsInSecond = 1e9;

MetricFamily Family(std::string name, std::string help, MetricType type) {
  return {std::move(name), std::move(help), type, {}};
}

double Value(const std::atomic<std::uint64_t>& counter) {
  return static_cast<double>(counter.load(std::memory_order_relaxed));
}

void Increment(std::atomic<std::uint64_t>& counter, std::uint64_t by = 1) {
  counter.fetch_add(by, std::memory_order_relaxed);
}

}  // namespace

void Metrics::CountAdmission(Entry entry, AdmissionVerdict verdict,
                             std::chrono::nanoseconds duration) {
  const auto at = static_cast<std::size_t>(entry);
  Increment(requests_[at][static_cast<std::size_t>(verdict)]);
  std::size_t bucket = 0;
  for (auto bound = kFirstBucket; bucket < kBuckets && duration > bound; bound *= 2) ++bucket;
  Increment(durations_[at].counts[bucket]);
  Increment(durations_[at].sum_ns, static_cast<std::uint64_t>(duration.count()));
}

void Metrics::CountDecision(api::PatternKind kind, api::Reason reason) {
  Count(static_cast<std::size_t>(kind), reason);
}

void Metrics::CountRefusal(api::Reason reason) { Count(kKinds - 1, reason); }

void Metrics::Count(std::size_t kind, api::Reason reason) {
  Increment(decisions_[kind][static_cast<std::size_t>(reason)]);
}

MetricFamily Metrics::Requests() const {
  std::vector<Sample> samples;
  for (std::size_t entry = 0; entry < kEntryCount; ++entry) {
    for (std::size_t verdict = 0; verdict < kAdmissionVerdictCount; ++verdict) {
      samples.push_back({{{"webhook", kEntryNames[entry]}, {"verdict", kVerdictNames[verdict]}},
                         Value(requests_[entry][verdict])});
    }
  }
  return CounterFamily("remora_admission_requests_total", "Admission requests answered.", samples);
}

MetricFamily Metrics::Durations() const {
  MetricFamily family = Family("remora_admission_duration_seconds",
                               "Time from the whole request to its answer.", MetricType::Histogram);
  for (std::size_t entry = 0; entry < kEntryCount; ++entry) {
    const Histogram& histogram = durations_[entry];
    ClientMetric& metric = family.metric.emplace_back();
    metric.label.push_back({"webhook", kEntryNames[entry]});
    std::uint64_t cumulative = 0;
    auto bound = kFirstBucket;
    for (std::size_t bucket = 0; bucket <= kBuckets; ++bucket, bound *= 2) {
      cumulative += histogram.counts[bucket].load(std::memory_order_relaxed);
      const double seconds = bucket < kBuckets
                                 ? static_cast<double>(bound.count()) / kNanosecondsInSecond
                                 : std::numeric_limits<double>::infinity();
      metric.histogram.bucket.push_back({cumulative, seconds});
    }
    metric.histogram.sample_count = cumulative;
    metric.histogram.sample_sum = Value(histogram.sum_ns) / kNanosecondsInSecond;
  }
  return family;
}

MetricFamily Metrics::Decisions() const {
  std::vector<Sample> samples;
  for (std::size_t kind = 0; kind < kKinds; ++kind) {
    const std::string name = kind < api::kPatternKindCount
                                 ? std::string(PatternKindName(static_cast<api::PatternKind>(kind)))
                                 : std::string();
    for (std::size_t reason = 0; reason < api::kReasonCount; ++reason) {
      samples.push_back(
          {{{"kind", name}, {"reason", std::string(ReasonName(static_cast<api::Reason>(reason)))}},
           Value(decisions_[kind][reason])});
    }
  }
  return CounterFamily("remora_decisions_total", "Patterns decided, by outcome.", samples);
}

std::string Metrics::Render() const {
  std::vector<MetricFamily> families{Requests(), Durations(), Decisions()};
  for (const Source& source : sources_) {
    for (MetricFamily& family : source()) families.push_back(std::move(family));
  }
  return RenderMetrics(families);
}

}  // namespace remora::webhook
