#include "operator/reconcilers/certificate_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/fakes/fake_clock.h"

namespace remora::reconcilers {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;
using std::chrono::sys_seconds;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

SecretData WithoutEmpty(SecretData data) {
  std::erase_if(data, [](const auto& entry) { return entry.second.empty(); });
  return data;
}

// Secrets, webhook configurations and time, moved on by what the plan says.
class World {
 public:
  sys_seconds Now() const { return std::chrono::floor<std::chrono::seconds>(clock.WallNow()); }
  std::string leaf() const { return ReadServing(serving).leaf.certificate_pem; }
  std::string bundle() const { return configured; }
  std::size_t trusted_authorities() const {
    return configured.empty() ? 0 : ReadCertificates(configured)->size();
  }
  bool LeafIsTaken() const { return CheckServerCertificate(leaf(), configured, Now()).ok(); }
  bool LeafIsIssuers() const {
    return CheckServerCertificate(leaf(), authority.at("ca.crt"), Now()).ok();
  }

  // Until nothing is due. What was said on the way is in `said`.
  void Settle() {
    said.clear();
    for (int i = 0; i < 10; ++i) {
      if (!Pass()) return;
    }
    FAIL() << "there is always something due";
  }
  void Advance(Clock::Duration duration) {
    clock.Advance(duration);
    Settle();
  }
  // Until an authority is two thirds through its year.
  void AdvanceToTheChange() {
    for (int day = 0; day < 243; day += 9) Advance(days(9));
    Advance(9h);
  }

  SecretData authority;
  SecretData serving;
  std::string configured;
  CertificateOptions options{.dns_names = ServiceDnsNames("remora-webhook", "remora-system")};
  remora::testing::FakeClock clock;
  std::vector<std::string> said;
  Clock::Duration wait{};

 private:
  bool Pass() {
    const ServingState served = ReadServing(serving);
    const AuthorityState state = ReadAuthority(authority, served, Now());
    const std::string bundle = state.Bundle();
    std::optional<Clock::Duration> trusted_for;
    if (since_ && configured == bundle) trusted_for = clock.Now() - *since_;
    const CertificatePlan plan = Decide({state, served, trusted_for}, Now(), options);
    said.insert(said.end(), state.complaints.begin(), state.complaints.end());
    const SecretData next = WithoutEmpty(WriteAuthority(Next(plan.step, state, Now(), options)));
    if (plan.step != AuthorityStep::kNone) said.push_back(plan.step_reason);
    if (std::exchange(authority, next) != next) return true;
    if (configured != bundle) since_ = clock.Now();
    configured = bundle;
    ServingState wanted{served.leaf, bundle};
    if (plan.leaf_is_due) {
      wanted.leaf = *IssueLeaf(state, Now(), options);
      said.push_back(plan.leaf_reason);
    }
    wait = plan.wait;
    return std::exchange(serving, WithoutEmpty(WriteServing(wanted))) != serving;
  }

  std::optional<Clock::TimePoint> since_;
};

// Texts that somebody may still hold for a while after they were replaced.
class Lagging {
 public:
  explicit Lagging(Clock::Duration lag) : lag_(lag) {}

  // Whether it is another one than before.
  bool See(const std::string& text, Clock::TimePoint now) {
    while (list_.size() > 1 && list_.front().until < now) list_.pop_front();
    if (!list_.empty() && list_.back().text == text) return false;
    if (!list_.empty()) list_.back().until = now + lag_;
    list_.push_back({text, {}});
    return true;
  }
  std::vector<std::string> held() const {
    std::vector<std::string> texts;
    for (const Held& one : list_) texts.push_back(one.text);
    return texts;
  }

 private:
  struct Held {
    std::string text;
    Clock::TimePoint until;  // of all but the last
  };
  Clock::Duration lag_;
  std::deque<Held> list_;
};

// Mounts follow hours behind, API servers seconds.
TEST(CertificatePlan, NeverServesWhatIsNotTrustedInTwoYears) {
  World world;
  Lagging authorities(days(1000));
  Lagging leaves(20h);
  Lagging bundles(25s);
  int leaf_count = 0;
  const sys_seconds end = world.Now() + days(725);
  world.Settle();
  while (world.Now() < end) {
    const auto now = world.clock.Now();
    authorities.See(world.authority.at("ca.crt"), now);
    if (leaves.See(world.leaf(), now)) ++leaf_count;
    bundles.See(world.bundle(), now);
    for (const std::string& leaf : leaves.held()) {
      for (const std::string& bundle : bundles.held()) {
        const auto taken = CheckServerCertificate(leaf, bundle, world.Now());
        ASSERT_TRUE(taken.ok()) << taken.error().message();
      }
    }
    world.Advance(std::min<Clock::Duration>(world.wait, days(2)));
  }
  EXPECT_THAT(authorities.held(), SizeIs(3));  // at the start, after 243 and after 487 days
  EXPECT_EQ(leaf_count, 38);                   // every 20 days, and with every authority
}

TEST(CertificatePlan, ChangesTheAuthorityInSafeSteps) {
  World world;
  world.Settle();
  world.AdvanceToTheChange();
  ASSERT_THAT(world.said, ElementsAre("it grows old"));
  const std::string first = world.leaf();
  EXPECT_EQ(world.trusted_authorities(), 2U);
  EXPECT_FALSE(world.LeafIsIssuers());

  world.Advance(29s);
  EXPECT_EQ(world.leaf(), first);
  world.Advance(1s);
  EXPECT_TRUE(world.LeafIsIssuers());
  EXPECT_EQ(world.trusted_authorities(), 2U);
  world.Advance(24h - 1s);
  EXPECT_EQ(world.trusted_authorities(), 2U);
  world.Advance(1s);
  EXPECT_EQ(world.trusted_authorities(), 1U);
  EXPECT_TRUE(world.LeafIsTaken());
}

TEST(CertificatePlan, WaitsAnewWhenABundleIsNotTrustedAnyMore) {
  World world;
  world.Settle();
  world.AdvanceToTheChange();
  world.Advance(29s);
  world.configured = "reset by somebody";
  world.Advance(2s);
  EXPECT_FALSE(world.LeafIsIssuers());
  world.Advance(30s);
  EXPECT_TRUE(world.LeafIsIssuers());
}

TEST(CertificatePlan, KeepsTheOldAuthorityWhileALeafOfItIsBack) {
  World world;
  world.Settle();
  world.AdvanceToTheChange();
  const SecretData good = world.serving;
  world.Advance(30s);
  ASSERT_TRUE(world.LeafIsIssuers());
  world.Advance(23h);
  world.serving = good;  // a backup of before the change
  world.Settle();
  EXPECT_THAT(world.said, Contains("the leaf is not the new authority's"));
  EXPECT_TRUE(world.LeafIsIssuers());
  world.Advance(2h);
  EXPECT_EQ(world.trusted_authorities(), 2U);
  world.Advance(22h);
  EXPECT_EQ(world.trusted_authorities(), 1U);
}

// An authority that is no root, and its key, which is no secret: the chain of its leaves ends nowhere.
constexpr const char* kMiddleCertificate = R"(-----BEGIN CERTIFICATE-----
MIIBdDCCARqgAwIBAgIBATAKBggqhkjOPQQDAjAPMQ0wCwYDVQQDDARyb290MCAX
DTIwMDEwMTAwMDAwMFoYDzIwNzAwMTAxMDAwMDAwWjARMQ8wDQYDVQQDDAZtaWRk
bGUwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQ45ys1n12NWzxF2jN6yfh6PN8u
jHRnoVJJCyrOhSnSmCdS9Gijwpc6n8jHQWvrnYd+AsDCu02psqQEIClDm0kWo2Mw
YTAPBgNVHRMBAf8EBTADAQH/MA4GA1UdDwEB/wQEAwICBDAdBgNVHQ4EFgQU16EV
NfIE0nvrOOKF9O2cq8WTIbkwHwYDVR0jBBgwFoAU+2PPv2Iz+Nr02XOvfnDB1AI/
+GIwCgYIKoZIzj0EAwIDSAAwRQIhAMPZeRDN4BBRmHqjKh0jEaZPq+RXuEWY0bnO
p+GWpDQBAiB/MBZ14KzVYCqTgyqobauSgfEQK4sSqMH2hGIoUZU+mg==
-----END CERTIFICATE-----
)";
constexpr const char* kMiddleKey = R"(-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgMmiO7K0CyX2LKSEv
/YYZG2kL1UkiS26cmZwGVb/VPXihRANCAAQ45ys1n12NWzxF2jN6yfh6PN8ujHRn
oVJJCyrOhSnSmCdS9Gijwpc6n8jHQWvrnYd+AsDCu02psqQEIClDm0kW
-----END PRIVATE KEY-----
)";

struct Damage {
  std::string reason;
  SecretData data;  // an empty value takes the key away
  std::string said;
};

void Apply(const Damage& damage, SecretData& secret) {
  for (const auto& [key, value] : damage.data) secret[key] = value;
  secret = WithoutEmpty(secret);
}

TEST(CertificatePlan, ReplacesADamagedAuthorityWithoutBreakingWhatItHasSigned) {
  const sys_seconds now = World().Now();
  const auto made = [&](const char* name, sys_seconds begin, sys_seconds end) {
    return MakeAuthority(name, {begin, end});
  };
  const CertificateAndKey other = made("other", now, now + days(300));
  const CertificateAndKey expired = made("expired", now - days(2), now - days(1));
  const CertificateAndKey early = made("early", now + days(1), now + days(2));
  const auto leaf = IssueServerCertificate(other, {"leaf", {"leaf"}, {now, now + days(1)}});
  for (const Damage& damage : std::vector<Damage>{
           {"no key", {{"ca.key", ""}}, "ca.key: holds no unencrypted PEM private key"},
           {"garbage as key", {{"ca.key", "junk"}}, "ca.key: holds no unencrypted PEM"},
           {"another's key", {{"ca.key", other.key_pem}}, "ca.key: the key does not belong"},
           {"garbage", {{"ca.crt", "junk"}}, "ca.crt: holds no PEM certificate"},
           {"deleted", {{"ca.crt", ""}, {"ca.key", ""}}, "there is none"},
           {"a leaf",
            {{"ca.crt", leaf->certificate_pem}, {"ca.key", leaf->key_pem}},
            "ca.crt: is no certificate of an authority"},
           {"an expired one",
            {{"ca.crt", expired.certificate_pem}, {"ca.key", expired.key_pem}},
            "ca.crt: expired at 2025-12-31T00:00:00Z"},
           {"one of tomorrow",
            {{"ca.crt", early.certificate_pem}, {"ca.key", early.key_pem}},
            "ca.crt: holds only from 2026-01-02T00:00:00Z"},
           {"no root",
            {{"ca.crt", kMiddleCertificate}, {"ca.key", kMiddleKey}},
            "ca.crt: its leaves are refused: unable to get issuer certificate"},
           {"garbage beside it", {{"old.crt", "junk"}}, "old.crt: holds no PEM certificate"},
           {"another authority",
            {{"ca.crt", other.certificate_pem}, {"ca.key", other.key_pem}},
            ""}}) {
    World world;
    world.Settle();
    const std::string before = world.leaf();
    Apply(damage, world.authority);
    world.Settle();
    if (!damage.said.empty()) {
      EXPECT_THAT(world.said, Contains(HasSubstr(damage.said))) << damage.reason;
    }
    EXPECT_EQ(world.leaf(), before) << damage.reason;
    EXPECT_TRUE(world.LeafIsTaken()) << damage.reason;
    world.Advance(30s);
    EXPECT_TRUE(world.LeafIsIssuers()) << damage.reason;
    EXPECT_TRUE(world.LeafIsTaken()) << damage.reason;
    world.Advance(24h);
    world.Settle();
    EXPECT_THAT(world.said, IsEmpty()) << damage.reason;
    EXPECT_LE(world.trusted_authorities(), 1U) << damage.reason;
    EXPECT_TRUE(world.LeafIsTaken()) << damage.reason;
  }
}

TEST(CertificatePlan, TrustsAnAuthorityWithoutItsKeyAlsoWhereNobodyElseKnowsIt) {
  World world;
  world.Settle();
  const std::string before = world.leaf();
  world.authority.erase("ca.key");
  world.serving.erase("ca.crt");
  world.Settle();
  EXPECT_EQ(world.leaf(), before);
  EXPECT_TRUE(world.LeafIsTaken());
}

TEST(CertificatePlan, ReplacesADamagedLeafAtOnce) {
  const sys_seconds now = World().Now();
  const CertificateAndKey other = MakeAuthority("other", {now, now + days(300)});
  const auto foreign =
      IssueServerCertificate(other, {"foreign", {"foreign"}, {now, now + days(1)}});
  for (const Damage& damage : std::vector<Damage>{
           {"garbage", {{"tls.crt", "junk"}}, "holds no PEM certificate"},
           {"no key", {{"tls.key", ""}}, "holds no unencrypted PEM private key"},
           {"another's key", {{"tls.key", foreign->key_pem}}, "does not belong"},
           {"another authority's",
            {{"tls.crt", foreign->certificate_pem}, {"tls.key", foreign->key_pem}},
            "unable to get local issuer certificate"},
           {"deleted", {{"tls.crt", ""}, {"tls.key", ""}, {"ca.crt", ""}}, "there is none"}}) {
    World world;
    world.Settle();
    const SecretData authority = world.authority;
    Apply(damage, world.serving);
    world.Settle();
    EXPECT_THAT(world.said, SizeIs(1)) << damage.reason;
    EXPECT_THAT(world.said, Contains(HasSubstr(damage.said))) << damage.reason;
    EXPECT_EQ(world.authority, authority) << damage.reason;
    EXPECT_TRUE(world.LeafIsTaken()) << damage.reason;
    EXPECT_EQ(world.serving.at("ca.crt"), world.bundle()) << damage.reason;
  }
}

TEST(CertificatePlan, ReplacesALeafWithGarbageBehindIt) {
  World world;
  world.Settle();
  const std::string leaf = world.leaf();
  world.serving["tls.crt"] += leaf.substr(0, leaf.size() / 2);
  world.Settle();
  EXPECT_THAT(world.said, ElementsAre(HasSubstr("holds no PEM certificate")));
  EXPECT_TRUE(world.LeafIsTaken());
}

TEST(CertificatePlan, TakesTheBundleBackFromHandEdits) {
  World world;
  world.Settle();
  const std::string leaf = world.leaf();
  world.serving["ca.crt"] = "junk";
  world.serving["more"] = "kept";
  world.Settle();
  EXPECT_EQ(world.serving.at("ca.crt"), world.bundle());
  EXPECT_EQ(world.leaf(), leaf);
}

TEST(CertificatePlan, RenewsTheLeafWhenItsNamesChange) {
  World world;
  world.Settle();
  world.options.dns_names = {"b.shop.svc", "a.shop.svc"};
  world.Settle();
  EXPECT_THAT(world.said, Contains(HasSubstr("should be for a.shop.svc, b.shop.svc")));
  EXPECT_TRUE(world.LeafIsTaken());
  world.Settle();
  EXPECT_THAT(world.said, IsEmpty());
}

TEST(CertificatePlan, StartsAnewAfterAnOutageOfYears) {
  World world;
  world.Settle();
  world.Advance(days(2000));
  EXPECT_THAT(world.said, Contains(HasSubstr("ca.crt: expired at")));
  EXPECT_TRUE(world.LeafIsTaken());  // at once: nothing else would be
  EXPECT_EQ(world.trusted_authorities(), 1U);
}

TEST(CertificatePlan, NeverIssuesALeafThatOutlivesItsAuthority) {
  World world;
  world.options.authority_life = days(10);
  world.Settle();
  const auto end = [](const std::string& pem) {
    return ReadCertificates(pem)->front().validity.not_after;
  };
  EXPECT_EQ(end(world.leaf()), end(world.authority.at("ca.crt")));
}

TEST(ServiceDnsNames, AreThoseThatClientsInAClusterUse) {
  EXPECT_THAT(ServiceDnsNames("remora-webhook", "remora-system", "example.org"),
              ElementsAre("remora-webhook", "remora-webhook.remora-system",
                          "remora-webhook.remora-system.svc",
                          "remora-webhook.remora-system.svc.example.org"));
}

}  // namespace
}  // namespace remora::reconcilers
