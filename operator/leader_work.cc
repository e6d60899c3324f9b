#include "operator/leader_work.h"

#include <chrono>
#include <utility>

#include "operator/api/annotations.h"
#include "operator/reconcilers/operator_metrics.h"
#include "operator/runtime/host_name.h"

namespace remora {

using reconcilers::PatternKey;
using reconcilers::PatternObject;

namespace {

// How long a burst of Pods is waited for: a roll-out is one status a pattern, not many.
constexpr std::chrono::milliseconds kGatherPods{250};
// And before what is missing is looked at.
constexpr std::chrono::seconds kGather{1};

// They wait for the API server most of the time: three requests for a pattern that is new.
constexpr int kWorkers = 4;

}  // namespace

LeaderWork::LeaderWork(const OperatorOptions& options, Dependencies dependencies)
    : clock_(dependencies.clock),
      may_write_(std::move(dependencies.may_write)),
      environment_{.catalog_namespace = options.catalog_namespace},
      queue_(clock_),
      pods_({.environment = environment_,
             .excluded_namespaces = {options.excluded_namespaces.begin(),
                                     options.excluded_namespaces.end()},
             .on_change =
                 [this](const PatternKey& key) {
                   queue_.AddAfter(key, kGatherPods);
                   missing_queue_.AddAfter(key, kGather);
                 }}),
      ambassadors_(InformerOf(dependencies.client, clock_, api::PatternKind::kAmbassador)),
      sidecars_(InformerOf(dependencies.client, clock_, api::PatternKind::kSidecar)),
      adapters_(InformerOf(dependencies.client, clock_, api::PatternKind::kAdapter)),
      namespaces_({.client = dependencies.client,
                   .clock = clock_,
                   .resource = {"", "v1", "namespaces"},
                   .decode = reconcilers::DecodeNamespace,
                   .on_event = [this](const kube::ObjectKey&) { matcher_.Due(); },
                   .on_list = [this](const auto&) { matcher_.Due(); }}),
      revisions_({.client = dependencies.client,
                  .clock = clock_,
                  .resource = {"apps", "v1", "controllerrevisions"},
                  .decode = reconcilers::DecodeRevision,
                  .on_event = [this](const kube::ObjectKey& key) { RevisionChanged(key); },
                  .on_list =
                      [this](const auto& keys) {
                        for (const kube::ObjectKey& key : keys) RevisionChanged(key);
                      },
                  .source = {.scope = {.label_selector = std::string(api::kPatternLabel)}}}),
      listers_{ambassadors_.lister(), sidecars_.lister(), adapters_.lister(), namespaces_.lister()},
      pod_source_(dependencies.client, {"", "v1", "pods"}, reconcilers::PodListOptions()),
      pod_reflector_({.name = "pods", .source = pod_source_, .sink = pods_, .clock = clock_}),
      matcher_({.clock = clock_, .patterns = listers_, .pods = pods_}),
      check_({dependencies.client, environment_, options.sealed_namespace}),
      history_(dependencies.client, clock_, revisions_.lister()),
      acceptance_({clock_, check_, history_}),
      reconciler_({.client = dependencies.client,
                   .clock = clock_,
                   .patterns = listers_,
                   .pods = pods_,
                   .matcher = matcher_,
                   .acceptance = acceptance_,
                   .history = history_}),
      controller_({.name = "patterns",
                   .queue = queue_,
                   .reconciler = reconciler_,
                   .may_run = [this] { return MayAccept(); }}),
      missing_queue_(clock_),
      missing_({.client = dependencies.client,
                .clock = clock_,
                .patterns = listers_,
                .revisions = revisions_.lister(),
                .pods = pods_,
                .environment = environment_,
                .webhook = {options.namespace_name, options.webhook_service},
                .reporter = {std::string(api::kGroup) + "/operator", runtime::HostName()},
                .record_event = std::move(dependencies.record_event)}),
      missing_controller_(
          {.name = "missing", .queue = missing_queue_, .reconciler = missing_, .may_run = [this] {
             return MayReplace();
           }}) {}

bool LeaderWork::MayAccept() const {
  return may_write_() && listers_.HaveSynced() && revisions_.lister().HasSynced();
}

bool LeaderWork::MayReplace() const {
  return MayAccept() && matcher_.IsCurrent() && pods_.HasSynced();
}

void LeaderWork::RunIn(runtime::Manager& manager) {
  for (auto* informer : {&ambassadors_, &sidecars_, &adapters_}) informer->RunIn(manager);
  namespaces_.RunIn(manager);
  revisions_.RunIn(manager);
  manager.Add(runtime::Phase::kCaches, "pods",
              [this](const std::stop_token& stop) { pod_reflector_.Run(stop); });
  manager.Add("matcher", [this](const std::stop_token& stop) { matcher_.Run(stop); });
  for (int i = 0; i < kWorkers; ++i) {
    manager.Add("patterns", [this](const std::stop_token& stop) { controller_.Run(stop); });
  }
  manager.Add("missing", [this](const std::stop_token& stop) { missing_controller_.Run(stop); });
}

std::string LeaderWork::Missing() const {
  if (!listers_.HaveSynced()) return "patterns and Namespaces are not read yet";
  if (!revisions_.lister().HasSynced()) return "ControllerRevisions are not read yet";
  return pods_.HasSynced() ? "" : "Pods are not read yet";
}

std::vector<MetricSource> LeaderWork::metrics() const {
  std::vector<runtime::NamedReflector> reflectors{{"pods", &pod_reflector_},
                                                  {"namespaces", &namespaces_.reflector()},
                                                  {revisions_.name(), &revisions_.reflector()}};
  for (const auto* informer : {&ambassadors_, &sidecars_, &adapters_}) {
    reflectors.push_back({informer->name(), &informer->reflector()});
  }
  return {runtime::ReflectorFamilies(std::move(reflectors), clock_),
          reconcilers::PodFamilies(listers_, pods_),
          reconcilers::QueueFamilies({{"patterns", [this] { return queue_.metrics(); }},
                                      {"missing", [this] { return missing_queue_.metrics(); }}})};
}

LeaderWork::Patterns::Options LeaderWork::InformerOf(kube::Client& client, Clock& clock,
                                                     api::PatternKind kind) {
  return {.client = client,
          .clock = clock,
          .resource = reconcilers::PatternResource(kind),
          .decode = &PatternObject::FromObject,
          .on_event =
              [this, kind](const kube::ObjectKey& key) {
                matcher_.Due();
                PatternChanged({kind, key.namespace_name, key.name});
              },
          .on_list =
              [this, kind](const auto& keys) {
                matcher_.Due();
                for (const kube::ObjectKey& key : keys) {
                  PatternChanged({kind, key.namespace_name, key.name});
                }
                // Others may have waited for this list.
                for (const PatternKey& key : listers_.Keys()) queue_.Add(key);
              },
          // A CRD that somebody has deleted keeps nobody from the patterns of the others.
          .absent_is_empty = true};
}

void LeaderWork::PatternChanged(const PatternKey& key) {
  queue_.Add(key);
  missing_queue_.AddAfter(key, kGather);
}

void LeaderWork::RevisionChanged(const kube::ObjectKey& key) {
  if (const auto pattern = reconcilers::PatternOfRevision(key)) queue_.Add(*pattern);
}

}  // namespace remora
