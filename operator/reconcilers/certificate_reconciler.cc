#include "operator/reconcilers/certificate_reconciler.h"

#include <algorithm>
#include <utility>

#include "operator/base/base64.h"
#include "operator/base/log.h"

namespace remora::reconcilers {

namespace {

using nlohmann::json;

// A change takes a handful of writes, each followed by another look; others may win some of them.
constexpr int kMaxPasses = 16;
// Well within what is left of a lease when a write begins: see runtime/leader_elector.h.
constexpr std::chrono::seconds kWriteDeadline{4};
constexpr const char* kTls = "kubernetes.io/tls";
constexpr const char* kOpaque = "Opaque";

kube::Resource Secrets() { return {"", "v1", "secrets"}; }

std::vector<kube::Resource> ConfigurationResources() {
  return {{"admissionregistration.k8s.io", "v1", "mutatingwebhookconfigurations"},
          {"admissionregistration.k8s.io", "v1", "validatingwebhookconfigurations"}};
}

const json& At(const json& object, const char* key) {
  static const json kNothing;
  const auto at = object.is_object() ? object.find(key) : object.end();
  return object.is_object() && at != object.end() ? *at : kNothing;
}

std::string TextAt(const json& object, const char* key) {
  const json& value = At(object, key);
  return value.is_string() ? value.get<std::string>() : std::string();
}

SecretData DataOf(const json& secret) {
  SecretData data;
  for (const auto& [key, value] : At(secret, "data").items()) {
    if (!value.is_string()) continue;
    if (auto bytes = DecodeBase64(value.get_ref<const std::string&>())) {
      data[key] = *std::move(bytes);
    }
  }
  return data;
}

std::string NameOf(const json& object) { return TextAt(At(object, "metadata"), "name"); }

std::vector<json> EntriesOf(const json& configuration) {
  const json& entries = At(configuration, "webhooks");
  return entries.is_array() ? entries.get<std::vector<json>>() : std::vector<json>();
}

bool Trusts(const json& entry, const std::string& encoded_bundle) {
  return TextAt(At(entry, "clientConfig"), "caBundle") == encoded_bundle;
}

// Others wrote first, or the object is another one now: worth another look at once.
bool IsRace(ErrorCode code) {
  return code == ErrorCode::kConflict || code == ErrorCode::kAlreadyExists;
}

const char* Message(AuthorityStep step) {
  switch (step) {
    case AuthorityStep::kNone: return "authority's Secret mended";
    case AuthorityStep::kReplaceIssuer: return "authority made";
    case AuthorityStep::kStartRetiring: return "old authority retires";
    case AuthorityStep::kStopRetiring: return "old authority is needed again";
    case AuthorityStep::kDropOld: return "old authority dropped";
  }
  return "";
}

}  // namespace

CertificateReconciler::CertificateReconciler(kube::Client& client, const Clock& clock,
                                             Options options)
    : client_(client), clock_(clock), options_(std::move(options)) {}

Result<Clock::Duration> CertificateReconciler::Reconcile(const std::stop_token& stop) {
  Error last(ErrorCode::kConflict, "the certificates keep changing");
  for (int i = 0; i < kMaxPasses; ++i) {
    const PassEnd end = Pass(stop);
    if (end.ok() && *end) return std::min<Clock::Duration>(**end, options_.poll);
    if (end.ok()) continue;
    if (!IsRace(end.error().code())) return end.error();
    last = end.error();
  }
  return last;
}

CertificateReconciler::PassEnd CertificateReconciler::Pass(const std::stop_token& stop) {
  return options_.source == CertificateSource::kOwn ? PassOfOwn(stop) : PassOfCertManager(stop);
}

CertificateReconciler::PassEnd CertificateReconciler::PassOfOwn(const std::stop_token& stop) {
  // Before the Secrets: what is read later is not older. A bundle is written into the version that was
  // read here, so that nobody's older one takes the place of a newer one.
  const auto configurations = ReadConfigurations(stop);
  if (!configurations.ok()) return configurations.error();
  const auto authority = ReadSecret(options_.authority_secret, stop);
  if (!authority.ok()) return authority.error();
  const auto secret = ReadSecret(options_.secret, stop);
  if (!secret.ok()) return secret.error();

  Observed seen;
  seen.serving = ReadServing(secret->data);
  seen.authority = ReadAuthority(authority->data, seen.serving, Now());
  const std::string bundle = seen.authority.Bundle();
  seen.trusted_for = TrustedFor(*configurations, bundle);
  for (const std::string& complaint : seen.authority.complaints) {
    Log(LogLevel::kWarning, "authority's Secret is damaged",
        {{"secret", authority->name}, {"error", complaint}});
  }

  const CertificatePlan plan = Decide(seen, Now(), options_.certificates);
  const AuthorityState next = Next(plan.step, seen.authority, Now(), options_.certificates);
  const auto kept = EnsureSecret(*authority, WriteAuthority(next), kOpaque, stop);
  if (!kept.ok()) return kept.error();
  if (!*kept) {
    Log(LogLevel::kInfo, Message(plan.step),
        {{"secret", authority->name}, {"reason", plan.step_reason}});
    return std::optional<Clock::Duration>();
  }

  // A leaf is needed also where a configuration cannot be written, hence the order of the errors.
  const auto trusted = EnsureTrust(*configurations, bundle, stop);
  ServingState serving{seen.serving.leaf, bundle};
  if (auto renewed = RenewLeaf(plan, seen, serving); !renewed.ok()) return renewed.error();
  const auto served = EnsureSecret(*secret, WriteServing(serving), kTls, stop);
  if (!served.ok()) return served.error();
  if (!*served) return std::optional<Clock::Duration>();
  Publish(next.issuer->certificate_pem, serving.leaf.certificate_pem);
  if (!trusted.ok()) return trusted.error();
  return std::optional(plan.wait);
}

CertificateReconciler::PassEnd CertificateReconciler::PassOfCertManager(
    const std::stop_token& stop) {
  const auto configurations = ReadConfigurations(stop);
  if (!configurations.ok()) return configurations.error();
  const auto secret = ReadSecret(options_.secret, stop);
  if (!secret.ok()) return secret.error();
  if (secret->object.is_null()) {
    return Error(ErrorCode::kNotFound,
                 "Secret " + secret->name + ": cert-manager has not made it yet");
  }
  const ServingState serving = ReadServing(secret->data);
  if (const auto readable = ReadCertificates(serving.bundle_pem); !readable.ok()) {
    return readable.error().WithContext("Secret " + secret->name + ": ca.crt");
  }
  Publish("", serving.leaf.certificate_pem);
  const auto trusted = EnsureTrust(*configurations, serving.bundle_pem, stop);
  if (!trusted.ok()) return trusted.error();
  return std::optional<Clock::Duration>(options_.poll);
}

// --- Secrets --------------------------------------------------------------------------------------

Result<CertificateReconciler::Secret> CertificateReconciler::ReadSecret(
    const std::string& name, const std::stop_token& stop) {
  const kube::ObjectKey key{options_.namespace_name, name};
  auto object = client_.Get(Secrets(), key, {.stop = stop});
  if (object.ok()) return Secret{name, *object, DataOf(*object)};
  if (object.error().code() == ErrorCode::kNotFound) return Secret{name, nullptr, {}};
  return object.error().WithContext("Secret " + key.ToString());
}

Result<bool> CertificateReconciler::EnsureSecret(const Secret& seen, const SecretData& wanted,
                                                 const char* type, const std::stop_token& stop) {
  SecretData data = seen.data;
  for (const auto& [key, value] : wanted) {
    if (value.empty()) {
      data.erase(key);
    } else {
      data[key] = value;
    }
  }
  if (!seen.object.is_null() && data == seen.data) return true;
  json object = seen.object;
  if (object.is_null()) {
    object = {{"apiVersion", "v1"},
              {"kind", "Secret"},
              {"type", type},
              {"metadata",
               {{"namespace", options_.namespace_name},
                {"name", seen.name},
                {"labels", {{"app.kubernetes.io/managed-by", "remora-operator"}}}}}};
  }
  object["data"] = json::object();
  for (const auto& [key, value] : data) object["data"][key] = EncodeBase64(value);
  const kube::Call call{.stop = stop, .deadline = kWriteDeadline};
  const auto written = seen.object.is_null() ? client_.Create(Secrets(), object, call)
                                             : client_.Update(Secrets(), object, call);
  if (!written.ok()) {
    return written.error().WithContext("Secret " + options_.namespace_name + "/" + seen.name);
  }
  return false;
}

Result<void> CertificateReconciler::RenewLeaf(const CertificatePlan& plan, const Observed& seen,
                                              ServingState& serving) {
  if (!plan.leaf_is_due) return {};
  auto leaf = IssueLeaf(seen.authority, Now(), options_.certificates);
  if (!leaf.ok()) return leaf.error().WithContext("no certificate can be made for the webhook");
  const bool first = seen.serving.leaf == CertificateAndKey();
  Log(plan.leaf_is_broken && !first ? LogLevel::kWarning : LogLevel::kInfo,
      "webhook's certificate made", {{"secret", options_.secret}, {"reason", plan.leaf_reason}});
  serving.leaf = *std::move(leaf);
  return {};
}

// --- the webhook configurations -------------------------------------------------------------------

Result<std::vector<CertificateReconciler::Configuration>> CertificateReconciler::ReadConfigurations(
    const std::stop_token& stop) {
  std::vector<Configuration> all;
  for (const kube::Resource& resource : ConfigurationResources()) {
    auto page = client_.List(
        resource, {.scope = {.label_selector = options_.configuration_selector}, .limit = 0},
        {.stop = stop});
    if (!page.ok()) return page.error().WithContext(resource.ToString());
    for (json& object : page->items) all.push_back({resource, std::move(object)});
  }
  return all;
}

std::optional<Clock::Duration> CertificateReconciler::TrustedFor(
    const std::vector<Configuration>& configurations, const std::string& bundle) const {
  if (!trust_ || trust_->bundle != bundle) return std::nullopt;
  const std::string encoded = EncodeBase64(bundle);
  for (const Configuration& configuration : configurations) {
    for (const json& entry : EntriesOf(configuration.object)) {
      if (!Trusts(entry, encoded)) return std::nullopt;
    }
  }
  return clock_.Now() - trust_->since;
}

Result<void> CertificateReconciler::EnsureTrust(const std::vector<Configuration>& configurations,
                                                const std::string& bundle,
                                                const std::stop_token& stop) {
  if (TrustedFor(configurations, bundle)) return {};
  trust_.reset();
  const std::string encoded = EncodeBase64(bundle);
  Result<void> outcome;
  for (const Configuration& configuration : configurations) {
    auto written = WriteBundle(configuration, encoded, stop);
    if (!written.ok()) outcome = std::move(written);  // the others are written all the same
  }
  if (outcome.ok()) trust_ = Trust{bundle, clock_.Now()};
  return outcome;
}

Result<void> CertificateReconciler::WriteBundle(const Configuration& configuration,
                                                const std::string& encoded,
                                                const std::stop_token& stop) {
  // The places are right, and the bundle is the newest, only in the version that was read.
  json patch = {{{"op", "test"},
                 {"path", "/metadata/resourceVersion"},
                 {"value", TextAt(At(configuration.object, "metadata"), "resourceVersion")}}};
  const std::vector<json> entries = EntriesOf(configuration.object);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (Trusts(entries[i], encoded)) continue;
    const std::string path = "/webhooks/" + std::to_string(i) + "/clientConfig/caBundle";
    patch.push_back({{"op", "add"}, {"path", path}, {"value", encoded}});
  }
  if (patch.size() == 1) return {};
  const std::string name = NameOf(configuration.object);
  const kube::Call call{.stop = stop, .deadline = kWriteDeadline};
  const auto written = client_.Patch(configuration.resource, {.name = name},
                                     {.type = kube::PatchType::kJson, .patch = patch}, call);
  const std::string what = configuration.resource.plural + " " + name;
  if (written.ok()) {
    Log(LogLevel::kInfo, "caBundle written", {{"configuration", what}});
    return {};
  }
  const Error& error = written.error();
  if (error.code() == ErrorCode::kNotFound) return {};  // gone meanwhile
  // Invalid is what a test operation that does not hold is answered with.
  const bool moved = error.code() == ErrorCode::kInvalid;
  return Error(moved ? ErrorCode::kConflict : error.code(), error.message()).WithContext(what);
}

// --- the rest -------------------------------------------------------------------------------------

CertificateExpiry CertificateReconciler::expiry() const {
  MutexLock lock(mutex_);
  return expiry_;
}

void CertificateReconciler::Publish(const std::string& authority_pem,
                                    const std::string& webhook_pem) {
  const auto end = [](const std::string& pem) -> std::optional<std::chrono::sys_seconds> {
    const auto certificates = ReadCertificates(pem);
    if (!certificates.ok()) return std::nullopt;
    return certificates->front().validity.not_after;
  };
  const CertificateExpiry next{end(authority_pem), end(webhook_pem)};
  MutexLock lock(mutex_);
  expiry_ = next;
}

std::chrono::sys_seconds CertificateReconciler::Now() const {
  return std::chrono::floor<std::chrono::seconds>(clock_.WallNow());
}

}  // namespace remora::reconcilers
