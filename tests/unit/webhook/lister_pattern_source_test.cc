#include "webhook/lister_pattern_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

namespace remora::webhook {
namespace {

using nlohmann::json;

json Sidecar(const std::string& name, const std::string& version) {
  return {{"apiVersion", "patterns.remora.dev/v1alpha1"},
          {"kind", "Sidecar"},
          {"metadata", {{"namespace", "shop"}, {"name", name}, {"resourceVersion", version}}},
          {"spec", {{"container", {{"image", "saver:" + version}}}}}};
}

class ListerPatternSourceTest : public ::testing::Test {
 protected:
  void SyncAll() {
    ambassadors_.TakePage({}, runtime::kWholeList);
    sidecars_.TakePage({Sidecar("saver", "1"), Sidecar("other", "1")}, runtime::kWholeList);
    adapters_.TakePage({}, runtime::kWholeList);
    namespaces_.TakePage({{{"kind", "Namespace"}, {"metadata", {{"name", "shop"}}}}},
                         runtime::kWholeList);
    limit_ranges_.TakePage({}, runtime::kWholeList);
    quotas_.TakePage({}, runtime::kWholeList);
  }

  runtime::Store<injection::StoredPattern> ambassadors_{DecodePattern};
  runtime::Store<injection::StoredPattern> sidecars_{DecodePattern};
  runtime::Store<injection::StoredPattern> adapters_{DecodePattern};
  runtime::Store<injection::NamespaceFacts> namespaces_{DecodeNamespace};
  runtime::Store<injection::LimitRangeFacts> limit_ranges_{DecodeLimitRange};
  runtime::Store<injection::QuotaFacts> quotas_{DecodeQuota};
  ListerPatternSource source_{{ambassadors_.lister(), sidecars_.lister(), adapters_.lister(),
                               namespaces_.lister(), limit_ranges_.lister(), quotas_.lister()}};
};

TEST_F(ListerPatternSourceTest, HasNothingUntilAllIsRead) {
  EXPECT_EQ(source_.Missing(),
            "ambassadors, sidecars, adapters, namespaces, limitranges, resourcequotas");
  ambassadors_.TakePage({}, runtime::kWholeList);
  sidecars_.TakePage({}, runtime::kWholeList);
  adapters_.TakePage({}, runtime::kWholeList);
  namespaces_.TakePage({}, runtime::kWholeList);
  EXPECT_EQ(source_.Missing(), "limitranges, resourcequotas");
  limit_ranges_.TakePage({}, runtime::kWholeList);
  EXPECT_EQ(source_.Missing(), "resourcequotas");
  EXPECT_EQ(source_.Current(), nullptr);
  quotas_.TakePage({}, runtime::kWholeList);
  EXPECT_EQ(source_.Missing(), "");
  EXPECT_NE(source_.Current(), nullptr);
}

TEST_F(ListerPatternSourceTest, HoldsPatternsAndNamespaces) {
  SyncAll();
  const auto index = source_.Current();
  EXPECT_NE(index->Find(api::PatternKind::kSidecar, "shop", "saver"), nullptr);
  EXPECT_EQ(index->Find(api::PatternKind::kAmbassador, "shop", "saver"), nullptr);
  EXPECT_NE(index->FindNamespace("shop"), nullptr);
}

TEST_F(ListerPatternSourceTest, HoldsWhatLimitsANamespaceInTheOrderOfNames) {
  SyncAll();
  EXPECT_EQ(source_.Current()->FindLimits("shop"), nullptr);
  for (const char* name : {"late", "early"}) {
    limit_ranges_.Apply(
        {kube::WatchEventType::kAdded, {{"metadata", {{"namespace", "shop"}, {"name", name}}}}});
  }
  quotas_.Apply({kube::WatchEventType::kAdded,
                 {{"metadata", {{"namespace", "shop"}, {"name", "compute"}}},
                  {"spec", {{"hard", {{"limits.cpu", "4"}}}}}}});
  const auto index = source_.Current();
  const injection::NamespaceLimits* limits = index->FindLimits("shop");
  ASSERT_NE(limits, nullptr);
  ASSERT_EQ(limits->ranges.size(), 2U);
  EXPECT_EQ(limits->ranges[0]->name, "early");
  ASSERT_EQ(limits->quotas.size(), 1U);
  ASSERT_EQ(limits->quotas[0]->demands.size(), 1U);
  EXPECT_EQ(limits->quotas[0]->demands[0].resource, "cpu");
}

TEST_F(ListerPatternSourceTest, ShowsAChangeInTheNextLookUpAndSharesTheRest) {
  SyncAll();
  const auto before = source_.Current();
  EXPECT_EQ(source_.Current(), before);
  sidecars_.Apply({kube::WatchEventType::kModified, Sidecar("saver", "2")});
  const auto after = source_.Current();
  const auto find = [](const auto& index, const char* name) {
    return index->Find(api::PatternKind::kSidecar, "shop", name);
  };
  EXPECT_NE(find(after, "saver"), find(before, "saver"));
  EXPECT_EQ(find(after, "other"), find(before, "other"));
  sidecars_.Apply({kube::WatchEventType::kDeleted, Sidecar("saver", "3")});
  EXPECT_EQ(find(source_.Current(), "saver"), nullptr);
  EXPECT_NE(find(before, "saver"), nullptr);  // whoever holds an index keeps it
}

}  // namespace
}  // namespace remora::webhook
