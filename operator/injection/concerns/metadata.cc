// Metadata: labels, annotations, pull secrets and the time to drain.
#include <algorithm>
#include <array>
#include <limits>

#include "operator/api/annotations.h"
#include "operator/injection/concerns/concerns.h"

namespace remora::injection {

namespace {

using api::Reason;

constexpr std::string_view kScrape = "prometheus.io/scrape";
constexpr std::string_view kPort = "prometheus.io/port";
constexpr std::string_view kPath = "prometheus.io/path";

class MetadataPlanner {
 public:
  MetadataPlanner(Context& context, Candidate& candidate, Occupancy& occupancy)
      : context_(context), candidate_(candidate), occupancy_(occupancy) {}

  void Run() {
    for (const CompiledPair& label : candidate_.pattern->pod_labels) AddLabel(label);
    for (const CompiledPair& pair : candidate_.pattern->pod_annotations) {
      const std::string_view value = Rendered(context_, candidate_, pair.value);
      if (!Has(List::kAnnotations, pair.key)) AddAnnotation(pair.key, value);
    }
    AnnotateForScrapers();
    for (const Template& secret : candidate_.pattern->pull_secrets) {
      AddPullSecret(Rendered(context_, candidate_, secret));
    }
    ExtendGracePeriod();
  }

 private:
  // Whether the Pod or an earlier pattern has that key.
  bool Has(List list, std::string_view key) const {
    const auto* own =
        list == List::kLabels ? context_.pod.FindLabel(key) : context_.pod.FindAnnotation(key);
    const auto& operations = context_.plan.operations;
    return own != nullptr ||
           std::any_of(operations.begin(), operations.end(), [&](const Operation& other) {
             return other.list == list && other.key == key;
           });
  }

  void AddLabel(const CompiledPair& label) {
    const std::string_view value = Rendered(context_, candidate_, label.value);
    if (!api::IsLabelValue(value)) {
      return Refuse(candidate_, Reason::kInvalidParameter,
                    Sentence(context_, candidate_,
                             {" gives the Pod the label ", label.key, " with the value \"", value,
                              "\"; expected at most 63 letters, digits, -, _ and ., with a letter "
                              "or digit at both ends"}));
    }
    if (Has(List::kLabels, label.key)) return;
    Operation operation;
    operation.list = List::kLabels;
    operation.key = label.key;
    operation.json = Quoted(context_, value);
    AddOperation(context_, candidate_, operation);
  }

  void AddAnnotation(std::string_view key, std::string_view value) {
    if (!TakeAnnotationBytes(context_, candidate_, occupancy_, key.size() + value.size())) return;
    Operation operation;
    operation.list = List::kAnnotations;
    operation.key = key;
    operation.json = Quoted(context_, value);
    AddOperation(context_, candidate_, operation);
  }

  // One Pod has one answer for scrapers.
  bool HasScrapeAnnotation() const {
    return std::any_of(kScrapeKeys.begin(), kScrapeKeys.end(), [&](std::string_view key) {
      Operation operation;
      operation.list = List::kAnnotations;
      operation.key = key;
      return Has(List::kAnnotations, key) && !WasOurs(context_, candidate_, operation);
    });
  }

  void AnnotateForScrapers() {
    const auto& metrics = candidate_.pattern->spec().metrics;
    if (!metrics || !metrics->annotate || HasScrapeAnnotation()) return;
    AddAnnotation(kScrape, "true");
    AddAnnotation(kPort, context_.Text(static_cast<std::int64_t>(candidate_.metrics_port)));
    AddAnnotation(kPath, Rendered(context_, candidate_, candidate_.pattern->metrics_path));
  }

  void AddPullSecret(std::string_view name) {
    for (const JsonValue secret : context_.pod.pull_secrets.elements()) {
      if (secret["name"].String(context_.arena) == name) return;
    }
    for (const Operation& other : context_.plan.operations) {
      if (other.list == List::kPullSecrets && other.key == name) return;
    }
    Operation operation;
    operation.list = List::kPullSecrets;
    operation.key = name;
    operation.json = context_.Text({R"({"name":)", Quoted(context_, name), "}"});
    AddOperation(context_, candidate_, operation);
  }

  // Companions end one after another, so their times add up.
  void ExtendGracePeriod() {
    const std::int64_t drain = candidate_.pattern->spec().drain_seconds;
    Operation operation;
    operation.verb = Verb::kSet;
    operation.list = List::kPodSpec;
    operation.key = "terminationGracePeriodSeconds";
    if (drain == 0 || WasOurs(context_, candidate_, operation)) return;
    operation.before = context_.Text(occupancy_.grace_seconds);
    constexpr std::int64_t kLongest = std::numeric_limits<std::int64_t>::max();
    occupancy_.grace_seconds =
        occupancy_.grace_seconds > kLongest - drain ? kLongest : occupancy_.grace_seconds + drain;
    operation.json = context_.Text(occupancy_.grace_seconds);
    AddOperation(context_, candidate_, operation);
  }

  static constexpr std::array<std::string_view, 3> kScrapeKeys = {kScrape, kPort, kPath};

  Context& context_;
  Candidate& candidate_;
  Occupancy& occupancy_;
};

}  // namespace

void PlanMetadata(Context& context, Candidate& candidate, Occupancy& occupancy) {
  MetadataPlanner(context, candidate, occupancy).Run();
}

}  // namespace remora::injection
