// The certificate reconciler in front of a fake API server.

#include "operator/reconcilers/certificate_reconciler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "operator/base/base64.h"
#include "tests/fakes/fake_clock.h"
#include "tests/integration/kube_client_fixture.h"
#include "tests/integration/webhook/log_capture.h"

namespace remora::reconcilers {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using remora::testing::FakeApiServer;
using remora::testing::FakeClock;
using remora::testing::LogCapture;
using std::chrono::days;
using ::testing::Contains;
using ::testing::HasSubstr;

constexpr const char* kMutating =
    "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations";
constexpr const char* kValidating =
    "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";
constexpr const char* kSecrets = "/api/v1/secrets";
constexpr const char* kNamespace = "remora-system";

json Entry(const std::string& name) {
  return {{"name", name},
          {"clientConfig", {{"service", {{"name", "remora-webhook"}, {"path", "/" + name}}}}},
          {"timeoutSeconds", 5}};
}

json Configuration(const std::vector<std::string>& entries) {
  json webhooks = json::array();
  for (const std::string& entry : entries) webhooks.push_back(Entry(entry));
  return {{"metadata", {{"name", "remora"}, {"labels", {{"patterns.remora.dev/ca", "managed"}}}}},
          {"webhooks", webhooks}};
}

class CertificateReconcilerTest : public kube::KubeClientTest {
 protected:
  CertificateReconcilerTest() {
    server_.Put(kMutating, Configuration({"named", "automatic"}));
    server_.Put(kValidating, Configuration({"patterns"}));
  }

  static CertificateReconciler::Options MakeOptions() {
    return {.namespace_name = kNamespace,
            .certificates = {.dns_names = ServiceDnsNames("remora-webhook", kNamespace)}};
  }
  CertificateReconciler Make(CertificateReconciler::Options options = MakeOptions()) {
    return {*client_, clock_, std::move(options)};
  }
  Clock::Duration Must(CertificateReconciler& reconciler) {
    const auto wait = reconciler.Reconcile({});
    EXPECT_TRUE(wait.ok()) << wait.error().message();
    return wait.ok() ? *wait : Clock::Duration{};
  }
  // To the moment before the authority is two thirds through its year.
  void LiveToTheChange(CertificateReconciler& reconciler) {
    for (int day = 0; day < 243; day += 9) {
      Must(reconciler);
      clock_.Advance(days(9));
    }
    Must(reconciler);
    clock_.Advance(9h);
  }
  Error Failure(CertificateReconciler& reconciler) {
    const auto wait = reconciler.Reconcile({});
    EXPECT_FALSE(wait.ok());
    return wait.ok() ? Error(ErrorCode::kInternal, "") : wait.error();
  }

  json Read(const char* plural) {
    return *client_->Get({"admissionregistration.k8s.io", "v1", plural}, {.name = "remora"});
  }
  json Mutating() { return Read("mutatingwebhookconfigurations"); }
  json Validating() { return Read("validatingwebhookconfigurations"); }
  std::string In(const std::string& secret, const char* key) {
    const auto object = client_->Get({"", "v1", "secrets"}, {kNamespace, secret});
    if (!object.ok() || !(*object)["data"].contains(key)) return "";
    return *DecodeBase64((*object)["data"][key].get<std::string>());
  }
  std::string Leaf() { return In("remora-webhook-tls", "tls.crt"); }
  std::string Authority() { return In("remora-webhook-ca", "ca.crt"); }
  // What the entries trust; every configuration must say the same.
  std::string Bundle() {
    std::set<std::string> bundles;
    for (const json& configuration : {Mutating(), Validating()}) {
      for (const json& entry : configuration["webhooks"]) {
        bundles.insert(entry["clientConfig"].value("caBundle", ""));
      }
    }
    EXPECT_EQ(bundles.size(), 1U);
    return *DecodeBase64(*bundles.begin());
  }
  bool LeafIsIssuers() { return Taken(Authority()); }
  bool LeafIsTaken() { return Taken(Bundle()); }
  bool Taken(const std::string& authorities) {
    const auto now = std::chrono::floor<std::chrono::seconds>(clock_.WallNow());
    return CheckServerCertificate(Leaf(), authorities, now).ok();
  }
  int Writes() const {
    return server_.Count("create") + server_.Count("update") + server_.Count("patch");
  }
  void Replace(const char* collection, json object, const std::string& bundle) {
    for (json& entry : object["webhooks"]) entry["clientConfig"]["caBundle"] = bundle;
    server_.Put(collection, std::move(object));
  }

  FakeClock clock_;
};

TEST_F(CertificateReconcilerTest, MakesWhatIsMissingAndThenNothingMore) {
  const json before = Mutating();
  CertificateReconciler reconciler = Make();
  EXPECT_EQ(Must(reconciler), 5min);
  EXPECT_TRUE(LeafIsTaken());
  EXPECT_EQ(In("remora-webhook-tls", "ca.crt"), Bundle());
  EXPECT_EQ(In("remora-webhook-tls", "ca.key"), "");  // that is not the webhook's
  const auto secret = client_->Get({"", "v1", "secrets"}, {kNamespace, "remora-webhook-tls"});
  EXPECT_EQ((*secret)["type"], "kubernetes.io/tls");
  EXPECT_EQ(reconciler.expiry().authority, clock_.WallNow() + days(365));
  EXPECT_EQ(reconciler.expiry().webhook, clock_.WallNow() + days(30));

  json after = Mutating();
  for (json& entry : after["webhooks"]) entry["clientConfig"].erase("caBundle");
  after["metadata"]["resourceVersion"] = before["metadata"]["resourceVersion"];
  EXPECT_EQ(after, before);
  for (const auto& one : server_.recorded()) {
    if (one.verb != "list") continue;
    EXPECT_EQ(one.request.query.at("labelSelector"), "patterns.remora.dev/ca=managed");
  }
  const int writes = Writes();
  Must(reconciler);
  CertificateReconciler restarted = Make();
  Must(restarted);
  EXPECT_EQ(Writes(), writes);
}

TEST_F(CertificateReconcilerTest, ChangesTheAuthorityWithBothTrusted) {
  CertificateReconciler reconciler = Make();
  LiveToTheChange(reconciler);
  EXPECT_LE(Must(reconciler), 30s);
  EXPECT_EQ(ReadCertificates(Bundle())->size(), 2U);
  EXPECT_FALSE(LeafIsIssuers());
  EXPECT_TRUE(LeafIsTaken());
  clock_.Advance(29s);
  EXPECT_EQ(Must(reconciler), 1s);
  EXPECT_FALSE(LeafIsIssuers());

  CertificateReconciler successor = Make();  // does not know how long that has been so
  clock_.Advance(1s);
  Must(successor);
  EXPECT_FALSE(LeafIsIssuers());
  clock_.Advance(30s);
  Must(successor);
  EXPECT_TRUE(LeafIsIssuers());
  clock_.Advance(24h);
  Must(successor);
  EXPECT_EQ(Bundle(), Authority());
  EXPECT_TRUE(LeafIsTaken());
}

TEST_F(CertificateReconcilerTest, KeepsTheLeafWhileOneConfigurationCannotBeWritten) {
  CertificateReconciler reconciler = Make();
  LiveToTheChange(reconciler);
  const FakeApiServer::Fault denied{.status = 403, .reason = "Forbidden"};
  // The first call looks again after it has written the bundle into the Secret.
  server_.FailNext("patch", denied);
  server_.FailNext("patch", {});
  for (int i = 0; i < 3; ++i) {
    server_.FailNext("patch", denied);
    const Error error = Failure(reconciler);
    EXPECT_EQ(error.code(), ErrorCode::kPermissionDenied);
    EXPECT_THAT(error.message(), HasSubstr("mutatingwebhookconfigurations remora"));
    clock_.Advance(1min);
    EXPECT_FALSE(LeafIsIssuers());
  }
  EXPECT_EQ(Validating()["webhooks"][0]["clientConfig"]["caBundle"],
            EncodeBase64(In("remora-webhook-tls", "ca.crt")));  // the other one is written
  Must(reconciler);
  EXPECT_FALSE(LeafIsIssuers());
  clock_.Advance(30s);
  Must(reconciler);
  EXPECT_TRUE(LeafIsIssuers());
}

TEST_F(CertificateReconcilerTest, ReckonsTrustFromWhenItHasSeenIt) {
  CertificateReconciler reconciler = Make();
  LiveToTheChange(reconciler);
  for (int i = 0; i < 4; ++i) server_.FailNext("patch", {.status = 403, .reason = "Forbidden"});
  EXPECT_EQ(Failure(reconciler).code(), ErrorCode::kPermissionDenied);
  clock_.Advance(29s);
  // By another operator, this moment.
  const std::string bundle = EncodeBase64(In("remora-webhook-tls", "ca.crt"));
  Replace(kMutating, Mutating(), bundle);
  Replace(kValidating, Validating(), bundle);
  clock_.Advance(1s);
  Must(reconciler);
  EXPECT_FALSE(LeafIsIssuers());
  clock_.Advance(30s);
  Must(reconciler);
  EXPECT_TRUE(LeafIsIssuers());
}

TEST_F(CertificateReconcilerTest, MakesALeafWhereConfigurationsCannotBeWritten) {
  CertificateReconciler reconciler = Make();
  for (int i = 0; i < 4; ++i) server_.FailNext("patch", {.status = 403, .reason = "Forbidden"});
  EXPECT_EQ(Failure(reconciler).code(), ErrorCode::kPermissionDenied);
  EXPECT_TRUE(LeafIsIssuers());
}

TEST_F(CertificateReconcilerTest, ReadsAgainAfterTwoConflicts) {
  CertificateReconciler reconciler = Make();
  LiveToTheChange(reconciler);
  const std::string before = Authority();
  const FakeApiServer::Fault conflict{.status = 409, .reason = "Conflict"};
  for (const char* verb : {"update", "update", "patch", "patch"}) server_.FailNext(verb, conflict);
  const int gets = server_.Count("get");
  Must(reconciler);
  EXPECT_NE(Authority(), before);
  EXPECT_GE(server_.Count("get"), gets + 6);  // two Secrets, three times
  EXPECT_TRUE(LeafIsTaken());
}

TEST_F(CertificateReconcilerTest, GivesUpWithConflictWhenOthersNeverStopWriting) {
  CertificateReconciler reconciler = Make();
  LiveToTheChange(reconciler);
  for (int i = 0; i < 100; ++i) server_.FailNext("update", {.status = 409, .reason = "Conflict"});
  EXPECT_EQ(Failure(reconciler).code(), ErrorCode::kConflict);
}

TEST_F(CertificateReconcilerTest, TakesTheAuthorityThatAnotherOperatorWasFasterToMake) {
  const auto other_client = MakeClient();
  CertificateReconciler other(*other_client, clock_, MakeOptions());
  CertificateReconciler reconciler = Make();
  std::string made;
  server_.FailNext("create", {.before = [&] {
                     ASSERT_TRUE(other.Reconcile({}).ok());
                     made = Authority();
                   }});
  Must(reconciler);
  EXPECT_NE(made, "");
  EXPECT_EQ(Authority(), made);
  EXPECT_EQ(Bundle(), made);
  EXPECT_TRUE(LeafIsTaken());
  EXPECT_EQ(server_.Count("create"), 3);  // of which one was refused

  LiveToTheChange(reconciler);
  server_.FailNext("update", {.before = [&] {
                     ASSERT_TRUE(other.Reconcile({}).ok());
                     made = Authority();
                   }});
  Must(reconciler);
  EXPECT_EQ(Authority(), made);
  EXPECT_EQ(ReadCertificates(Bundle())->size(), 2U);
}

// One that led once is slow, and another has changed the authority meanwhile.
TEST_F(CertificateReconcilerTest, PutsNoOlderBundleInThePlaceOfANewerOne) {
  for (const char* slow_call : {"patch", "list"}) {
    const auto other_client = MakeClient();
    CertificateReconciler other(*other_client, clock_, MakeOptions());
    CertificateReconciler slow = Make();
    Must(slow);
    Replace(kMutating, Mutating(), "");  // work for the slow one
    std::string newer;
    server_.FailNext(slow_call, {.before = [&] {
                       clock_.Advance(days(244));
                       ASSERT_TRUE(other.Reconcile({}).ok());
                       newer = Bundle();
                     }});
    Must(slow);
    ASSERT_NE(newer, "");
    EXPECT_EQ(Bundle(), newer) << slow_call;
    EXPECT_EQ(Bundle(), In("remora-webhook-tls", "ca.crt")) << slow_call;
  }
}

TEST_F(CertificateReconcilerTest, AgreesWithOthersAtTheSameMoment) {
  constexpr int kOperators = 3;
  for (int round = 0; round < 5; ++round) {
    CertificateReconciler::Options options = MakeOptions();
    options.secret += std::to_string(round);
    options.authority_secret += std::to_string(round);
    const int before = server_.Count("create");
    std::vector<std::unique_ptr<kube::Client>> clients;
    std::vector<std::jthread> operators;
    for (int i = 0; i < kOperators; ++i) clients.push_back(MakeClient());
    for (int i = 0; i < kOperators; ++i) {
      operators.emplace_back([&, i] {
        CertificateReconciler reconciler(*clients[static_cast<std::size_t>(i)], clock_, options);
        EXPECT_TRUE(reconciler.Reconcile({}).ok());
      });
    }
    operators.clear();
    EXPECT_GE(server_.Count("create"), before + 2);
    CertificateReconciler last = Make(options);
    Must(last);  // a bundle may have been written by one who had read before the others
    EXPECT_EQ(Bundle(), In(options.authority_secret, "ca.crt"));
    const auto now = std::chrono::floor<std::chrono::seconds>(clock_.WallNow());
    EXPECT_TRUE(CheckServerCertificate(In(options.secret, "tls.crt"), Bundle(), now).ok());
  }
}

TEST_F(CertificateReconcilerTest, MendsAConfigurationThatSomebodyReset) {
  CertificateReconciler reconciler = Make();
  Must(reconciler);
  Replace(kMutating, Configuration({"named", "automatic"}), "");
  Must(reconciler);
  EXPECT_EQ(Bundle(), Authority());
  Replace(kValidating, Configuration({"patterns"}), "anVuaw==");
  Must(reconciler);
  EXPECT_EQ(Bundle(), Authority());
}

TEST_F(CertificateReconcilerTest, WritesToTheEntryThatItHasReadAlsoWhenEntriesMove) {
  CertificateReconciler reconciler = Make();
  const json moved = Configuration({"new", "automatic", "named"});
  server_.FailNext("patch", {.before = [&] { server_.Put(kMutating, moved); }});
  // While the other configuration is written, nothing of this one is.
  server_.FailNext("patch",
                   {.before = [&] { EXPECT_EQ(Mutating()["webhooks"], moved["webhooks"]); }});
  Must(reconciler);
  EXPECT_EQ(Bundle(), Authority());
  EXPECT_EQ(Mutating()["webhooks"].size(), 3U);
}

TEST_F(CertificateReconcilerTest, SaysWhatWasWrongWithASecretThatItMends) {
  CertificateReconciler reconciler = Make();
  Must(reconciler);
  auto secret = *client_->Get({"", "v1", "secrets"}, {kNamespace, "remora-webhook-ca"});
  secret["data"]["ca.key"] = EncodeBase64("junk");
  server_.Put(kSecrets, secret);
  LogCapture log;
  Must(reconciler);
  EXPECT_THAT(log.lines(), Contains(HasSubstr("ca.key: holds no unencrypted PEM private key")));
  EXPECT_TRUE(LeafIsTaken());
  auto serving = *client_->Get({"", "v1", "secrets"}, {kNamespace, "remora-webhook-tls"});
  serving["data"]["tls.crt"] = EncodeBase64("junk");
  serving["data"]["theirs"] = EncodeBase64("kept");
  serving["metadata"]["annotations"] = {{"theirs", "kept"}};
  server_.Put(kSecrets, serving);
  Must(reconciler);
  EXPECT_THAT(log.lines(), Contains(HasSubstr("holds no PEM certificate")));
  EXPECT_TRUE(LeafIsTaken());
  EXPECT_EQ(In("remora-webhook-tls", "theirs"), "kept");
}

TEST_F(CertificateReconcilerTest, TakesOnlyTheBundleFromCertManager) {
  CertificateReconciler::Options options = MakeOptions();
  options.source = CertificateSource::kCertManager;
  CertificateReconciler reconciler = Make(options);
  EXPECT_EQ(Failure(reconciler).message(),
            "Secret remora-webhook-tls: cert-manager has not made it yet");

  const auto now = std::chrono::floor<std::chrono::seconds>(clock_.WallNow());
  const CertificateAndKey authority = MakeAuthority("theirs", {now, now + days(9)});
  const auto leaf = IssueServerCertificate(authority, {"leaf", {"a"}, {now, now + days(3)}});
  json secret = {{"metadata", {{"namespace", kNamespace}, {"name", "remora-webhook-tls"}}},
                 {"data", {{"tls.crt", EncodeBase64(leaf->certificate_pem)}, {"ca.crt", ""}}}};
  server_.Put(kSecrets, secret);
  EXPECT_THAT(Failure(reconciler).message(), HasSubstr("ca.crt: holds no PEM certificate"));

  secret["data"]["ca.crt"] = EncodeBase64(authority.certificate_pem);
  server_.Put(kSecrets, secret);
  EXPECT_EQ(Must(reconciler), 5min);
  EXPECT_EQ(Bundle(), authority.certificate_pem);
  EXPECT_EQ(server_.Count("create") + server_.Count("update"), 0);
  EXPECT_EQ(reconciler.expiry().webhook, now + days(3));
  EXPECT_EQ(reconciler.expiry().authority, std::nullopt);
}

TEST_F(CertificateReconcilerTest, EndsWhenAskedTo) {
  CertificateReconciler reconciler = Make();
  std::stop_source source;
  source.request_stop();
  const auto wait = reconciler.Reconcile(source.get_token());
  ASSERT_FALSE(wait.ok());
  EXPECT_EQ(wait.error().code(), ErrorCode::kCancelled);
}

}  // namespace
}  // namespace remora::reconcilers
