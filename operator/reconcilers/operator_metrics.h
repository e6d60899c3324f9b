// What the operator tells Prometheus.
//
//   remora_pattern_pods{kind,namespace,name,state}   state: injected, missing, refused
//   remora_pods                                      Pods in memory
//   remora_leader                                    1: this process does the work
//   remora_workqueue_{depth,adds_total,retries_total,taken_total,queue_seconds_total,
//     work_seconds_total,longest_running_seconds}{queue}
//   remora_certificate_expiry_seconds{certificate}   certificate: authority, webhook
//
// Thread-safety: what they return may be called from any thread.
// Lifetime: what they refer to outlives what they return.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "operator/base/clock.h"
#include "operator/base/metric_family.h"
#include "operator/reconcilers/certificate_reconciler.h"
#include "operator/reconcilers/pattern_caches.h"
#include "operator/reconcilers/pod_table.h"
#include "operator/runtime/reflector_metrics.h"
#include "operator/runtime/work_queue.h"

namespace remora::reconcilers {

using NamedQueue = std::pair<std::string, std::function<runtime::WorkQueueMetrics()>>;

MetricSource PodFamilies(const PatternListers& patterns, const PodTable& pods);
MetricSource QueueFamilies(std::vector<NamedQueue> queues);
MetricSource LeaderFamilies(std::function<bool()> leads);
MetricSource CertificateFamilies(const CertificateReconciler& certificates, const Clock& clock);

}  // namespace remora::reconcilers
