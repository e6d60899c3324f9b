#include "tests/bench/inputs.h"

#include <fmt/format.h>

#include <cstdlib>
#include <iostream>
#include <map>
#include <utility>

#include "operator/cli/documents.h"

namespace remora::bench {

namespace {

using nlohmann::json;

constexpr const char* kPod = R"({
  "apiVersion": "v1", "kind": "Pod",
  "metadata": {
    "generateName": "storefront-6d4b75cb6d-", "namespace": "shop",
    "annotations": {"note": "", "patterns.remora.dev/sidecar": "log-saver",
      "params.patterns.remora.dev/log-saver.dir": "/var/log/nginx"},
    "labels": {"app.kubernetes.io/name": "storefront", "app.kubernetes.io/part-of": "shop",
      "pod-template-hash": "6d4b75cb6d"},
    "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet",
      "name": "storefront-6d4b75cb6d", "uid": "7f2c1d8e-52b6-4a3f-9a8e-0f1a5c9e2b11",
      "controller": true, "blockOwnerDeletion": true}]},
  "spec": {
    "volumes": [{"name": "kube-api-access-x7k2p", "projected": {"defaultMode": 420, "sources": [
      {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
      {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
      {"downwardAPI": {"items": [{"path": "namespace",
        "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}]}}]}}],
    "containers": [{"name": "web", "image": "registry.example.test/shop/storefront:1.14.2",
      "ports": [{"name": "http", "containerPort": 80, "protocol": "TCP"}],
      "env": [],
      "resources": {"limits": {"memory": "512Mi"}, "requests": {"cpu": "250m", "memory": "256Mi"}},
      "volumeMounts": [{"name": "kube-api-access-x7k2p", "readOnly": true,
        "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}],
      "readinessProbe": {"httpGet": {"path": "/ready", "port": "http", "scheme": "HTTP"},
        "timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3},
      "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
      "imagePullPolicy": "IfNotPresent"}],
    "restartPolicy": "Always", "terminationGracePeriodSeconds": 30, "dnsPolicy": "ClusterFirst",
    "serviceAccountName": "storefront", "serviceAccount": "storefront", "securityContext": {},
    "schedulerName": "default-scheduler", "priority": 0, "enableServiceLinks": true,
    "preemptionPolicy": "PreemptLowerPriority",
    "tolerations": [
      {"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute",
       "tolerationSeconds": 300},
      {"key": "node.kubernetes.io/unreachable", "operator": "Exists", "effect": "NoExecute",
       "tolerationSeconds": 300}]},
  "status": {}})";

constexpr const char* kReview = R"({
  "kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1",
  "request": {
    "uid": "0b4ba4f5-3a6b-4a3e-93c9-2d6fd1a0c1de",
    "kind": {"group": "", "version": "v1", "kind": "Pod"},
    "resource": {"group": "", "version": "v1", "resource": "pods"},
    "requestKind": {"group": "", "version": "v1", "kind": "Pod"},
    "requestResource": {"group": "", "version": "v1", "resource": "pods"},
    "namespace": "shop", "operation": "CREATE",
    "userInfo": {"username": "system:serviceaccount:kube-system:replicaset-controller",
      "uid": "b9f1a1a5-2f0e-4d0a-8e0e-6d1f0c7a9b3c",
      "groups": ["system:serviceaccounts", "system:serviceaccounts:kube-system",
        "system:authenticated"]},
    "oldObject": null, "dryRun": false,
    "options": {"kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1"}}})";

json ManagedFields() {
  return json::parse(R"([{"manager": "kube-controller-manager", "operation": "Update",
    "apiVersion": "v1", "fieldsType": "FieldsV1", "time": "2026-01-01T00:00:00Z", "fieldsV1": {
    "f:metadata": {"f:annotations": {".": {}, "f:patterns.remora.dev/sidecar": {}},
      "f:generateName": {}, "f:labels": {".": {}, "f:app.kubernetes.io/name": {},
        "f:app.kubernetes.io/part-of": {}, "f:pod-template-hash": {}},
      "f:ownerReferences": {".": {}, "k:{\"uid\":\"7f2c1d8e-52b6-4a3f-9a8e-0f1a5c9e2b11\"}": {}}},
    "f:spec": {"f:containers": {"k:{\"name\":\"web\"}": {".": {}, "f:env": {".": {}},
        "f:image": {}, "f:imagePullPolicy": {}, "f:name": {}, "f:ports": {".": {},
          "k:{\"containerPort\":80,\"protocol\":\"TCP\"}": {".": {}, "f:containerPort": {},
            "f:name": {}, "f:protocol": {}}},
        "f:readinessProbe": {".": {}, "f:failureThreshold": {}, "f:httpGet": {".": {},
          "f:path": {}, "f:port": {}, "f:scheme": {}}, "f:periodSeconds": {},
          "f:successThreshold": {}, "f:timeoutSeconds": {}},
        "f:resources": {".": {}, "f:limits": {".": {}, "f:memory": {}},
          "f:requests": {".": {}, "f:cpu": {}, "f:memory": {}}},
        "f:terminationMessagePath": {}, "f:terminationMessagePolicy": {}}},
      "f:dnsPolicy": {}, "f:enableServiceLinks": {}, "f:restartPolicy": {}, "f:schedulerName": {},
      "f:securityContext": {}, "f:serviceAccount": {}, "f:serviceAccountName": {},
      "f:terminationGracePeriodSeconds": {}}}}])");
}

[[noreturn]] void Die(const std::string& sentence) {
  std::cerr << "inputs of the benchmarks: " << sentence << '\n';
  std::exit(1);
}

// In the order in which Asks needs them.
const std::vector<json>& Examples() {
  static const std::vector<json> examples = [] {
    auto documents =
        cli::LoadDocuments({.paths = {REMORA_EXAMPLES_DIR}, .recursive = false}, std::cin);
    if (!documents.ok()) Die(documents.error().message());
    std::map<std::string, json> by_name;
    for (const cli::Document& document : *documents) {
      const json& object = document.parsed.value;
      if (object.value("apiVersion", "").starts_with("patterns.remora.dev/")) {
        by_name[object.at("metadata").at("name")] = object;
      }
    }
    std::vector<json> ordered;
    for (const char* name : {"log-saver", "redis", "nginx-exporter", "git-sync"}) {
      if (!by_name.contains(name)) Die(fmt::format("no pattern {} in the examples", name));
      ordered.push_back(by_name[name]);
    }
    return ordered;
  }();
  return examples;
}

std::string Variable(int number) { return fmt::format("V{:04}", number); }

// Without the last bytes: FillUp() adds them.
json Pod(std::size_t bytes, Asks asks) {
  json pod = json::parse(kPod);
  json& annotations = pod["metadata"]["annotations"];
  if (asks == Asks::kOneOfEachKind) {
    annotations["patterns.remora.dev/ambassador"] = "redis";
    annotations["params.patterns.remora.dev/redis.upstream"] = "redis-7.cache.svc:6379";
    annotations["patterns.remora.dev/adapter"] = "nginx-exporter";
  }
  json& variables = pod["spec"]["containers"][0]["env"];
  if (bytes >= kLargeBytes) {
    for (int i = 0; i < kLargeVariables; ++i) {
      variables.push_back({{"name", Variable(i)}, {"value", "1"}});
    }
    return pod;
  }
  if (bytes < kSmallBytes) return pod;
  pod["metadata"]["managedFields"] = ManagedFields();
  constexpr int kTypicalVariables = 24;
  for (int i = 0; i < kTypicalVariables; ++i) {
    variables.push_back({{"name", fmt::format("SHOP_SETTING_{:02}", i)},
                         {"value", fmt::format("https://service-{:02}.shop.svc/v1", i)}});
  }
  return pod;
}

// Makes `document`'s text `bytes` long with the annotation of `pod`, which is a part of it.
std::string FillUp(const json& document, json& pod, std::size_t bytes) {
  const std::size_t size = document.dump().size();
  if (size > bytes) Die(fmt::format("{} bytes do not fit into {}", size, bytes));
  pod["metadata"]["annotations"]["note"] = std::string(bytes - size, 'x');
  return document.dump();
}

}  // namespace

std::vector<json> Patterns(std::size_t count) {
  std::vector<json> patterns;
  patterns.reserve(count);
  const std::vector<json>& examples = Examples();
  for (std::size_t i = 0; i < count; ++i) {
    json pattern = examples[i % examples.size()];
    if (i >= examples.size()) {
      json& name = pattern["metadata"]["name"];
      name = fmt::format("{}-{:05}", name.get<std::string>(), i / examples.size());
    }
    patterns.push_back(std::move(pattern));
  }
  return patterns;
}

std::shared_ptr<const injection::PatternIndex> IndexOf(std::size_t count) {
  injection::PatternIndex::Builder builder;
  for (const json& pattern : Patterns(count)) {
    builder.Add(injection::StoredPattern::FromObject(pattern));
  }
  builder.AddNamespace({.name = "shop", .labels = {}, .annotations = {}});
  return std::move(builder).Build();
}

std::string PodText(std::size_t bytes, Asks asks) {
  json pod = Pod(bytes, asks);
  return FillUp(pod, pod, bytes);
}

std::string ReviewText(std::size_t bytes, Asks asks) {
  json review = json::parse(kReview);
  json& pod = review["request"]["object"] = Pod(bytes, asks);
  return FillUp(review, pod, bytes);
}

std::string Patched(std::string_view pod, std::string_view patch) {
  return json::parse(pod).patch(json::parse(patch)).dump();
}

}  // namespace remora::bench
