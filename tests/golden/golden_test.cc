// Every golden case through four routes that must agree: the library, the shipped webhook over
// HTTPS, the shipped command, and "apply the patch and inject again".
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <set>
#include <thread>

#include "operator/injection/explanation.h"
#include "operator/injection/injector.h"
#include "operator/injection/live_pattern.h"
#include "operator/injection/pattern_index.h"
#include "operator/injection/plan.h"
#include "tests/fakes/fake_api_server.h"
#include "tests/golden/golden_case.h"
#include "tests/golden/program.h"

namespace remora::testing {
namespace {

using nlohmann::json;

std::vector<std::string> CaseNames() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(REMORA_GOLDEN_DIR)) {
    names.push_back(entry.path().filename());
  }
  std::sort(names.begin(), names.end());
  return names;
}

template <typename Facts>
std::shared_ptr<const Facts> FactsOf(const json& object) {
  return std::make_shared<const Facts>(Facts::FromObject(object));
}

// The library's answer, and what it decided.
struct LibraryRoute {
  explicit LibraryRoute(const GoldenCase& golden) {
    injection::PatternIndex::Builder builder;
    for (const json& pattern : golden.patterns) {
      builder.Add(
          injection::ServePattern(**injection::LivePattern::FromObject(pattern), nullptr, {}));
    }
    for (const json& object : golden.namespaces) {
      if (object["kind"] == "LimitRange") {
        builder.AddLimitRange(FactsOf<injection::LimitRangeFacts>(object));
      } else if (object["kind"] == "ResourceQuota") {
        builder.AddResourceQuota(FactsOf<injection::QuotaFacts>(object));
      } else {
        builder.AddNamespace(injection::NamespaceFacts::FromObject(object));
      }
    }
    index_ = std::move(builder).Build();
    namespace_name_ = golden.namespace_name;
  }

  Answer Run(const json& pod) {
    const std::string text = pod.dump();
    REMORA_CHECK(document_.Parse(text).ok());
    outcome_ = injection::Inject(
        {.pod = document_.root(), .namespace_name = namespace_name_, .explain = true}, *index_,
        environment_, workspace_);
    Answer answer;
    answer.denied = outcome_.message;
    if (outcome_.verdict != injection::Verdict::kDenied) answer.patch = "[]";
    if (outcome_.verdict == injection::Verdict::kPatched) answer.patch = outcome_.patch;
    for (const auto warning : outcome_.warnings) answer.warnings.append(warning).append("\n");
    return answer;
  }

  const injection::Outcome& outcome() const { return outcome_; }

 private:
  std::shared_ptr<const injection::PatternIndex> index_;
  std::string namespace_name_;
  injection::Environment environment_;
  injection::JsonDocument document_;
  injection::Workspace workspace_;
  injection::Outcome outcome_;
};

std::string FromBase64(const std::string& text) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  unsigned value = 0;
  int bits = 0;
  for (const char c : text) {
    const std::size_t digit = kDigits.find(c);
    if (digit == std::string_view::npos) break;
    value = value << 6U | static_cast<unsigned>(digit);
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes += static_cast<char>(value >> static_cast<unsigned>(bits) & 0xFFU);
    }
  }
  return bytes;
}

// The shipped webhook, fed by an API server that holds the case's patterns.
class WebhookRoute {
 public:
  explicit WebhookRoute(const GoldenCase& golden) {
    for (json object : golden.patterns) {
      const auto kind = api::ParsePatternKind(object["kind"].get<std::string>());
      api_server_.Put(
          "/apis/patterns.remora.dev/v1alpha1/" + std::string(api::PatternKindPlural(*kind)),
          std::move(object));
    }
    for (const json& object : golden.namespaces) {
      const std::string kind = object["kind"];
      api_server_.Put(kind == "LimitRange"      ? "/api/v1/limitranges"
                      : kind == "ResourceQuota" ? "/api/v1/resourcequotas"
                                                : "/api/v1/namespaces",
                      object);
    }
    const TestCertificate& certificate = api_server_.certificate();
    folder_.Write("ca.crt", certificate.authority_pem);
    folder_.Write("kubeconfig", Kubeconfig());
    const auto cert = folder_.Write("tls.crt", certificate.certificate_pem);
    const auto key = folder_.Write("tls.key", certificate.key_pem);
    program_ = std::make_unique<RunningProgram>(std::vector<std::string>{
        REMORA_WEBHOOK_PROGRAM, "--kubeconfig", folder_.path() / "kubeconfig", "--bind-address",
        "127.0.0.1", "--port", "0", "--tls-cert-file", cert, "--tls-private-key-file", key,
        "--drain-seconds", "0", "--threads", "1"});
  }

  // False when it ends or is not ready within a minute (sanitizers, a busy machine).
  bool WaitUntilReady() {
    for (int tries = 0; tries < 6000 && program_->IsRunning(); ++tries) {
      if (port_.empty()) port_ = PortOfLog(program_->Errors());
      if (!port_.empty() && Curl("/readyz", {"--fail"}).exit_code == 0) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  }

  std::string Errors() const { return program_->Errors(); }
  int Stop() { return program_->Stop(); }

  Answer Run(const GoldenCase& golden) {
    const json review = {{"apiVersion", "admission.k8s.io/v1"},
                         {"kind", "AdmissionReview"},
                         {"request",
                          {{"uid", "uid-1"},
                           {"kind", {{"group", ""}, {"version", "v1"}, {"kind", "Pod"}}},
                           {"resource", {{"group", ""}, {"version", "v1"}, {"resource", "pods"}}},
                           {"namespace", golden.namespace_name},
                           {"operation", "CREATE"},
                           {"object", golden.pod}}}};
    const auto body = folder_.Write("review.json", review.dump());
    const Finished finished = Curl(
        "/v1/pods/named",
        {"--fail", "-H", "Content-Type: application/json", "--data-binary", "@" + body.string()});
    const json answer = json::parse(finished.out, nullptr, false);
    if (!answer.is_object()) return {"no review: " + finished.out + finished.err, "", ""};
    const json& response = answer["response"];
    EXPECT_EQ(response["uid"], "uid-1");
    Answer result;
    if (response["allowed"] == true) {
      result.patch = response.contains("patch") ? FromBase64(response["patch"]) : "[]";
    } else {
      result.denied = response["status"]["message"];
    }
    for (const json& warning : response.value("warnings", json::array())) {
      result.warnings += warning.get<std::string>() + "\n";
    }
    return result;
  }

 private:
  std::string Kubeconfig() const {
    return "apiVersion: v1\nkind: Config\ncurrent-context: c\nclusters: [{name: c, cluster: "
           "{server: '" +
           api_server_.url() + "', certificate-authority: '" +
           (folder_.path() / "ca.crt").string() +
           "'}}]\nusers: [{name: u, user: {token: t}}]\ncontexts: [{name: c, context: {cluster: c, "
           "user: u}}]\n";
  }

  static std::string PortOfLog(const std::string& log) {
    constexpr std::string_view kBefore = "127.0.0.1:";
    const std::size_t at = log.find(kBefore);
    if (at == std::string::npos) return {};
    const std::size_t start = at + kBefore.size();
    return log.substr(start, log.find_first_not_of("0123456789", start) - start);
  }

  Finished Curl(const std::string& path, std::vector<std::string> options) {
    std::vector<std::string> command = {"curl", "--silent", "--show-error",           "--max-time",
                                        "20",   "--cacert", folder_.path() / "ca.crt"};
    command.insert(command.end(), options.begin(), options.end());
    command.push_back("https://127.0.0.1:" + port_ + path);
    return RunProgram(command);
  }

  FakeApiServer api_server_;
  TemporaryFolder folder_;
  std::string port_;
  std::unique_ptr<RunningProgram> program_;
};

// The shipped command on the case's files.
class CommandRoute {
 public:
  explicit CommandRoute(const GoldenCase& golden) : golden_(golden) {}

  Finished Run(const std::string& command, const std::vector<std::string>& options) {
    std::vector<std::string> line = {REMORA_PROGRAM, command,
                                     "-f",           golden_.folder / "pod.json",
                                     "--patterns",   golden_.folder / "patterns"};
    if (!golden_.namespaces.empty()) {
      line.insert(line.end(), {"--patterns", golden_.folder / "namespaces.yaml"});
    }
    line.insert(line.end(), options.begin(), options.end());
    return RunProgram(line);
  }

 private:
  const GoldenCase& golden_;
};

class Golden : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    golden_ = GoldenCase::Load(std::filesystem::path(REMORA_GOLDEN_DIR) / GetParam());
    LibraryRoute library(golden_);
    const Answer answer = library.Run(golden_.pod);
    explanation_ = injection::ExplainAsText(library.outcome());
    if (std::getenv("REMORA_UPDATE_GOLDEN") != nullptr) {
      WriteWanted(golden_.folder, answer, explanation_);
    }
    wanted_ = ReadWanted(golden_.folder);
    answer_ = answer;
  }

  json PatchedPod() const { return golden_.pod.patch(json::parse(wanted_.patch)); }

  GoldenCase golden_;
  Answer wanted_;
  Answer answer_;  // the library's
  std::string explanation_;
};

TEST_P(Golden, LibraryGivesTheWantedPatchAndExplanation) {
  EXPECT_EQ(answer_.denied, wanted_.denied);
  EXPECT_EQ(answer_.warnings, wanted_.warnings);
  EXPECT_EQ(answer_.patch, wanted_.patch);
  EXPECT_EQ(explanation_, ReadFile(golden_.folder / "want.explain.txt"));
}

TEST_P(Golden, ShippedWebhookGivesTheSameBytes) {
  WebhookRoute webhook(golden_);
  ASSERT_TRUE(webhook.WaitUntilReady()) << webhook.Errors();
  const Answer answer = webhook.Run(golden_);
  EXPECT_EQ(answer.denied, wanted_.denied);
  EXPECT_EQ(answer.warnings, wanted_.warnings);
  EXPECT_EQ(answer.patch, wanted_.patch);
  EXPECT_EQ(webhook.Stop(), 0) << webhook.Errors();
}

TEST_P(Golden, ShippedCommandGivesTheSamePodAndExplanation) {
  CommandRoute command(golden_);
  const Finished injected = command.Run("inject", {"-o", "json"});
  if (wanted_.denied.empty()) {
    EXPECT_EQ(injected.exit_code, 0) << injected.err;
    EXPECT_EQ(json::parse(injected.out, nullptr, false), PatchedPod());
  } else {
    EXPECT_EQ(injected.exit_code, 1);
    EXPECT_THAT(injected.err, ::testing::HasSubstr(wanted_.denied));
  }
  const Finished explained = command.Run("explain", {});
  // Pods that the API server does not send at all are said to be so in the command's own words.
  if (golden_.name != "mirror-pod") {
    EXPECT_THAT(explained.out, ::testing::HasSubstr(explanation_));
  }
  const bool refused = !wanted_.denied.empty() || !wanted_.warnings.empty();
  EXPECT_EQ(explained.exit_code, refused ? 1 : 0) << explained.err;
}

TEST_P(Golden, SecondCallChangesNothing) {
  if (!wanted_.denied.empty()) return;  // there is no second call
  LibraryRoute library(golden_);
  EXPECT_EQ(library.Run(PatchedPod()).patch, "[]");
}

INSTANTIATE_TEST_SUITE_P(All, Golden, ::testing::ValuesIn(CaseNames()), [](const auto& instance) {
  std::string name = instance.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

// A list made from the enum: a reason that no case shows is found here.
TEST(GoldenCases, ShowEveryReason) {
  std::string all;
  for (const std::string& name : CaseNames()) {
    all += ReadFile(std::filesystem::path(REMORA_GOLDEN_DIR) / name / "want.explain.txt");
  }
  // Pods of these do not come to the engine; the command's own tests show them.
  const std::set<std::string_view> elsewhere = {"NamespaceExcluded", "DeadlineExceeded",
                                                "InternalError"};
  for (int i = 0; i < api::kReasonCount; ++i) {
    const std::string_view reason = api::ReasonName(static_cast<api::Reason>(i));
    if (elsewhere.contains(reason)) continue;
    EXPECT_THAT(all, ::testing::HasSubstr(": " + std::string(reason))) << reason;
  }
}

}  // namespace
}  // namespace remora::testing
