#include "operator/cli/workloads.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace remora::cli {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr const char* kTemplate =
    R"({"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "app"}]}})";

json MakeWorkload(const std::string& api_version, const std::string& kind,
                  const std::string& path) {
  json object = {{"apiVersion", api_version}, {"kind", kind}, {"metadata", {{"name", "cart"}}}};
  object[json::json_pointer(path)] = json::parse(kTemplate);
  return object;
}

struct Case {
  const char* api_version;
  const char* kind;
  const char* path;
  const char* pod_metadata;
};

const Case kCases[] = {
    {"v1", "PodTemplate", "/template", R"({"generateName": "cart-", "labels": {"a": "b"}})"},
    {"v1", "ReplicationController", "/spec/template",
     R"({"generateName": "cart-", "labels": {"a": "b"}})"},
    {"apps/v1", "Deployment", "/spec/template",
     R"({"generateName": "cart-", "labels": {"a": "b"}})"},
    {"apps/v1", "StatefulSet", "/spec/template", R"({"name": "cart-0", "labels": {"a": "b"}})"},
    {"apps/v1", "DaemonSet", "/spec/template",
     R"({"generateName": "cart-", "labels": {"a": "b"}})"},
    {"apps/v1", "ReplicaSet", "/spec/template",
     R"({"generateName": "cart-", "labels": {"a": "b"}})"},
    {"batch/v1", "Job", "/spec/template", R"({"generateName": "cart-", "labels": {"a": "b"}})"},
    {"batch/v1", "CronJob", "/spec/jobTemplate/spec/template",
     R"({"generateName": "cart-", "labels": {"a": "b"}})"},
};

TEST(Workloads, MakesThePodThatTheControllerWouldMake) {
  for (const Case& c : kCases) {
    const json object = MakeWorkload(c.api_version, c.kind, c.path);
    const auto workload = FindWorkload(object, "shop");
    ASSERT_TRUE(workload) << c.kind;
    EXPECT_EQ(workload->ToString(), std::string(c.kind) + " shop/cart");
    const json pod = PodOf(*workload, object);
    EXPECT_EQ(pod["apiVersion"], "v1") << c.kind;
    EXPECT_EQ(pod["kind"], "Pod") << c.kind;
    EXPECT_EQ(pod["metadata"], json::parse(c.pod_metadata)) << c.kind;
    EXPECT_EQ(pod["spec"], json::parse(kTemplate)["spec"]) << c.kind;
  }
}

TEST(Workloads, PutsThePodBackAndLeavesTheRestAlone) {
  for (const Case& c : kCases) {
    const json before = MakeWorkload(c.api_version, c.kind, c.path);
    const auto workload = FindWorkload(before, "shop");
    ASSERT_TRUE(workload) << c.kind;
    json pod = PodOf(*workload, before);
    json after = before;
    PutPod(*workload, pod, after);
    EXPECT_EQ(after, before) << c.kind << ": nothing was changed";
    pod["metadata"]["labels"]["new"] = "1";
    pod["spec"]["volumes"] = json::array({{{"name", "v"}}});
    PutPod(*workload, pod, after);
    json want = before;
    json& pod_template = want[json::json_pointer(c.path)];
    pod_template["metadata"]["labels"]["new"] = "1";
    pod_template["spec"]["volumes"] = json::array({{{"name", "v"}}});
    EXPECT_EQ(after, want) << c.kind;
  }
}

TEST(Workloads, GivesThePodsOfAStatefulSetTheVolumesOfItsClaims) {
  json object = MakeWorkload("apps/v1", "StatefulSet", "/spec/template");
  object["spec"]["volumeClaimTemplates"] =
      json::parse(R"([{"metadata": {"name": "data"}}, {"metadata": {"name": "own"}}, {}])");
  const auto workload = FindWorkload(object, "shop");
  const json without = PodOf(*workload, object);
  EXPECT_EQ(without["spec"]["volumes"], json::parse(R"([
    {"name": "data", "persistentVolumeClaim": {"claimName": "data-cart-0"}},
    {"name": "own", "persistentVolumeClaim": {"claimName": "own-cart-0"}}])"));
  json after = object;
  PutPod(*workload, without, after);
  EXPECT_EQ(after, object) << "not even an empty list";

  object["spec"]["template"]["spec"]["volumes"] = json::parse(R"([{"name": "own"}])");
  json pod = PodOf(*workload, object);
  EXPECT_EQ(pod["spec"]["volumes"].size(), 2u) << "one that the template has is not added";
  pod["spec"]["volumes"].push_back({{"name", "new"}});
  after = object;
  PutPod(*workload, pod, after);
  EXPECT_EQ(after["spec"]["template"]["spec"]["volumes"],
            json::parse(R"([{"name": "own"}, {"name": "new"}])"));
}

TEST(Workloads, TakesAPodAsItIs) {
  const json object = json::parse(
      R"({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x", "namespace": "prod"}, "spec": {}})");
  const auto workload = FindWorkload(object, "shop");
  ASSERT_TRUE(workload);
  EXPECT_EQ(workload->ToString(), "Pod prod/x");
  EXPECT_EQ(PodOf(*workload, object), object);
}

TEST(Workloads, PutsBackATemplateWithoutMetadata) {
  json object = MakeWorkload("apps/v1", "Deployment", "/spec/template");
  object["spec"]["template"].erase("metadata");
  const auto workload = FindWorkload(object, "shop");
  const json pod = PodOf(*workload, object);
  EXPECT_EQ(pod["metadata"], json::parse(R"({"generateName": "cart-"})"));
  json after = object;
  PutPod(*workload, pod, after);
  EXPECT_EQ(after, object);
}

TEST(Workloads, KeepsTheNamesOfTheTemplate) {
  json object = MakeWorkload("apps/v1", "Deployment", "/spec/template");
  object["spec"]["template"]["metadata"]["name"] = "ignored";
  const auto workload = FindWorkload(object, "shop");
  json pod = PodOf(*workload, object);
  EXPECT_FALSE(pod["metadata"].contains("name"));
  json after = object;
  PutPod(*workload, pod, after);
  EXPECT_EQ(after, object);
}

TEST(Workloads, AreOnlyThoseOfKubernetes) {
  struct Other {
    const char* reason;
    const char* object;
  };
  const Other others[] = {
      {"a Job of another group",
       R"({"apiVersion": "batch.volcano.sh/v1", "kind": "Job", "spec": {"template": {}}})"},
      {"a group that is missing",
       R"({"apiVersion": "v1", "kind": "Deployment", "spec": {"template": {}}})"},
      {"no template", R"({"apiVersion": "apps/v1", "kind": "Deployment", "spec": {}})"},
      {"a template that is a list",
       R"({"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"template": []}})"},
      {"a spec that is a list", R"({"apiVersion": "apps/v1", "kind": "Deployment", "spec": [1]})"},
      {"a kind that is a number",
       R"({"apiVersion": "apps/v1", "kind": 1, "spec": {"template": {}}})"},
      {"nothing Kubernetes has", R"({"a": 1})"},
      {"a string", R"("Pod")"},
      {"a list", R"([1])"},
  };
  for (const Other& other : others) {
    EXPECT_FALSE(FindWorkload(json::parse(other.object), "shop")) << other.reason;
  }
}

TEST(Workloads, SurviveStrangeMetadata) {
  for (const char* metadata : {"null", "[]", "1", "{}"}) {
    json object = MakeWorkload("apps/v1", "Deployment", "/spec/template");
    object["spec"]["template"]["metadata"] = json::parse(metadata);
    const auto workload = FindWorkload(object, "shop");
    ASSERT_TRUE(workload);
    json after = object;
    PutPod(*workload, PodOf(*workload, object), after);
    EXPECT_EQ(after, object) << metadata;
    EXPECT_THAT(FindMisplacedAnnotations(*workload, object), IsEmpty());
  }
}

// Case 12 of what hurt users elsewhere.
TEST(Workloads, SayWhereAnAnnotationShouldStand) {
  json deployment = MakeWorkload("apps/v1", "Deployment", "/spec/template");
  deployment["metadata"]["annotations"] = {{"patterns.remora.dev/sidecar", "log-saver"},
                                           {"other/key", "x"}};
  EXPECT_THAT(
      FindMisplacedAnnotations(*FindWorkload(deployment, "shop"), deployment),
      ElementsAre(
          "the annotation patterns.remora.dev/sidecar stands in metadata.annotations, where no "
          "Pod gets it from; expected in spec.template.metadata.annotations"));
  json cron_job = MakeWorkload("batch/v1", "CronJob", "/spec/jobTemplate/spec/template");
  cron_job["spec"]["jobTemplate"]["metadata"]["annotations"] = {
      {"params.patterns.remora.dev/a.b", "1"}};
  EXPECT_THAT(FindMisplacedAnnotations(*FindWorkload(cron_job, "shop"), cron_job),
              ElementsAre("the annotation params.patterns.remora.dev/a.b stands in "
                          "spec.jobTemplate.metadata.annotations, "
                          "where no Pod gets it from; expected in "
                          "spec.jobTemplate.spec.template.metadata.annotations"));
  json pod = json::parse(R"({"apiVersion": "v1", "kind": "Pod",
                             "metadata": {"annotations": {"patterns.remora.dev/sidecar": "x"}}})");
  EXPECT_THAT(FindMisplacedAnnotations(*FindWorkload(pod, "shop"), pod), IsEmpty());
}

}  // namespace
}  // namespace remora::cli
