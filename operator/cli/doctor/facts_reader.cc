#include "operator/cli/doctor/facts_reader.h"

#include <chrono>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "operator/api/annotations.h"
#include "operator/cli/doctor/right_checks.h"
#include "operator/cli/doctor/webhook_checks.h"

namespace remora::cli::doctor {

namespace {

using kube::ObjectKey;
using kube::Resource;
using nlohmann::json;

constexpr const char* kAdmission = "admissionregistration.k8s.io";
constexpr const char* kReleaseName = "/metadata/annotations/meta.helm.sh~1release-name";
// The API server may wait 30 s for a webhook, and there may be several.
constexpr std::chrono::seconds kTryDeadline{60};
constexpr std::chrono::seconds kDeadline{10};

Answer ListOf(const Result<std::vector<json>>& objects) {
  if (!objects.ok()) return objects.error();
  return json(*objects);
}

class Reader {
 public:
  Reader(LiveCluster& cluster, Facts& facts) : cluster_(cluster), facts_(facts) {}

  void ReadAll() {
    ReadVersion(cluster_, facts_);
    if (!facts_.server_version.ok()) return;
    ReadKinds();
    ReadConfigurations();
    facts_.webhook.deployment = GetDeployment(facts_.webhook);
    facts_.operator_program.deployment = GetDeployment(facts_.operator_program);
    ReadRelease();
    ReadRights(facts_.webhook, WebhookRights());
    std::vector<NeededRight> rights = OperatorRights();
    const std::vector<NeededRight> on_secrets = SecretRights(facts_);
    rights.insert(rights.end(), on_secrets.begin(), on_secrets.end());
    ReadRights(facts_.operator_program, rights);
    ReadPatterns();
    ReadProbe();
  }

 private:
  Answer Get(const Resource& resource, const ObjectKey& key) {
    auto object = cluster_.client().Get(resource, key, {.deadline = kDeadline});
    if (object.ok()) return object;
    const std::string what = "get " + resource.ToString() + ' ' + key.ToString();
    return cluster_.Describe(object.error(), what);
  }

  Answer List(const Resource& resource, kube::Scope scope = {}) {
    return ListOf(cluster_.List(resource, std::move(scope)));
  }

  void ReadKinds() {
    for (std::size_t i = 0; i < facts_.kinds.size(); ++i) {
      const auto kind = static_cast<api::PatternKind>(i);
      facts_.kinds[i] =
          Get({"apiextensions.k8s.io", "v1", "customresourcedefinitions"},
              {.name = std::string(PatternKindPlural(kind)) + '.' + std::string(api::kGroup)});
    }
  }

  void ReadConfigurations() {
    facts_.mutating = List({kAdmission, "v1", "mutatingwebhookconfigurations"});
    facts_.validating = List({kAdmission, "v1", "validatingwebhookconfigurations"});
    if (const json* own = FindNamed(facts_.mutating, "remora")) {
      const std::string release = TextAt(*own, kReleaseName);
      // It becomes part of commands that people copy.
      if (api::IsDnsSubdomain(release)) facts_.release = release;
    }
  }

  Answer GetDeployment(const ProgramFacts& program) {
    return Get({"apps", "v1", "deployments"}, {facts_.release_namespace, program.name});
  }

  void ReadRights(ProgramFacts& program, const std::vector<NeededRight>& rights) {
    program.service_account =
        Get({"", "v1", "serviceaccounts"}, {facts_.release_namespace, program.name});
    if (program.service_account.ok()) {
      program.missing_rights = AskForRights(program.name, QuestionsOf(rights, facts_));
    }
  }

  // Which of them it has not.
  Answer AskForRights(const std::string& account, const std::vector<AccessQuestion>& questions) {
    const std::string group = "system:serviceaccounts";
    const std::string user = "system:serviceaccount:" + facts_.release_namespace + ':' + account;
    const json groups = {group, group + ':' + facts_.release_namespace, "system:authenticated"};
    const std::string what = "ask what " + user + " may do";
    json missing = json::array();
    for (const AccessQuestion& question : questions) {
      const json review = {
          {"apiVersion", "authorization.k8s.io/v1"},
          {"kind", "SubjectAccessReview"},
          {"spec",
           {{"user", user}, {"groups", groups}, {"resourceAttributes", question.attributes}}}};
      const auto answer = cluster_.client().Review(
          {"authorization.k8s.io", "v1", "subjectaccessreviews"}, review, {.deadline = kDeadline});
      if (!answer.ok()) return cluster_.Describe(answer.error(), what);
      if (answer->value("/status/allowed"_json_pointer, false)) continue;
      missing.push_back(question.sentence);
    }
    return missing;
  }

  void ReadRelease() {
    const std::string& space = facts_.release_namespace;
    facts_.endpoint_slices = List(
        {"discovery.k8s.io", "v1", "endpointslices"},
        {.namespace_name = space, .label_selector = "kubernetes.io/service-name=remora-webhook"});
    facts_.lease = Get({"coordination.k8s.io", "v1", "leases"}, {space, "remora-operator"});
    if (facts_.webhook.deployment.ok()) {
      for (const json& volume : ListAt(*facts_.webhook.deployment, "/spec/template/spec/volumes")) {
        const std::string secret = TextAt(volume, "/secret/secretName");
        if (TextAt(volume, "/name") == "tls" && !secret.empty()) facts_.secret = secret;
      }
    }
    facts_.serving_secret = Get({"", "v1", "secrets"}, {space, facts_.secret});
  }

  void ReadPatterns() {
    const Resource namespaces{"", "v1", "namespaces"};
    facts_.catalog = Get(namespaces, {.name = facts_.catalog_namespace});
    facts_.sealed = Get(namespaces, {.name = facts_.sealed_namespace});
    facts_.quotas = List({"", "v1", "resourcequotas"}, {facts_.sealed_namespace});
    facts_.patterns = ListPatterns("");
    // Everybody may read the catalog.
    if (!facts_.patterns.ok() && facts_.patterns.error().code() == ErrorCode::kPermissionDenied) {
      facts_.patterns = ListPatterns(facts_.catalog_namespace);
    }
  }

  Answer ListPatterns(const std::string& namespace_name) {
    json all = json::array();
    for (int i = 0; i < api::kPatternKindCount; ++i) {
      auto some =
          cluster_.List(PatternResource(static_cast<api::PatternKind>(i)), {namespace_name});
      if (!some.ok()) return some.error();
      for (json& pattern : *some) all.push_back(std::move(pattern));
    }
    return all;
  }

  void ReadProbe() {
    std::vector<std::pair<std::string, Labels>> candidates;
    for (const std::string& name :
         {cluster_.namespace_name(), std::string("default"), facts_.catalog_namespace}) {
      const Answer own = Get({"", "v1", "namespaces"}, {.name = name});
      if (!own.ok() && own.error().code() == ErrorCode::kNotFound) continue;
      Labels labels;
      if (own.ok()) labels = own->value("/metadata/labels"_json_pointer, Labels());
      candidates.emplace_back(name, std::move(labels));
    }
    const std::string chosen = PickAskedNamespace(facts_.mutating, candidates);
    if (!chosen.empty()) facts_.probe = Try(cluster_, ProbePod(chosen));
  }

  LiveCluster& cluster_;
  Facts& facts_;
};

}  // namespace

void ReadFacts(LiveCluster& cluster, Facts& facts) { Reader(cluster, facts).ReadAll(); }

void ReadVersion(LiveCluster& cluster, Facts& facts) {
  facts.server = cluster.server();
  facts.server_version = cluster.client().Version({.deadline = kDeadline});
  if (facts.server_version.ok()) return;
  facts.server_version =
      cluster.Describe(facts.server_version.error(), "ask the API server for its version");
}

TriedPod Try(LiveCluster& cluster, const json& pod) {
  const std::string space = TextAt(pod, "/metadata/namespace");
  return {space, cluster.client().Create({"", "v1", "pods"}, pod, {.deadline = kTryDeadline},
                                         {.dry_run = true})};
}

}  // namespace remora::cli::doctor
