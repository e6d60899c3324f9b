#include "webhook/workload_warnings.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "operator/api/annotations.h"
#include "operator/injection/plan.h"

namespace remora::webhook {

namespace {

using api::Reason;
using injection::Decision;
using injection::JsonValue;
using injection::Plan;

constexpr std::size_t kMostWarnings = 8;
constexpr std::size_t kLength = 120;  // what Kubernetes asks of a warning
constexpr int kMostLines = 3;         // of one sentence
constexpr std::string_view kGoesOn = "... ";
constexpr std::string_view kCut = " ...";

// Labels that a Pod gets from its controller: a template is without them, its Pods are not.
constexpr std::array<std::string_view, 9> kControllerLabels = {"pod-template-hash",
                                                               "controller-revision-hash",
                                                               "pod-template-generation",
                                                               "statefulset.kubernetes.io/pod-name",
                                                               "apps.kubernetes.io/pod-index",
                                                               "batch.kubernetes.io/job-name",
                                                               "batch.kubernetes.io/controller-uid",
                                                               "job-name",
                                                               "controller-uid"};

// The end of the last whole character within `room` bytes of a longer text.
std::size_t CharacterEnd(std::string_view text, std::size_t room) {
  std::size_t cut = room;
  while (cut > 1 && (static_cast<unsigned char>(text[cut]) & 0xC0U) == 0x80U) --cut;
  return cut;
}

// As above, of the last whole word, where a word is not longer than that.
std::size_t WordEnd(std::string_view text, std::size_t room) {
  const std::size_t space = text.substr(0, room + 1).rfind(' ');
  return space != std::string_view::npos && space > 0 ? space : CharacterEnd(text, room);
}

class Lines {
 public:
  void Add(std::string sentence) {
    std::replace_if(
        sentence.begin(), sentence.end(),
        [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }, ' ');
    std::string_view rest = sentence;
    std::string_view lead;
    for (int line = 1; lead.size() + rest.size() > kLength; ++line) {
      const bool last = line == kMostLines;
      const std::size_t cut = WordEnd(rest, kLength - lead.size() - (last ? kCut.size() : 0));
      lines_.push_back(std::string(lead).append(rest.substr(0, cut)).append(last ? kCut : ""));
      if (last) return;
      rest.remove_prefix(cut);
      if (rest.starts_with(' ')) rest.remove_prefix(1);
      lead = kGoesOn;
    }
    lines_.push_back(std::string(lead).append(rest));
  }

  std::vector<std::string> Take() {
    if (lines_.size() > kMostWarnings) {
      lines_.resize(kMostWarnings - 1);
      lines_.emplace_back("... and more: `remora explain -f FILE` says all of it");
    }
    return std::move(lines_);
  }

 private:
  std::vector<std::string> lines_;
};

class Writer {
 public:
  Writer(const Workload& workload, Arena& arena) : workload_(workload), arena_(arena) {}

  void AddMisplaced() {
    AddMisplaced(workload_.annotations, "metadata");
    AddMisplaced(workload_.job_annotations, "spec.jobTemplate.metadata");
  }

  // `why` is of Pods that nothing is added to, whatever they ask for.
  void AddNothingAdded(Reason reason, const std::string& why) {
    if (!TemplateAsks()) return;
    Say("its Pods get no companion: " + std::string(ReasonName(reason)) + ": " + why);
  }

  void AddDenied(const Plan& plan) {
    if (!plan.refusal.empty()) {
      const std::string reason(ReasonName(plan.refusal_reason));
      Say("its Pods will be denied: " + reason + " in " +
          std::string(workload_.pod_annotations_place));
      lines_.Add(reason + ": " + std::string(plan.refusal));
    }
    AddRefused(plan, true, "its Pods will be denied: ");
  }

  void AddAdmittedWithout(const Plan& plan) {
    const bool denied = std::any_of(
        plan.decisions.begin(), plan.decisions.end(),
        [](const Decision& decision) { return decision.denies && IsForetold(decision); });
    AddRefused(plan, false,
               denied ? "once admitted, its Pods will be created without: "
                      : "its Pods will be created without: ");
  }

  std::vector<std::string> Take() { return lines_.Take(); }

 private:
  void Say(const std::string& sentence) {
    constexpr std::size_t kLongestName = 63;  // most names are labels; more would leave no room
    const std::string_view name = workload_.name;
    std::string head(workload_.kind);
    if (!name.empty()) head += " ";
    if (name.size() > kLongestName) {
      head.append(name.substr(0, CharacterEnd(name, kLongestName))).append("...");
    } else {
      head.append(name);
    }
    lines_.Add(head + ": " + sentence);
  }

  // Of the workload's own annotations; the template's count where both have it, as tools that write
  // an annotation everywhere make them.
  void AddMisplaced(JsonValue annotations, std::string_view place) {
    std::string_view first;
    int count = 0;
    for (const JsonValue::Member member : annotations.members()) {
      const std::string_view key = member.Key(arena_).value_or("");
      if (!api::AsksForPatterns(key) || workload_.pod_annotations()[key].exists()) continue;
      const bool better = key.starts_with(api::kPatternPrefix);
      if (first.empty() || (better && !first.starts_with(api::kPatternPrefix))) first = key;
      ++count;
    }
    if (count == 0) return;
    std::string sentence(first);
    if (count > 1) sentence += " and " + std::to_string(count - 1) + " more";
    Say(sentence + " in " + std::string(place) + (count > 1 ? " reach" : " reaches") +
        " no Pod; expected in " + std::string(workload_.pod_annotations_place));
  }

  bool TemplateAsks() const {
    const JsonValue annotations = workload_.pod_annotations();
    if (annotations[api::kInjectKey].String(arena_) == "false") return false;
    for (const JsonValue::Member member : annotations.members()) {
      if (api::AsksForPatterns(member.Key(arena_).value_or(""))) return true;
    }
    return false;
  }

  // What will be so when the Pod comes; an API server that is slow now may not be then.
  static bool IsForetold(const Decision& decision) {
    if (api::ClassOf(decision.reason) != api::ReasonClass::kByOnError ||
        decision.reason == Reason::kDeadlineExceeded) {
      return false;
    }
    return decision.reason != Reason::kUnresolvedReference ||
           std::none_of(kControllerLabels.begin(), kControllerLabels.end(),
                        [&](std::string_view label) {
                          return decision.message.ends_with(" has no label " + std::string(label));
                        });
  }

  void AddRefused(const Plan& plan, bool denies, const std::string& head) {
    std::string names;
    for (const Decision& decision : plan.decisions) {
      if (decision.denies != denies || !IsForetold(decision)) continue;
      names.append(names.empty() ? "" : ", ").append(PatternKindName(decision.kind));
      names.append(" ").append(decision.name);
      names.append(" (").append(ReasonName(decision.reason)).append(")");
    }
    if (names.empty()) return;
    Say(head + names);
    for (const Decision& decision : plan.decisions) {
      if (decision.denies != denies || !IsForetold(decision)) continue;
      lines_.Add(
          std::string(ReasonName(decision.reason)).append(": ").append(ShortMessage(decision)));
    }
  }

  const Workload& workload_;
  Arena& arena_;
  Lines lines_;
};

}  // namespace

std::vector<std::string> WorkloadWarnings(const Workload& workload,
                                          const injection::Outcome& outcome, Arena& arena) {
  Writer writer(workload, arena);
  const Plan& plan = *outcome.plan;
  if (plan.skipped == Reason::kNamespaceDisabled) {
    writer.AddNothingAdded(*plan.skipped,
                           "label " + std::string(api::kInjectionLabel) + " is disabled");
  }
  writer.AddDenied(plan);
  writer.AddMisplaced();
  writer.AddAdmittedWithout(plan);
  return writer.Take();
}

std::vector<std::string> ExcludedWarnings(const Workload& workload, std::string_view namespace_name,
                                          Arena& arena) {
  Writer writer(workload, arena);
  writer.AddNothingAdded(Reason::kNamespaceExcluded,
                         "Remora leaves the Pods of " + std::string(namespace_name) + " alone");
  writer.AddMisplaced();
  return writer.Take();
}

}  // namespace remora::webhook
