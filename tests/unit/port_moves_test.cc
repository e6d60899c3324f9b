#include "operator/cli/port_moves.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace remora::cli {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const json kBefore = json::parse(R"({
  "metadata": {"labels": {"app": "cart", "tier": "web", "pod-template-hash": "7d4"}},
  "spec": {"containers": [{"name": "app", "ports": [
    {"name": "http", "containerPort": 8080}, {"name": "admin", "containerPort": 9000}]}]}})");

json After() {
  json pod = kBefore;
  pod["metadata"]["labels"]["patterns.remora.dev/injected"] = "true";
  pod["spec"]["containers"][0]["ports"][0].erase("name");
  pod["spec"]["initContainers"] =
      json::parse(R"([{"name": "login", "ports": [{"name": "http", "containerPort": 23557}]}])");
  return pod;
}

json Service(const std::string& spec) {
  json service = {{"apiVersion", "v1"},
                  {"kind", "Service"},
                  {"metadata", {{"name", "cart"}, {"namespace", "shop"}}}};
  service["spec"] = json::parse(spec);
  return service;
}

json Policy(const std::string& spec) {
  json policy = {{"apiVersion", "networking.k8s.io/v1"},
                 {"kind", "NetworkPolicy"},
                 {"metadata", {{"name", "cart"}, {"namespace", "shop"}}}};
  policy["spec"] = json::parse(spec);
  return policy;
}

PortMoves Find(const std::vector<json>& neighbours) {
  const json after = After();
  return FindPortMoves({kBefore, after}, neighbours, {"cart", "shop", nullptr});
}

struct Case {
  const char* reason;
  json neighbour;
  const char* field;  // empty: it follows, or does not matter
  const char* value;
};

TEST(PortMoves, FindsWhatSaysTheNumber) {
  const std::string chosen = R"("selector": {"app": "cart"})";
  const std::string pods = R"("podSelector": {"matchLabels": {"app": "cart"}})";
  const Case cases[] = {
      {"a number", Service("{" + chosen + R"(, "ports": [{"port": 80, "targetPort": 8080}]})"),
       "spec.ports[0].targetPort", "8080"},
      {"the second port",
       Service(
           "{" + chosen +
           R"(, "ports": [{"port": 1, "targetPort": 9000}, {"port": 80, "targetPort": 8080}]})"),
       "spec.ports[1].targetPort", "8080"},
      {"no targetPort means the port", Service("{" + chosen + R"(, "ports": [{"port": 8080}]})"),
       "spec.ports[0].targetPort", "absent, which means port 8080"},
      {"a name follows",
       Service("{" + chosen + R"(, "ports": [{"port": 8080, "targetPort": "http"}]})"), "", ""},
      {"another protocol",
       Service("{" + chosen +
               R"(, "ports": [{"port": 80, "targetPort": 8080, "protocol": "UDP"}]})"),
       "", ""},
      {"a Service for other Pods",
       Service(R"({"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}]})"), "",
       ""},
      {"a Service without a selector", Service(R"({"ports": [{"port": 80, "targetPort": 8080}]})"),
       "", ""},
      {"a policy that names the number",
       Policy("{" + pods + R"(, "ingress": [{"ports": [{"port": 8080}]}]})"),
       "spec.ingress[0].ports[0].port", "8080"},
      {"a range without the new number",
       Policy("{" + pods + R"(, "ingress": [{"ports": [{"port": 8000, "endPort": 8999}]}]})"),
       "spec.ingress[0].ports[0].port", "8000 to 8999"},
      {"a range with the new number",
       Policy("{" + pods + R"(, "ingress": [{"ports": [{"port": 8000, "endPort": 32000}]}]})"), "",
       ""},
      {"a policy for other Pods",
       Policy(R"({"podSelector": {"matchExpressions": [{"key": "tier", "operator": "NotIn",
                 "values": ["web"]}]}, "ingress": [{"ports": [{"port": 8080}]}]})"),
       "", ""},
      {"what others may send to these Pods",
       Policy(R"({"podSelector": {"matchLabels": {"app": "web"}}, "policyTypes": ["Egress"],
                 "egress": [{"to": [{"podSelector": {"matchLabels": {"app": "cart"}}}],
                             "ports": [{"port": 8080}]}]})"),
       "spec.egress[0].ports[0].port", "8080"},
      {"what others may send to another namespace",
       Policy(R"({"podSelector": {}, "policyTypes": ["Egress"],
                 "egress": [{"to": [{"podSelector": {}, "namespaceSelector": {}}],
                             "ports": [{"port": 8080}]}]})"),
       "", ""},
  };
  for (const Case& c : cases) {
    const PortMoves found = Find({c.neighbour});
    if (*c.field == '\0') {
      EXPECT_THAT(found.left_behind, IsEmpty()) << c.reason;
      continue;
    }
    ASSERT_EQ(found.left_behind.size(), 1u) << c.reason;
    EXPECT_EQ(found.left_behind[0].field, c.field) << c.reason;
    EXPECT_EQ(found.left_behind[0].value, c.value) << c.reason;
  }
}

TEST(PortMoves, LooksAtTheNamespaceOfThePod) {
  json service = Service(R"({"selector": {"app": "cart"}, "ports": [{"port": 8080}]})");
  service["metadata"]["namespace"] = "other";
  EXPECT_THAT(Find({service}).left_behind, IsEmpty());
}

TEST(PortMoves, ClosesTheOldPortAlone) {
  const json policy = Find({}).policy;
  EXPECT_EQ(policy["metadata"], json::parse(R"({"name": "cart-close-8080", "namespace": "shop"})"));
  EXPECT_EQ(policy["spec"]["podSelector"], json::parse(R"({"matchLabels":
    {"app": "cart", "tier": "web", "patterns.remora.dev/injected": "true"}})"))
      << "not by the label of one revision";
  EXPECT_EQ(policy["spec"]["ingress"], json::parse(R"([{"ports": [
    {"protocol": "TCP", "port": 1, "endPort": 8079},
    {"protocol": "TCP", "port": 8081, "endPort": 65535},
    {"protocol": "UDP", "port": 1, "endPort": 65535},
    {"protocol": "SCTP", "port": 1, "endPort": 65535}]}])"));
  EXPECT_EQ(policy["spec"]["policyTypes"], json::parse(R"(["Ingress"])"));
}

TEST(PortMoves, ChoosesPodsAsTheirOwnerDoes) {
  const json after = After();
  const json selector = json::parse(R"({"matchLabels": {"app": "cart"}})");
  const json policy = FindPortMoves({kBefore, after}, {}, {"cart", "shop", selector}).policy;
  EXPECT_EQ(policy["spec"]["podSelector"], json::parse(R"({"matchLabels":
    {"app": "cart", "patterns.remora.dev/injected": "true"}})"));
}

TEST(PortMoves, HasNoPolicyForPodsWithoutLabels) {
  json before = kBefore;
  json after = After();
  before["metadata"] = after["metadata"] = json::object();
  EXPECT_TRUE(FindPortMoves({before, after}, {}, {"cart", "shop", nullptr}).policy.is_null());
}

// Policies add up: one more would open what these close.
TEST(PortMoves, HasNoPolicyWhereOneChoosesThePodAlready) {
  const PortMoves closed = Find({Policy(R"({"podSelector": {}, "ingress": [
    {"ports": [{"port": "http"}]}]})")});
  EXPECT_TRUE(closed.policy.is_null());
  EXPECT_THAT(closed.isolated_by, ElementsAre("NetworkPolicy shop/cart"));
  EXPECT_THAT(closed.open_rules, IsEmpty());
  const PortMoves open = Find({Policy(R"({"podSelector": {}, "ingress": [
    {"ports": [{"port": "http"}]}, {"from": [{"podSelector": {}}]}]})")});
  EXPECT_THAT(open.open_rules, ElementsAre("NetworkPolicy shop/cart: spec.ingress[1]"));
}

TEST(PortMoves, SaysNothingWhereNoPortMoves) {
  const PortMoves none = FindPortMoves(
      {kBefore, kBefore}, {Service(R"({"selector": {"app": "cart"}, "ports": [{"port": 8080}]})")},
      {"cart", "shop", nullptr});
  EXPECT_THAT(none.moves, IsEmpty());
  EXPECT_THAT(none.left_behind, IsEmpty());
  EXPECT_TRUE(none.policy.is_null());
}

TEST(PortMoves, TakesAnythingForAnObject) {
  for (const char* text : {"null", "5", "[]", R"({"kind": "Service", "apiVersion": "v1"})",
                           R"({"kind": "Service", "apiVersion": "v1", "spec": {"selector": 5}})",
                           R"({"kind": "NetworkPolicy", "apiVersion": "networking.k8s.io/v1",
                               "spec": {"podSelector": 5, "ingress": {"a": 1}, "egress": [5]}})"}) {
    EXPECT_EQ(Find({json::parse(text)}).moves.size(), 1u) << text;
  }
}

}  // namespace
}  // namespace remora::cli
