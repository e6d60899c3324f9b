#include "operator/injection/injector.h"

#include <algorithm>
#include <optional>

#include "operator/api/annotations.h"
#include "operator/injection/concerns/concerns.h"
#include "operator/injection/patch_writer.h"
#include "operator/injection/workspace_state.h"

namespace remora::injection {

Workspace::Workspace() : state_(std::make_unique<State>()) {}
Workspace::~Workspace() = default;

namespace {

using api::Reason;

constexpr std::string_view kIstioStatus = "sidecar.istio.io/status";
constexpr std::size_t kWarningLength = 120;

template <typename Names>
bool Contains(const Names& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

class Planner {
 public:
  Planner(Context& context, Workspace::State& state)
      : context_(context), call_(*state.call), state_(state) {}

  Outcome Run() {
    ReadPodFacts(context_.request.pod, context_.arena, context_.pod);
    ReadVolumeClaims(context_.request.volume_claims, context_.arena, context_.pod);
    context_.plan.pod = &context_.pod;
    ReadPrevious();
    MatchPatterns(context_);
    if (!context_.plan.refusal.empty()) return DeniedByAnnotation();
    if (context_.candidates.empty()) return Finish(Verdict::kUnchanged);
    const bool all_in = std::all_of(context_.candidates.begin(), context_.candidates.end(),
                                    [](const Candidate& c) { return c.already_injected; });
    if (!all_in) {
      MarkForeign();
      PlanAll();
    }
    DecideAll();
    if (all_in) return Finish(Verdict::kUnchanged);
    while (!AddLabelAndRecord()) RefuseLast();
    if (IsDenied()) return Denied();
    Warn();
    if (context_.plan.operations.empty()) return Finish(Verdict::kUnchanged);
    WritePatch(context_.plan, context_.arena, call_.patch);
    return Finish(Verdict::kPatched);
  }

 private:
  Outcome Finish(Verdict verdict) {
    Outcome outcome;
    outcome.verdict = verdict;
    outcome.plan = &context_.plan;
    outcome.patch = call_.patch;
    outcome.warnings = call_.warnings;
    return outcome;
  }

  void ReadPrevious() {
    if (const std::string_view* text = context_.pod.FindAnnotation(api::kStatusKey)) {
      ReadRecord(*text, state_.record_document, context_.arena, context_.previous);
    }
  }

  // Containers that are no application of the user's: ours, Istio's and those of a list.
  void MarkForeign() {
    const std::string_view* status = context_.pod.FindAnnotation(kIstioStatus);
    const bool has_istio = status != nullptr && state_.scratch.Parse(*status).ok();
    const JsonValue istio = has_istio ? state_.scratch.root() : JsonValue();
    for (auto* list : {&context_.pod.init_containers, &context_.pod.containers}) {
      for (ContainerFacts& container : *list) {
        Operation added;
        added.list = container.init ? List::kInitContainers : List::kContainers;
        added.key = container.name;
        std::pmr::string pointer(&context_.arena);
        AppendPointer(added, pointer);
        const auto& ours = context_.previous.added();
        const auto& of_istio = istio[container.init ? "initContainers" : "containers"];
        container.foreign =
            Contains(context_.environment.foreign_containers, container.name) ||
            std::any_of(ours.begin(), ours.end(),
                        [&](const RecordedPath& path) { return path.pointer == pointer; }) ||
            Lists(of_istio, container.name);
      }
    }
  }

  bool Lists(JsonValue names, std::string_view name) {
    for (const JsonValue element : names.elements()) {
      if (element.String(context_.arena) == name) return true;
    }
    return false;
  }

  void PlanAll() {
    occupancy_.emplace(context_.pod, context_.arena);
    ForEachOpen([&](Candidate& candidate) {
      CheckPod(candidate);
      if (!candidate.Refused()) ResolveParameters(context_, candidate);
      if (!candidate.Refused()) ResolveValues(context_, candidate, Stage::kRequest);
    });
    for (Candidate& candidate : context_.candidates) {
      if (candidate.already_injected) NoteUpstreams(context_, candidate, *occupancy_);
    }
    ResolvePorts(context_, *occupancy_);
    ResolveOrder(context_);
    for (Candidate& candidate : context_.candidates) {
      if (candidate.pattern == nullptr || candidate.Refused()) continue;
      const Occupancy::Mark mark = occupancy_->MarkNow();
      const std::size_t operations = context_.plan.operations.size();
      PlanOne(candidate);
      if (candidate.Refused()) {  // whole or not at all
        context_.plan.operations.resize(operations);
        occupancy_->RollbackTo(mark);
      }
    }
  }

  template <typename Visit>
  void ForEachOpen(Visit visit) {
    for (Candidate& candidate : context_.candidates) {
      if (candidate.pattern != nullptr && !candidate.Refused()) visit(candidate);
    }
  }

  void CheckPod(Candidate& candidate) {
    if (context_.pod.windows) {
      Refuse(candidate, Reason::kUnsupportedPod,
             context_.Text({candidate.asked_by,
                            ": Remora adds containers to Linux Pods only, and this one has "
                            "spec.os.name windows"}));
    } else if (candidate.bypass_asked) {
      CheckBypass(context_, candidate);
    } else if (context_.pod.host_network && candidate.pattern->UsesPorts()) {
      Refuse(candidate, Reason::kHostNetwork,
             Sentence(context_, candidate,
                      {" needs ports of its own, but with hostNetwork the Pod's localhost is "
                       "the node's"}));
    }
  }

  void PlanOne(Candidate& candidate) {
    ResolveTargets(context_, candidate, *occupancy_);
    for (const Stage stage : {Stage::kTarget, Stage::kPorts, Stage::kAll}) {
      if (!candidate.Refused()) ResolveValues(context_, candidate, stage);
      if (stage == Stage::kTarget && candidate.bypassed) CheckUpstreams(context_, candidate);
    }
    if (!candidate.Refused()) CheckRenderedSize(context_, candidate);
    using Concern = void (*)(Context&, Candidate&, Occupancy&);
    for (const Concern concern : {PlanVolumes, PlanShares, PlanFiles, PlanEnvironment, PlanTakeOver,
                                  PlanAliases, PlanMetadata, PlanContainers}) {
      if (candidate.Refused()) return;
      if (!candidate.bypassed || concern == &PlanEnvironment) {
        concern(context_, candidate, *occupancy_);
      }
    }
  }

  void DecideAll() {
    for (const Candidate& candidate : context_.candidates) {
      Decision decision;
      decision.kind = candidate.kind;
      decision.namespace_name = candidate.namespace_name;
      decision.name = candidate.name;
      call_.carried.push_back(candidate.recorded);
      if (candidate.already_injected) {
        FillFromRecord(context_.previous.patterns[static_cast<std::size_t>(candidate.recorded)],
                       decision);
      } else if (candidate.Refused()) {
        decision.reason = *candidate.refusal;
        decision.message = candidate.message;
        decision.denies = candidate.on_error == api::OnError::kDeny;
        if (candidate.stored == nullptr) decision.namespace_name = candidate.named_namespace;
      } else {
        FillInjected(candidate, decision);
      }
      context_.plan.decisions.push_back(decision);
    }
  }

  void FillFromRecord(const RecordedPattern& recorded, Decision& decision) {
    decision.reason = recorded.bypassed ? Reason::kBypassed : Reason::kAlreadyInjected;
    decision.revision = recorded.revision;
    auto* targets = NewVector<std::string_view>();
    for (const JsonValue target : recorded.targets.elements()) {
      targets->push_back(target.String(context_.arena).value_or(""));
    }
    auto* ports = NewVector<PortBinding>();
    for (const JsonValue::Member port : recorded.ports.members()) {
      ports->push_back({port.Key(context_.arena).value_or(""),
                        static_cast<int>(port.value().Integer().value_or(0))});
    }
    decision.targets = *targets;
    decision.ports = *ports;
  }

  void FillInjected(const Candidate& candidate, Decision& decision) {
    const CompiledPattern& pattern = *candidate.pattern;
    decision.reason = candidate.bypassed ? Reason::kBypassed : Reason::kInjected;
    decision.revision = pattern.pattern().revision;
    decision.parameters = candidate.parameters;
    auto* targets = NewVector<std::string_view>();
    for (const ContainerOccupancy* target : candidate.targets) {
      targets->push_back(target->facts().name);
    }
    auto* ports = NewVector<PortBinding>();
    for (std::size_t i = 0; i < pattern.endpoints.size(); ++i) {
      if (candidate.bypassed || pattern.endpoints[i].is_socket) continue;
      if (pattern.endpoints[i].port.IsAllocated()) {
        ports->push_back({pattern.spec().endpoints[i].name, candidate.endpoint_ports[i]});
      }
    }
    if (pattern.metrics_port && pattern.metrics_port->IsAllocated()) {
      ports->push_back({"metrics", candidate.metrics_port});
    }
    decision.targets = *targets;
    decision.ports = *ports;
  }

  // A vector that lives as long as the arena's memory; its destructor has nothing to do.
  template <typename T>
  std::pmr::vector<T>* NewVector() {
    std::pmr::polymorphic_allocator<> allocator(&context_.arena);
    return allocator.new_object<std::pmr::vector<T>>();
  }

  bool IsDenied() const {
    return std::any_of(context_.plan.decisions.begin(), context_.plan.decisions.end(),
                       [](const Decision& decision) { return decision.denies; });
  }

  Outcome DeniedByAnnotation() {
    Outcome outcome = Finish(Verdict::kDenied);
    outcome.message =
        context_.Text({api::ReasonName(context_.plan.refusal_reason), ": ", context_.plan.refusal});
    return outcome;
  }

  Outcome Denied() {
    context_.plan.operations.clear();
    std::pmr::string message(&context_.arena);
    for (const Decision& decision : context_.plan.decisions) {
      if (!decision.denies) continue;
      if (!message.empty()) message += "; ";
      message += api::ReasonName(decision.reason);
      message += ": ";
      message += decision.message;
    }
    Outcome outcome = Finish(Verdict::kDenied);
    outcome.message = context_.arena.Copy(message);
    return outcome;
  }

  // The record does not fit: the pattern that was placed last has to go.
  void RefuseLast() {
    auto last = context_.candidates.end();
    for (auto it = context_.candidates.begin(); it != context_.candidates.end(); ++it) {
      if (it->pattern != nullptr && !it->Refused()) last = it;
    }
    Candidate& candidate = *last;
    const auto number = static_cast<std::uint32_t>(last - context_.candidates.begin());
    Refuse(candidate, Reason::kAnnotationsTooLarge,
           Sentence(context_, candidate,
                    {": with its record the Pod's annotations would be larger than the 262144 "
                     "bytes that Kubernetes allows"}));
    auto& operations = context_.plan.operations;
    operations.erase(
        std::remove_if(operations.begin(), operations.end(),
                       [&](const Operation& o) { return o.decision == number || IsOfAll(o); }),
        operations.end());
    context_.plan.decisions.clear();
    call_.carried.clear();
    DecideAll();
  }

  // The label and the record belong to no pattern alone.
  static bool IsOfAll(const Operation& operation) {
    return (operation.list == List::kLabels && operation.key == api::kInjectedLabel) ||
           (operation.list == List::kAnnotations && operation.key == api::kStatusKey);
  }

  bool CanRefuseMore() const {
    return std::any_of(context_.candidates.begin(), context_.candidates.end(),
                       [](const Candidate& c) { return c.pattern != nullptr && !c.Refused(); });
  }

  // False where the record is too large for the Pod.
  bool AddLabelAndRecord() {
    Operation label;
    label.list = List::kLabels;
    label.key = api::kInjectedLabel;
    label.json = R"("true")";
    const std::string_view* present = context_.pod.FindLabel(label.key);
    for (std::size_t i = 0; i < context_.candidates.size(); ++i) {
      if (context_.plan.decisions[i].reason != Reason::kInjected) continue;
      if (present != nullptr && *present == "true") break;
      if (present != nullptr) {
        label.verb = Verb::kSet;
        label.before = Quoted(context_, *present);
      }
      AddOperation(context_, context_.candidates[i], label);
      break;
    }
    std::pmr::string record(&context_.arena);
    WriteRecord(context_.plan, context_.previous, call_.carried, record);
    const std::string_view* before = context_.pod.FindAnnotation(api::kStatusKey);
    if (before != nullptr && *before == record) return true;
    const std::size_t old = before == nullptr ? 0 : before->size() + api::kStatusKey.size();
    const std::size_t bytes =
        occupancy_->annotation_bytes - old + record.size() + api::kStatusKey.size();
    if (bytes > kMostAnnotationBytes && CanRefuseMore()) return false;
    Operation operation;
    operation.list = List::kAnnotations;
    operation.key = api::kStatusKey;
    operation.recorded = false;
    operation.json = Quoted(context_, record);
    context_.plan.operations.push_back(operation);
    return true;
  }

  void Warn() {
    for (const Decision& decision : context_.plan.decisions) {
      if (api::ClassOf(decision.reason) != api::ReasonClass::kByOnError) continue;
      std::string_view text =
          context_.Text({api::ReasonName(decision.reason), ": ", ShortMessage(decision)});
      if (text.size() > kWarningLength) {
        std::size_t cut = kWarningLength - 3;
        while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xC0U) == 0x80U) --cut;
        text = context_.Text({text.substr(0, cut), "..."});
      }
      call_.warnings.push_back(text);
    }
  }

  Context& context_;
  Workspace::State::Call& call_;
  Workspace::State& state_;
  std::optional<Occupancy> occupancy_;
};

}  // namespace

Outcome Inject(const Request& request, const PatternIndex& patterns, const Environment& environment,
               Workspace& workspace) {
  Workspace::State& state = workspace.state();
  Context context = BeginCall(request, patterns, environment, state);
  return Planner(context, state).Run();
}

}  // namespace remora::injection
