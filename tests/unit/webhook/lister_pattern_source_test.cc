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
    ambassadors_.Replace({}, "1");
    sidecars_.Replace({Sidecar("saver", "1"), Sidecar("other", "1")}, "1");
    adapters_.Replace({}, "1");
    namespaces_.Replace({{{"kind", "Namespace"}, {"metadata", {{"name", "shop"}}}}}, "1");
  }

  runtime::Store<injection::StoredPattern> ambassadors_{DecodePattern};
  runtime::Store<injection::StoredPattern> sidecars_{DecodePattern};
  runtime::Store<injection::StoredPattern> adapters_{DecodePattern};
  runtime::Store<injection::NamespaceFacts> namespaces_{DecodeNamespace};
  ListerPatternSource source_{
      {ambassadors_.lister(), sidecars_.lister(), adapters_.lister(), namespaces_.lister()}};
};

TEST_F(ListerPatternSourceTest, HasNothingUntilAllFourAreRead) {
  EXPECT_EQ(source_.Missing(), "ambassadors, sidecars, adapters, namespaces");
  ambassadors_.Replace({}, "1");
  sidecars_.Replace({}, "1");
  adapters_.Replace({}, "1");
  EXPECT_EQ(source_.Missing(), "namespaces");
  EXPECT_EQ(source_.Current(), nullptr);
  namespaces_.Replace({}, "1");
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
