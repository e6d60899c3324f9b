#include "webhook/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace remora::webhook {
namespace {

using std::chrono::microseconds;
using std::chrono::nanoseconds;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(Metrics, CountRequestsByVerdict) {
  Metrics metrics;
  metrics.CountAdmission(Entry::kNamed, AdmissionVerdict::kPatched, microseconds(10));
  metrics.CountAdmission(Entry::kNamed, AdmissionVerdict::kPatched, microseconds(10));
  const std::string text = metrics.Render();
  EXPECT_THAT(
      text,
      HasSubstr("remora_admission_requests_total{webhook=\"named\",verdict=\"patched\"} 2\n"));
  EXPECT_THAT(
      text, HasSubstr("remora_admission_requests_total{webhook=\"named\",verdict=\"denied\"} 0\n"));
}

TEST(Metrics, SortDurationsIntoSixteenDoublingBuckets) {
  Metrics metrics;
  const auto observe = [&](nanoseconds duration) {
    metrics.CountAdmission(Entry::kNamed, AdmissionVerdict::kUnchanged, duration);
  };
  observe(microseconds(50));  // le is "at most"
  observe(microseconds(50) + nanoseconds(1));
  observe(std::chrono::seconds(100));
  const std::string text = metrics.Render();
  const std::string bucket = "remora_admission_duration_seconds_bucket{webhook=\"named\",le=";
  EXPECT_THAT(text, HasSubstr(bucket + "\"5e-05\"} 1\n"));
  EXPECT_THAT(text, HasSubstr(bucket + "\"0.0001\"} 2\n"));
  EXPECT_THAT(text, HasSubstr(bucket + "\"1.6384\"} 2\n"));
  EXPECT_THAT(text, HasSubstr(bucket + "\"+Inf\"} 3\n"));
  EXPECT_THAT(text, Not(HasSubstr("3.2768")));
  EXPECT_THAT(text, HasSubstr("remora_admission_duration_seconds_count{webhook=\"named\"} 3\n"));
}

TEST(Metrics, CountDecisionsByKindAndReason) {
  Metrics metrics;
  metrics.CountDecision(api::PatternKind::kAmbassador, api::Reason::kInjected);
  metrics.CountDecision(api::PatternKind::kAdapter, api::Reason::kUnsupportedPod);
  metrics.CountRefusal(api::Reason::kInvalidAnnotation);
  const std::string text = metrics.Render();
  const auto line = [](const std::string& kind, const std::string& reason, int count) {
    return "remora_decisions_total{kind=\"" + kind + "\",reason=\"" + reason + "\"} " +
           std::to_string(count) + "\n";
  };
  EXPECT_THAT(text, HasSubstr(line("Ambassador", "Injected", 1)));
  EXPECT_THAT(text, HasSubstr(line("Adapter", "UnsupportedPod", 1)));
  EXPECT_THAT(text, HasSubstr(line("Sidecar", "Injected", 0)));
  EXPECT_THAT(text, HasSubstr(line("", "InvalidAnnotation", 1)));
}

TEST(Metrics, AskTheirSourcesWhenTheyAreRendered) {
  Metrics metrics;
  int value = 1;
  metrics.AddSource([&] {
    return std::vector{GaugeFamily("remora_patterns", "Patterns.",
                                   {{{{"kind", "Sidecar"}}, static_cast<double>(value)}})};
  });
  value = 7;
  EXPECT_THAT(metrics.Render(), HasSubstr("remora_patterns{kind=\"Sidecar\"} 7\n"));
}

}  // namespace
}  // namespace remora::webhook
