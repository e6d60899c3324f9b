#include "webhook/workload_warnings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "operator/injection/pattern_index.h"
#include "tests/integration/webhook/requests.h"

namespace remora::webhook {
namespace {

using injection::StoredPattern;
using nlohmann::json;
using remora::testing::TemplateOf;
using remora::testing::WorkloadReview;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

constexpr const char* kSidecar = "patterns.remora.dev/sidecar";
constexpr const char* kAmbassador = "patterns.remora.dev/ambassador";
constexpr const char* kInTemplate = "spec.template.metadata.annotations";

json Pattern(const std::string& kind, const std::string& name, const json& spec) {
  return {{"apiVersion", "patterns.remora.dev/v1alpha1"},
          {"kind", kind},
          {"metadata", {{"namespace", "shop"}, {"name", name}}},
          {"spec", spec}};
}

class WorkloadWarningsTest : public ::testing::Test {
 protected:
  WorkloadWarningsTest() {
    Add("Sidecar", "saver", {{"container", {{"image", "saver:1"}}}});
    Add("Ambassador", "redis",
        {{"container", {{"image", "redis:1"}}},
         {"endpoints", {{{"name", "redis"}, {"protocol", "TCP"}, {"port", 6379}}}}});
    Add("Sidecar", "backup",
        {{"container", {{"image", "backup:1"}}},
         {"share",
          {{{"name", "data"}, {"path", "/d"}, {"targetPath", "/d"}, {"volumeName", "data"}}}}});
  }

  void Add(const std::string& kind, const std::string& name, const json& spec) {
    builder_.Add(StoredPattern::FromObject(Pattern(kind, name, spec)));
  }
  void LabelNamespace(const std::string& injection) {
    labels_ = {{"patterns.remora.dev/injection", injection}};
  }

  std::vector<std::string> Warnings(const json& review) {
    const std::string text = review.dump();
    EXPECT_TRUE(document_.Parse(text).ok());
    const auto read = ReadReview(document_.root(), arena_);
    EXPECT_TRUE(read.ok());
    EXPECT_TRUE(StoresWorkload(*read));
    const Workload workload = ReadWorkload(*read, arena_);
    builder_.AddNamespace({.name = "shop", .labels = labels_, .annotations = {}});
    const auto index = std::move(builder_).Build();
    builder_ = injection::PatternIndex::Builder(*index);
    const auto outcome = Inject({.pod = workload.pod_template,
                                 .namespace_name = read->namespace_name,
                                 .volume_claims = workload.volume_claims},
                                *index, {}, workspace_);
    auto warnings = WorkloadWarnings(workload, outcome, arena_);
    EXPECT_THAT(warnings, Each(SizeIs(::testing::Le(120u))));
    EXPECT_LE(warnings.size(), 8u);
    return warnings;
  }
  std::vector<std::string> Warnings(const std::string& kind, const json& annotations) {
    return Warnings(WorkloadReview(kind, annotations));
  }
  // Those for a Deployment with annotations of its own.
  std::vector<std::string> WarningsOfOwn(const json& own, const json& of_pods) {
    json review = WorkloadReview("Deployment", of_pods);
    review["request"]["object"]["metadata"]["annotations"] = own;
    return Warnings(review);
  }

  std::map<std::string, std::string, std::less<>> labels_;
  injection::PatternIndex::Builder builder_;
  injection::JsonDocument document_;
  injection::Workspace workspace_;
  Arena arena_;
};

TEST_F(WorkloadWarningsTest, AreNoneWhereAllIsWell) {
  EXPECT_THAT(Warnings("Deployment", json::object()), IsEmpty());
  for (const char* kind : {"Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob"}) {
    EXPECT_THAT(Warnings(kind, {{kSidecar, "saver"}, {kAmbassador, "redis"}}), IsEmpty()) << kind;
  }
}

TEST_F(WorkloadWarningsTest, SayOfEveryKindThatItsPodsWillBeDeniedAndWhy) {
  for (const char* kind : {"Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob"}) {
    EXPECT_THAT(
        Warnings(kind, {{kAmbassador, "reddis"}}),
        ElementsAre(std::string(kind) +
                        " cart: its Pods will be denied: Ambassador reddis (PatternNotFound)",
                    "PatternNotFound: no Ambassador \"reddis\" in namespace shop or "
                    "remora-catalog; did you mean \"redis\"?"));
  }
}

TEST_F(WorkloadWarningsTest, SayWhatThePodsWillBeCreatedWithout) {
  EXPECT_THAT(Warnings("Deployment", {{kSidecar, "savr,saver,backup"}}),
              ElementsAre("Deployment cart: its Pods will be created without: Sidecar backup "
                          "(VolumeNotFound), Sidecar savr (PatternNotFound)",
                          StartsWith("VolumeNotFound: "), StartsWith("PatternNotFound: ")));
}

TEST_F(WorkloadWarningsTest, BeginWithWhatDenies) {
  EXPECT_THAT(
      Warnings("Deployment", {{kSidecar, "savr"}, {kAmbassador, "reddis"}}),
      ElementsAre("Deployment cart: its Pods will be denied: Ambassador reddis (PatternNotFound)",
                  HasSubstr("\"reddis\""),
                  "Deployment cart: once admitted, its Pods will be created without: Sidecar savr "
                  "(PatternNotFound)",
                  HasSubstr("\"savr\"")));
}

TEST_F(WorkloadWarningsTest, NameTheAnnotationThatCannotBeRead) {
  EXPECT_THAT(Warnings("CronJob", {{"patterns.remora.dev/sidcar", "saver"}}),
              ElementsAre("CronJob cart: its Pods will be denied: InvalidAnnotation in "
                          "spec.jobTemplate.spec.template.metadata.annotations",
                          "InvalidAnnotation: annotation patterns.remora.dev/sidcar: unknown key; "
                          "did you mean patterns.remora.dev/sidecar?"));
  const std::string unknown(50, 'x');
  EXPECT_THAT(Warnings("Job", {{"patterns.remora.dev/" + unknown, "saver"}}),
              ElementsAre(EndsWith("InvalidAnnotation in spec.template.metadata.annotations"),
                          AllOf(HasSubstr(unknown), EndsWith("unknown key;")),
                          "... expected patterns.remora.dev/ and sidecar, ambassador, adapter, "
                          "bypass, on-error or inject"));
}

TEST_F(WorkloadWarningsTest, SayWhereAnAnnotationBelongs) {
  EXPECT_THAT(WarningsOfOwn({{kSidecar, "saver"}}, nullptr),
              ElementsAre("Deployment cart: patterns.remora.dev/sidecar in metadata reaches no "
                          "Pod; expected in " +
                          std::string(kInTemplate)));
  const json several = {{kSidecar, "saver"}, {"params.patterns.remora.dev/saver.dir", "/x"}};
  EXPECT_THAT(WarningsOfOwn(several, {{"example.test/a", "b"}}),
              ElementsAre("Deployment cart: patterns.remora.dev/sidecar and 1 more in metadata "
                          "reach no Pod; expected in",
                          "... " + std::string(kInTemplate)));
}

TEST_F(WorkloadWarningsTest, LookAtTheJobsOfACronJobToo) {
  json review = WorkloadReview("CronJob");
  review["request"]["object"]["spec"]["jobTemplate"]["metadata"] = {
      {"annotations", {{kSidecar, "saver"}}}};
  EXPECT_THAT(Warnings(review),
              ElementsAre(StartsWith("CronJob cart: patterns.remora.dev/sidecar in "
                                     "spec.jobTemplate.metadata reaches no Pod; expected"),
                          EndsWith("spec.jobTemplate.spec.template.metadata.annotations")));
}

TEST_F(WorkloadWarningsTest, LeaveAnnotationsThatStandInBothPlaces) {
  EXPECT_THAT(WarningsOfOwn({{kSidecar, "saver"}}, {{kSidecar, "saver"}}), IsEmpty());
  EXPECT_THAT(WarningsOfOwn({{"patterns.remora.dev/status", "{}"}, {"a", "b"}}, nullptr),
              IsEmpty());
}

TEST_F(WorkloadWarningsTest, SayOnceThatADisabledNamespaceGetsNothing) {
  LabelNamespace("disabled");
  EXPECT_THAT(Warnings("Deployment", {{kSidecar, "savr"}, {kAmbassador, "reddis"}}),
              ElementsAre("Deployment cart: its Pods get no companion: NamespaceDisabled: label "
                          "patterns.remora.dev/injection is disabled"));
  EXPECT_THAT(Warnings("Deployment", {{"a", "b"}}), IsEmpty());
  EXPECT_THAT(Warnings("Deployment", {{kSidecar, "x"}, {"patterns.remora.dev/inject", "false"}}),
              IsEmpty());
}

TEST_F(WorkloadWarningsTest, LeaveATemplateThatOptsOut) {
  EXPECT_THAT(Warnings("Deployment", {{kSidecar, "x"}, {"patterns.remora.dev/inject", "false"}}),
              IsEmpty());
}

TEST_F(WorkloadWarningsTest, SpeakOfAutomaticPatternsThatCannotBeAdded) {
  Add("Sidecar", "backup",
      {{"container", {{"image", "backup:1"}}},
       {"selector", json::object()},
       {"share",
        {{{"name", "data"}, {"path", "/d"}, {"targetPath", "/d"}, {"volumeName", "data"}}}}});
  EXPECT_THAT(Warnings("Deployment", nullptr), IsEmpty());
  LabelNamespace("enabled");
  EXPECT_THAT(Warnings("Deployment", nullptr).front(),
              "Deployment cart: its Pods will be created without: Sidecar backup (VolumeNotFound)");
}

TEST_F(WorkloadWarningsTest, CountTheClaimsOfAStatefulSetAsVolumes) {
  json review = WorkloadReview("StatefulSet", {{kSidecar, "backup"}});
  EXPECT_THAT(Warnings(review).front(), EndsWith("Sidecar backup (VolumeNotFound)"));
  review["request"]["object"]["spec"]["volumeClaimTemplates"] = {
      {{"metadata", {{"name", "data"}}}}};
  EXPECT_THAT(Warnings(review), IsEmpty());
}

TEST_F(WorkloadWarningsTest, KnowTheLabelsThatControllersAdd) {
  for (const auto& [label, count] : {std::pair("pod-template-hash", 0u), {"hash", 2u}}) {
    const std::string image = "x:$(pod.labels['" + std::string(label) + "'])";
    Add("Sidecar", "hashed", {{"container", {{"image", image}}}});
    EXPECT_THAT(Warnings("Deployment", {{kSidecar, "hashed"}}), SizeIs(count)) << label;
  }
}

TEST_F(WorkloadWarningsTest, AreEightAtMost) {
  const auto warnings = Warnings("Deployment", {{kAmbassador, "a,b,c,d"}, {kSidecar, "e,f,g,h"}});
  ASSERT_THAT(warnings, SizeIs(8));
  EXPECT_THAT(warnings.front(), HasSubstr("will be denied: "));
  EXPECT_EQ(warnings.back(), "... and more: `remora explain -f FILE` says all of it");
}

// The sentence about a parameter that is missing holds its description, which is any text.
TEST_F(WorkloadWarningsTest, KeepCharactersAndLinesWhole) {
  std::string endless;
  for (int i = 0; i < 300; ++i) endless += "\xc3\xa4";
  for (int shift = 0; shift < 2; ++shift) {
    endless.insert(0, "x");
    json review = WorkloadReview("Deployment", {{kSidecar, "odd"}});
    review["request"]["object"]["metadata"]["name"] = endless;
    Add("Sidecar", "odd",
        {{"container", {{"image", "x:$(params.dir)"}}},
         {"parameters",
          {{{"name", "dir"},
            {"type", "string"},
            {"required", true},
            {"description", "two\nlines\x7f" + endless}}}}});
    const auto warnings = Warnings(review);
    ASSERT_THAT(warnings, SizeIs(5));
    EXPECT_THAT(warnings[0], StartsWith("Deployment x"));
    EXPECT_EQ(warnings[1], "... odd (MissingParameter)");
    EXPECT_THAT(warnings[2], AllOf(StartsWith("MissingParameter: "), EndsWith("(two lines")));
    EXPECT_THAT(warnings[3], StartsWith("... x"));
    EXPECT_THAT(warnings[4], AllOf(StartsWith("... "), EndsWith(" ...")));
    for (const std::string& warning : warnings) {
      EXPECT_NO_THROW(json(warning).dump()) << warning;  // it is UTF-8
      EXPECT_EQ(warning.find_first_of("\n\x7f"), std::string::npos) << warning;
    }
  }
}

TEST_F(WorkloadWarningsTest, AreSilentAboutADenialThatIsNotForetold) {
  const std::string image = "x:$(pod.labels['pod-template-hash'])";
  Add("Ambassador", "hashed", {{"container", {{"image", image}}}});
  EXPECT_THAT(Warnings("Deployment", {{kAmbassador, "hashed"}, {kSidecar, "savr"}}).front(),
              "Deployment cart: its Pods will be created without: Sidecar savr (PatternNotFound)");
}

TEST_F(WorkloadWarningsTest, NameAWorkloadWithoutAName) {
  json review = WorkloadReview("Job", {{kAmbassador, "reddis"}});
  review["request"]["object"]["metadata"] = {{"generateName", "cart-"}};
  EXPECT_THAT(Warnings(review).front(), StartsWith("Job cart-: its Pods"));
  review["request"]["object"]["metadata"] = json::object();
  EXPECT_THAT(Warnings(review).front(), StartsWith("Job: its Pods"));
}

}  // namespace
}  // namespace remora::webhook
