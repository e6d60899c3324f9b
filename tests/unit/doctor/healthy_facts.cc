#include "tests/unit/doctor/healthy_facts.h"

#include <fstream>
#include <iterator>

#include "operator/api/annotations.h"
#include "operator/base/base64.h"
#include "operator/base/timestamp.h"
#include "operator/cli/documents.h"
#include "operator/cli/yaml_reader.h"

namespace remora::cli::doctor {

namespace {

using nlohmann::json;

std::string ReadText(const std::string& path) {
  std::ifstream file(REMORA_SOURCE_DIR "/" + path);
  EXPECT_TRUE(file) << path;
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

json Crd(api::PatternKind kind) {
  const std::string path = "crds/" + std::string(PatternKindPlural(kind)) + ".yaml";
  auto parsed = ReadYaml(ReadText(path), {path, 1});
  EXPECT_TRUE(parsed.ok());
  json crd = parsed->value;
  crd["status"]["conditions"] = {{{"type", "Established"}, {"status", "True"}}};
  return crd;
}

void Replace(std::string& text, const std::string& from, const std::string& to) {
  for (std::size_t at = text.find(from); at != text.npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

// Those of hack/webhook-configuration.yaml.in, asked by the Service as the chart does.
void AddConfigurations(const std::string& bundle_pem, Facts& facts) {
  std::string text = ReadText("hack/webhook-configuration.yaml.in");
  Replace(text, "@URL@", "https://webhook");
  Replace(text, "@CA_BUNDLE@", EncodeBase64(bundle_pem));
  const auto documents = ReadDocuments(text, "webhook-configuration.yaml.in");
  ASSERT_TRUE(documents.ok());
  ASSERT_EQ(documents->size(), 2U);
  std::vector<json> lists;
  for (const Document& document : *documents) {
    json configuration = document.parsed.value;
    for (json& webhook : configuration["webhooks"]) {
      json& client = webhook["clientConfig"];
      const std::string path =
          client["url"].get<std::string>().substr(sizeof "https://webhook" - 1);
      client.erase("url");
      client["service"] = {
          {"name", "remora-webhook"}, {"namespace", "remora-system"}, {"path", path}};
    }
    lists.push_back(json::array({configuration}));
  }
  facts.mutating = lists[0];
  facts.validating = lists[1];
}

json Deployment(const std::string& name) {
  return {{"metadata", {{"name", name}, {"labels", {{"app.kubernetes.io/version", "0.1.0"}}}}},
          {"spec",
           {{"replicas", 2},
            {"template", {{"spec", {{"containers", {{{"image", "remora:0.1.0"}}}}}}}}}},
          {"status", {{"readyReplicas", 2}}}};
}

}  // namespace

Chain MakeChain(const Validity& validity, const std::string& dns_name) {
  Chain chain{MakeAuthority("an authority", validity), {}};
  auto leaf = IssueServerCertificate(chain.authority, {"webhook", {dns_name}, validity});
  EXPECT_TRUE(leaf.ok());
  chain.leaf = *leaf;
  return chain;
}

namespace {

Facts MakeFacts() {
  using std::chrono::hours;
  const Chain chain =
      MakeChain({kNow - hours(1), kNow + hours(24)}, "remora-webhook.remora-system.svc");
  Facts facts;
  facts.program_version = "0.1.0";
  facts.server = "https://10.0.0.1:6443";
  facts.now = kNow;
  facts.server_version = json{{"gitVersion", "v1.36.4"}};
  for (int i = 0; i < api::kPatternKindCount; ++i) {
    facts.kinds.at(static_cast<std::size_t>(i)) = Crd(static_cast<api::PatternKind>(i));
  }
  AddConfigurations(chain.authority.certificate_pem, facts);
  facts.serving_secret = json{{"data", {{"tls.crt", EncodeBase64(chain.leaf.certificate_pem)}}}};
  facts.endpoint_slices = json::array(
      {{{"endpoints", {{{"conditions", {{"ready", true}}}}, {{"conditions", json::object()}}}}}});
  facts.lease = json{{"spec",
                      {{"holderIdentity", "operator-a"},
                       {"leaseDurationSeconds", 15},
                       {"renewTime", FormatMicroTime(kNow - std::chrono::seconds(2))}}}};
  for (ProgramFacts* program : {&facts.webhook, &facts.operator_program}) {
    program->deployment = Deployment(program->name);
    program->service_account = json::object();
    program->missing_rights = json::array();
  }
  facts.catalog = json::object();
  facts.sealed = json::object();
  facts.quotas = json::array({{{"spec", {{"hard", {{"pods", "0"}}}}}}});
  facts.patterns =
      json::array({{{"kind", "Sidecar"},
                    {"metadata", {{"name", "log-saver"}, {"namespace", "remora-catalog"}}},
                    {"status", {{"conditions", {{{"type", "Ready"}, {"status", "True"}}}}}}}});
  facts.probe = {"shop",
                 Error(ErrorCode::kPermissionDenied,
                       "admission webhook \"named.patterns.remora.dev\" denied the request: "
                       "PatternNotFound: no Sidecar \"remora-doctor-probe\" in namespace shop")};
  return facts;
}

}  // namespace

// The CRDs take a while to read.
Facts HealthyFacts() {
  static const Facts kFacts = MakeFacts();
  return kFacts;
}

}  // namespace remora::cli::doctor
