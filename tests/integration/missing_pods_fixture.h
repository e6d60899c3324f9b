// MissingPodsTest: the healer of missing Pods in front of a fake API server, and with a clock that can be
// moved.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "operator/api/revision.h"
#include "operator/base/timestamp.h"
#include "operator/reconcilers/missing_pod_reconciler.h"
#include "operator/reconcilers/revision_keeper.h"
#include "operator/runtime/store.h"
#include "tests/fakes/fake_clock.h"
#include "tests/integration/kube_client_fixture.h"

namespace remora::reconcilers {

inline constexpr char kPodsPath[] = "/api/v1/pods";
inline constexpr char kEventsPath[] = "/apis/events.k8s.io/v1/events";
inline constexpr char kSlicesPath[] = "/apis/discovery.k8s.io/v1/endpointslices";
inline const PatternKey kSaver{api::PatternKind::kSidecar, "shop", "saver"};
inline const PatternKey kTailer{api::PatternKind::kSidecar, "shop", "tailer"};

class MissingPodsTest : public kube::KubeClientTest {
 protected:
  using json = nlohmann::json;

  // Of a Deployment, unless that is empty; asks for the pattern.
  struct PodOptions {
    std::string deployment = "web";
    std::string asks = "saver";
    json record = nullptr;  // its "patterns"; null: it has none
    std::chrono::seconds age{0};
  };

  MissingPodsTest() {
    ambassadors_.TakePage({}, runtime::kWholeList);
    adapters_.TakePage({}, runtime::kWholeList);
    revisions_.TakePage({}, runtime::kWholeList);
    namespaces_.TakePage({{{"metadata", {{"name", "shop"}}}}}, runtime::kWholeList);
    SetPattern(1);
    server_.Put(kSlicesPath, {{"metadata",
                               {{"namespace", "remora-system"},
                                {"name", "remora-webhook"},
                                {"labels", {{"kubernetes.io/service-name", "remora-webhook"}}}}},
                              {"endpoints", {{{"conditions", {{"ready", true}}}}}}});
  }

  json Pattern(const std::string& name, int generation, const json& more) const {
    json object = {
        {"apiVersion", "patterns.remora.dev/v1alpha1"},
        {"kind", "Sidecar"},
        {"metadata",
         {{"namespace", "shop"},
          {"name", name},
          {"uid", "u-" + name},
          {"generation", generation},
          {"resourceVersion", std::to_string(generation)},
          {"creationTimestamp", "2025-12-31T23:00:00Z"}}},
        {"spec", {{"container", {{"image", "saver:1"}}}, {"update", {{"replaceMissing", true}}}}},
        {"status",
         {{"conditions",
           {{{"type", "Accepted"}, {"status", "True"}, {"observedGeneration", generation}}}}}}};
    object["spec"].update(more);
    return object;
  }

  // Both patterns; of the first the spec has more.
  void SetPattern(int generation, const json& more = json::object()) {
    sidecars_.TakePage({Pattern("saver", generation, more), Pattern("tailer", 1, json::object())},
                       runtime::kWholeList);
    table_.SetPatterns(MakeMatchInputs(listers_).index);
  }

  void AddPod(const std::string& name, const PodOptions& options) {
    json pod = {{"apiVersion", "v1"},
                {"kind", "Pod"},
                {"metadata",
                 {{"namespace", "shop"},
                  {"name", name},
                  {"uid", "uid-" + name},
                  {"creationTimestamp", FormatTime(clock_.WallNow() - options.age)},
                  {"annotations", {{"patterns.remora.dev/sidecar", options.asks}}}}},
                {"spec", {{"containers", {{{"name", "web"}, {"image", "web"}}}}}}};
    json& metadata = pod["metadata"];
    if (!options.deployment.empty()) {
      metadata["labels"] = {{"pod-template-hash", "abc"}};
      metadata["ownerReferences"] = {{{"apiVersion", "apps/v1"},
                                      {"kind", "ReplicaSet"},
                                      {"name", options.deployment + "-abc"},
                                      {"uid", "owner-" + options.deployment},
                                      {"controller", true}}};
    }
    if (!options.record.is_null()) {
      metadata["annotations"]["patterns.remora.dev/status"] =
          json{{"version", 1}, {"patterns", options.record}}.dump();
    }
    server_.Put(kPodsPath, pod);
    table_.Apply({kube::WatchEventType::kAdded, pod});
  }
  // Has no record of the pattern that it asks for.
  void AddPod(const std::string& name, const std::string& deployment = "web") {
    AddPod(name, PodOptions{.deployment = deployment});
  }
  void AddInjectedPod(const std::string& name, std::chrono::seconds age = {}) {
    const json injected = {{"kind", "Sidecar"},
                           {"namespace", "shop"},
                           {"name", "saver"},
                           {"revision", "bbbbbbbbbb"},
                           {"reason", "Injected"}};
    AddPod(name, PodOptions{.record = json::array({injected}), .age = age});
  }
  void RemovePod(const std::string& name) {
    const json pod = {{"metadata", {{"namespace", "shop"}, {"name", name}}}};
    server_.Remove(kPodsPath, "shop", name);
    table_.Apply({kube::WatchEventType::kDeleted, pod});
  }

  // The answer to the next request for an eviction, be it a dry run or not.
  void AnswerEviction(remora::testing::FakeApiServer::Fault answer) {
    answer.collection = kPodsPath;
    server_.FailNext("create", std::move(answer));
    ++answers_;
  }
  void AllowEviction() { AnswerEviction({.status = 201, .raw = "{}"}); }

  static bool IsEviction(const remora::testing::FakeApiServer::Recorded& one) {
    return one.verb == "create" && one.request.path.ends_with("/eviction");
  }
  static bool IsDryRun(const remora::testing::FakeApiServer::Recorded& one) {
    return one.request.query.contains("dryRun");
  }
  int Evictions(bool dry_run = false) const {
    const auto recorded = server_.recorded();
    return static_cast<int>(std::count_if(recorded.begin(), recorded.end(), [&](const auto& one) {
      return IsEviction(one) && IsDryRun(one) == dry_run;
    }));
  }
  int Requests(const std::string& verb, const std::string& path) const {
    const auto recorded = server_.recorded();
    return static_cast<int>(std::count_if(recorded.begin(), recorded.end(), [&](const auto& one) {
      return one.verb == verb && one.request.path.find(path) != std::string::npos;
    }));
  }

  // Whether one call evicts a Pod. The API server allows it, but for what it was told to answer.
  bool Evicts(const PatternKey& pattern = kSaver) {
    while (answers_ - Evictions() - Evictions(/*dry_run=*/true) < 2) AllowEviction();
    return Turn(pattern);
  }
  // The same, where it was told all that it is to answer.
  bool Turn(const PatternKey& pattern = kSaver) {
    const int before = Evictions();
    const auto requeue = reconciler_->Reconcile(pattern, {});
    EXPECT_TRUE(requeue.ok()) << requeue.error().message();
    if (requeue.ok()) requeue_ = *requeue;
    return Evictions() > before;
  }

  std::unique_ptr<MissingPodReconciler> MakeReconciler(
      std::chrono::milliseconds deadline = std::chrono::seconds(4)) {
    return std::make_unique<MissingPodReconciler>(MissingPodReconciler::Options{
        .client = *client_,
        .clock = clock_,
        .patterns = listers_,
        .revisions = revisions_.lister(),
        .pods = table_,
        .environment = environment_,
        .webhook = {"remora-system", "remora-webhook"},
        .reporter = {"patterns.remora.dev/operator", "test"},
        .record_event = [this](runtime::Event event) { events_.push_back(std::move(event)); },
        .deadline = deadline});
  }

  remora::testing::FakeClock clock_;
  runtime::Store<PatternObject> ambassadors_{&PatternObject::FromObject};
  runtime::Store<PatternObject> sidecars_{&PatternObject::FromObject};
  runtime::Store<PatternObject> adapters_{&PatternObject::FromObject};
  runtime::Store<injection::NamespaceFacts> namespaces_{DecodeNamespace};
  runtime::Store<api::KeptRevision> revisions_{DecodeRevision};
  const PatternListers listers_{ambassadors_.lister(), sidecars_.lister(), adapters_.lister(),
                                namespaces_.lister()};
  const injection::Environment environment_;
  PodTable table_{{.environment = environment_}};
  std::vector<runtime::Event> events_;
  std::unique_ptr<MissingPodReconciler> reconciler_ = MakeReconciler();
  runtime::Requeue requeue_;
  int answers_ = 0;
};

}  // namespace remora::reconcilers
