#include "operator/reconcilers/operator_metrics.h"

#include <chrono>

namespace remora::reconcilers {

namespace {

using prometheus::MetricFamily;
using runtime::WorkQueueMetrics;

double Seconds(Clock::Duration duration) { return std::chrono::duration<double>(duration).count(); }

struct QueueSeries {
  const char* name;
  const char* help;
  bool counts;
  double (*value)(const WorkQueueMetrics&);
};
constexpr QueueSeries kQueueSeries[] = {
    {"remora_workqueue_depth", "Keys that wait.", false,
     [](const WorkQueueMetrics& m) { return static_cast<double>(m.depth); }},
    {"remora_workqueue_adds_total", "Keys added.", true,
     [](const WorkQueueMetrics& m) { return static_cast<double>(m.adds); }},
    {"remora_workqueue_retries_total", "Keys added again after a failure.", true,
     [](const WorkQueueMetrics& m) { return static_cast<double>(m.retries); }},
    {"remora_workqueue_taken_total", "Keys worked on.", true,
     [](const WorkQueueMetrics& m) { return static_cast<double>(m.taken); }},
    {"remora_workqueue_queue_seconds_total", "Time that keys waited.", true,
     [](const WorkQueueMetrics& m) { return Seconds(m.waited); }},
    {"remora_workqueue_work_seconds_total", "Time that work on keys took.", true,
     [](const WorkQueueMetrics& m) { return Seconds(m.worked); }},
    {"remora_workqueue_longest_running_seconds", "Since when the oldest work is under way.", false,
     [](const WorkQueueMetrics& m) { return Seconds(m.longest_running); }},
};

}  // namespace

MetricSource PodFamilies(const PatternListers& patterns, const PodTable& pods) {
  return [&patterns, &pods]() -> std::vector<MetricFamily> {
    std::vector<Sample> samples;
    for (const PatternKey& key : patterns.Keys()) {
      const auto pattern = patterns.Find(key);
      if (!pattern) continue;
      const Census census = pods.Count(key, pattern->created);
      const std::pair<const char*, std::int64_t> states[] = {
          {"injected", census.injected}, {"missing", census.missing}, {"refused", census.refused}};
      for (const auto& [state, count] : states) {
        samples.push_back({{{"kind", std::string(PatternKindName(key.kind))},
                            {"namespace", key.namespace_name},
                            {"name", key.name},
                            {"state", state}},
                           static_cast<double>(count)});
      }
    }
    return {
        GaugeFamily("remora_pattern_pods", "Pods that a pattern matches, by what became of it.",
                    samples),
        GaugeFamily("remora_pods", "Pods in memory.", {{{}, static_cast<double>(pods.pods())}})};
  };
}

MetricSource QueueFamilies(std::vector<NamedQueue> queues) {
  return [queues = std::move(queues)] {
    std::vector<MetricFamily> families;
    for (const QueueSeries& series : kQueueSeries) {
      std::vector<Sample> samples;
      for (const auto& [name, metrics] : queues) {
        samples.push_back({{{"queue", name}}, series.value(metrics())});
      }
      families.push_back(series.counts ? CounterFamily(series.name, series.help, samples)
                                       : GaugeFamily(series.name, series.help, samples));
    }
    return families;
  };
}

MetricSource LeaderFamilies(std::function<bool()> leads) {
  return [leads = std::move(leads)]() -> std::vector<MetricFamily> {
    return {GaugeFamily("remora_leader", "1: this process does the work.",
                        {{{}, leads() ? 1.0 : 0.0}})};
  };
}

MetricSource CertificateFamilies(const CertificateReconciler& certificates, const Clock& clock) {
  return [&certificates, &clock]() -> std::vector<MetricFamily> {
    const CertificateExpiry expiry = certificates.expiry();
    std::vector<Sample> samples;
    const auto add = [&](const char* name, const std::optional<std::chrono::sys_seconds>& time) {
      if (!time) return;
      const std::chrono::duration<double> left = *time - clock.WallNow();
      samples.push_back({{{"certificate", name}}, left.count()});
    };
    add("authority", expiry.authority);
    add("webhook", expiry.webhook);
    return {GaugeFamily("remora_certificate_expiry_seconds",
                        "Seconds until the certificate expires.", samples)};
  };
}

}  // namespace remora::reconcilers
