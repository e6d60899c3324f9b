// Metrics: what the webhook counts, and the text that Prometheus reads.
//
// Contract
//   - Counting is a few relaxed atomics: no lock, no look-up by name, no allocation.
//     (prometheus-cpp's own histogram takes a mutex for each observation.)
//   - Every series is there from the start with 0, so that a rate never misses its first event.
//   - No label takes a value that a Pod's author chose: verdicts, kinds and reasons are enums.
// Thread-safety: internally synchronised; AddSource() before the first Render().
// Errors: none.
// Lifetime: what a source refers to outlives the last Render().
//
// Example
//   metrics.CountAdmission(Entry::kNamed, AdmissionVerdict::kPatched, elapsed);
//   metrics.CountDecision(decision.kind, decision.reason);
//   std::string text = metrics.Render();  // text/plain; version=0.0.4
#pragma once

#include <prometheus/metric_family.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "operator/api/pattern.h"
#include "operator/api/reason.h"
#include "operator/base/metric_family.h"

namespace remora::webhook {

// Label `webhook`: the last part of the path.
enum class Entry : std::uint8_t { kNamed, kAutomatic, kPatterns, kWorkloads };
inline constexpr int kEntryCount = 4;

enum class AdmissionVerdict : std::uint8_t { kUnchanged, kPatched, kDenied, kError };
inline constexpr int kAdmissionVerdictCount = 4;

class Metrics {
 public:
  using Source = MetricSource;

  Metrics() = default;
  ~Metrics() = default;
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  void CountAdmission(Entry entry, AdmissionVerdict verdict, std::chrono::nanoseconds duration);
  void CountDecision(api::PatternKind kind, api::Reason reason);
  // A key or a list that cannot be read belongs to no kind: its label `kind` is empty.
  void CountRefusal(api::Reason reason);

  void AddSource(Source source) { sources_.push_back(std::move(source)); }
  std::string Render() const;

 private:
  static constexpr std::size_t kBuckets = 16;
  using Counter = std::atomic<std::uint64_t>;
  struct Histogram {
    std::array<Counter, kBuckets + 1> counts = {};  // the last one: longer than all buckets
    Counter sum_ns = 0;
  };
  static constexpr std::size_t kKinds = api::kPatternKindCount + 1;  // and none

  void Count(std::size_t kind, api::Reason reason);
  prometheus::MetricFamily Requests() const;
  prometheus::MetricFamily Durations() const;
  prometheus::MetricFamily Decisions() const;

  std::array<std::array<Counter, kAdmissionVerdictCount>, kEntryCount> requests_ = {};
  std::array<Histogram, kEntryCount> durations_ = {};
  std::array<std::array<Counter, api::kReasonCount>, kKinds> decisions_ = {};
  std::vector<Source> sources_;
};

}  // namespace remora::webhook
