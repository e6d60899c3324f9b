// Metadata: the annotations that scrapers read, and the time to drain.
#include <array>

#include "operator/injection/concerns/concerns.h"

namespace remora::injection {

namespace {

constexpr std::string_view kScrape = "prometheus.io/scrape";
constexpr std::string_view kPort = "prometheus.io/port";
constexpr std::string_view kPath = "prometheus.io/path";

// Whether the Pod or an earlier pattern says anything to scrapers; one Pod has one answer.
bool HasScrapeAnnotation(const Context& context, const Candidate& candidate) {
  for (const std::string_view key : {kScrape, kPort, kPath}) {
    Operation operation;
    operation.list = List::kAnnotations;
    operation.key = key;
    if (context.pod.FindAnnotation(key) != nullptr && !WasOurs(context, candidate, operation)) {
      return true;
    }
    for (const Operation& other : context.plan.operations) {
      if (other.list == List::kAnnotations && other.key == key) return true;
    }
  }
  return false;
}

void Annotate(Context& context, const Candidate& candidate, Occupancy& occupancy) {
  const auto& metrics = candidate.pattern->spec().metrics;
  if (!metrics || !metrics->annotate || HasScrapeAnnotation(context, candidate)) return;
  const std::array<StringPair, 3> pairs = {{
      {kScrape, "true"},
      {kPort, context.Text(static_cast<std::int64_t>(candidate.metrics_port))},
      {kPath, Rendered(context, candidate, candidate.pattern->metrics_path)},
  }};
  for (const StringPair& pair : pairs) {
    Operation operation;
    operation.list = List::kAnnotations;
    operation.key = pair.key;
    operation.json = Quoted(context, pair.value);
    occupancy.annotation_bytes += pair.key.size() + pair.value.size();
    AddOperation(context, candidate, operation);
  }
}

// Companions end one after another, so their times add up.
void ExtendGracePeriod(Context& context, const Candidate& candidate, Occupancy& occupancy) {
  const std::int64_t drain = candidate.pattern->spec().drain_seconds;
  Operation operation;
  operation.verb = Verb::kSet;
  operation.list = List::kPodSpec;
  operation.key = "terminationGracePeriodSeconds";
  if (drain == 0 || WasOurs(context, candidate, operation)) return;
  operation.before = context.Text(occupancy.grace_seconds);
  occupancy.grace_seconds += drain;
  operation.json = context.Text(occupancy.grace_seconds);
  AddOperation(context, candidate, operation);
}

}  // namespace

void PlanMetadata(Context& context, Candidate& candidate, Occupancy& occupancy) {
  Annotate(context, candidate, occupancy);
  ExtendGracePeriod(context, candidate, occupancy);
}

}  // namespace remora::injection
