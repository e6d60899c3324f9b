// What the API server makes of a Pod that is tried.
#include "operator/cli/doctor/admission_checks.h"

#include "tests/unit/doctor/healthy_facts.h"

namespace remora::cli::doctor {
namespace {

using nlohmann::json;

constexpr char kAnswers[] = "webhook answers";

Finding Probe(const Error& error) {
  Facts facts = HealthyFacts();
  facts.probe.answer = error;
  return JudgeProbe(facts);
}

TEST(DoctorProbe, IsFineWhenOnlyTheWebhookCanHaveRefusedIt) {
  EXPECT_THAT(JudgeProbe(HealthyFacts()),
              Says(Level::kOk, kAnswers, "about Pods in namespace shop, and trusts"));
  const json pod = ProbePod("shop");
  EXPECT_EQ(pod["metadata"]["namespace"], "shop");
  EXPECT_EQ(pod["metadata"]["annotations"]["patterns.remora.dev/on-error"], "Deny");
}

TEST(DoctorProbe, TellsWhyTheWebhookIsNotReached) {
  const auto failed = [](const std::string& why) {
    return Probe(
        Error(ErrorCode::kUnavailable,
              "Internal error occurred: failed calling webhook "
              "\"named.patterns.remora.dev\": failed to call webhook: Post "
              "\"https://remora-webhook.remora-system.svc:443/v1/pods/named?timeout=5s\": " +
                  why + " (500 InternalError)"));
  };
  struct Case {
    const char* words;
    const char* meaning;
    const char* remedy;
  };
  constexpr Case kCases[] = {
      {"tls: failed to verify certificate: x509: certificate signed by unknown authority",
       "caBundle is not of the authority", "rollout restart deployment/remora-operator"},
      {"tls: failed to verify certificate: x509: certificate has expired or is not yet valid: "
       "current time 2026-01-01T00:00:00Z is after 2025-12-31T00:00:00Z",
       "out of its time by the clock of the API server", "rollout restart"},
      {"tls: failed to verify certificate: x509: certificate is valid for a, not b",
       "for another name", "rollout restart"},
      {"dial tcp 10.96.0.9:443: connect: connection refused", "nothing listens", "describe pods"},
      {"no endpoints available for service \"remora-webhook\"", "no ready endpoint",
       "describe pods"},
      {"service \"remora-webhook\" not found", "Service is missing", "helm upgrade"},
      {"context deadline exceeded", "does not answer the API server in time", "port 10250"},
      {"dial tcp 10.0.0.1:443: i/o timeout", "does not answer the API server in time",
       "port 10250"},
      {"EOF", "cannot ask the webhook", "describe pods"},
  };
  for (const Case& c : kCases) {
    EXPECT_THAT(failed(c.words), Says(Level::kProblem, kAnswers, c.meaning, c.remedy)) << c.words;
    EXPECT_THAT(failed(c.words).sentence, ::testing::HasSubstr(c.words));
  }
}

TEST(DoctorProbe, TellsTheWebhooksOfOthersApart) {
  EXPECT_THAT(Probe(Error(ErrorCode::kUnavailable,
                          "failed calling webhook \"x.istio.io\": connection refused")),
              Says(Level::kWarning, kAnswers, "somebody else's webhook", "kubectl get"));
}

TEST(DoctorProbe, SaysThatNobodyAskedTheWebhook) {
  Facts facts = HealthyFacts();
  facts.probe.answer = json::object();
  EXPECT_THAT(JudgeProbe(facts),
              Says(Level::kProblem, kAnswers,
                   "did not ask the webhook about a Pod in namespace shop", "helm upgrade"));
}

TEST(DoctorProbe, ProvesNothingWhereThePodDoesNotComeThatFar) {
  EXPECT_THAT(Probe(Error(ErrorCode::kPermissionDenied,
                          "pods is forbidden: User \"x\" cannot create resource \"pods\"")),
              Says(Level::kUnknown, kAnswers, "cannot create", "doctor --namespace NAMESPACE"));
  EXPECT_THAT(Probe(Error(ErrorCode::kDeadlineExceeded, "too slow")),
              Says(Level::kProblem, kAnswers, "too slow", "kubectl"));
  Facts facts = HealthyFacts();
  facts.probe = {};
  EXPECT_THAT(JudgeProbe(facts), Says(Level::kUnknown, kAnswers, "no namespace was found",
                                      "doctor --namespace NAMESPACE"));
}

class DoctorTry : public ::testing::Test {
 protected:
  Finding Judge(const Answer& answer) {
    return JudgeTry(HealthyFacts(), request_, {"shop", answer});
  }
  static json PodWithRecord(const json& patterns) {
    return {
        {"metadata",
         {{"annotations", {{"patterns.remora.dev/status", json{{"patterns", patterns}}.dump()}}}}},
        {"spec", {{"containers", {{{"name", "remora-doctor"}}}}}}};
  }

  TryRequest request_{api::PatternKind::kSidecar, "log-saver"};
};

TEST_F(DoctorTry, AsksForThePatternOfThatKind) {
  EXPECT_EQ(TryPod(request_, "shop")["metadata"]["annotations"],
            json({{"patterns.remora.dev/sidecar", "log-saver"}}));
  request_.kind = api::PatternKind::kAdapter;
  EXPECT_EQ(TryPod(request_, "shop")["metadata"]["annotations"],
            json({{"patterns.remora.dev/adapter", "log-saver"}}));
}

TEST_F(DoctorTry, FindsTheCompanionAmongEitherContainers) {
  json pod = PodWithRecord(json::array());
  pod["spec"]["initContainers"] = {{{"name", "log-saver"}}};
  EXPECT_THAT(Judge(pod),
              Says(Level::kOk, "try sidecar/log-saver", "gets the container log-saver"));
  pod["spec"].erase("initContainers");
  pod["spec"]["containers"].push_back({{"name", "log-saver"}});
  EXPECT_THAT(Judge(pod),
              Says(Level::kOk, "try sidecar/log-saver", "gets the container log-saver"));
}

TEST_F(DoctorTry, SaysWhyTheCompanionIsNotThere) {
  EXPECT_THAT(
      Judge(PodWithRecord({{{"reason", "PatternNotFound"}, {"message", "no Sidecar"}}})),
      Says(Level::kProblem, "try sidecar/log-saver",
           "without the container log-saver: PatternNotFound: no Sidecar", "remora status --all"));
  EXPECT_THAT(Judge(json{{"spec", {{"containers", json::array()}}}}),
              Says(Level::kProblem, "try sidecar/log-saver", "did not ask the webhook", "helm"));
  EXPECT_THAT(
      Judge(Error(ErrorCode::kPermissionDenied, "exceeded quota")),
      Says(Level::kProblem, "try sidecar/log-saver", "is refused: exceeded quota", "status"));
  EXPECT_THAT(Judge(Error(ErrorCode::kUnavailable,
                          "failed calling webhook \"named.patterns.remora.dev\": "
                          "connection refused")),
              Says(Level::kProblem, "try sidecar/log-saver", "nothing listens", "describe pods"));
}

}  // namespace
}  // namespace remora::cli::doctor
