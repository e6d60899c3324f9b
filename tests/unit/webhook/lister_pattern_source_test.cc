#include "webhook/lister_pattern_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "operator/api/revision.h"
#include "operator/injection/compiled_pattern.h"

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
    revisions_.TakePage({}, runtime::kWholeList);
    namespaces_.TakePage({{{"kind", "Namespace"}, {"metadata", {{"name", "shop"}}}}},
                         runtime::kWholeList);
    limit_ranges_.TakePage({}, runtime::kWholeList);
    quotas_.TakePage({}, runtime::kWholeList);
  }

  using Patterns = runtime::Store<injection::LivePattern>;
  Patterns ambassadors_{&injection::LivePattern::FromObject};
  Patterns sidecars_{&injection::LivePattern::FromObject};
  Patterns adapters_{&injection::LivePattern::FromObject};
  runtime::Store<api::KeptRevision> revisions_{DecodeRevision};
  runtime::Store<injection::NamespaceFacts> namespaces_{DecodeNamespace};
  runtime::Store<injection::LimitRangeFacts> limit_ranges_{DecodeLimitRange};
  runtime::Store<injection::QuotaFacts> quotas_{DecodeQuota};
  ListerPatternSource source_{{ambassadors_.lister(), sidecars_.lister(), adapters_.lister(),
                               revisions_.lister(), namespaces_.lister(), limit_ranges_.lister(),
                               quotas_.lister()}};
};

TEST_F(ListerPatternSourceTest, HasNothingUntilAllIsRead) {
  EXPECT_EQ(source_.Missing(),
            "ambassadors, sidecars, adapters, controllerrevisions, namespaces, limitranges, "
            "resourcequotas");
  ambassadors_.TakePage({}, runtime::kWholeList);
  sidecars_.TakePage({}, runtime::kWholeList);
  adapters_.TakePage({}, runtime::kWholeList);
  revisions_.TakePage({}, runtime::kWholeList);
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

// A pattern with what the API server adds, and a status that names a revision.
json Live(int generation, const std::string& image, const std::string& current) {
  json object = Sidecar("saver", "1");
  object["metadata"].update({{"uid", "u1"}, {"generation", generation}});
  object["spec"]["container"]["image"] = image;
  object["status"]["currentRevision"] = current;
  return object;
}

class ServedRevisionTest : public ListerPatternSourceTest {
 protected:
  void See(json object) {
    object["metadata"]["resourceVersion"] = std::to_string(++version_);
    sidecars_.Apply({kube::WatchEventType::kModified, object});
  }
  void Keep(const json& spec, const std::string& uid = "u1") {
    json object =
        api::MakeControllerRevision({api::PatternKind::kSidecar, "shop", "saver", uid}, spec, 1);
    object["metadata"]["resourceVersion"] = std::to_string(++version_);
    revisions_.Apply({kube::WatchEventType::kAdded, object});
  }
  const injection::StoredPattern& Served() {
    index_ = source_.Current();
    return *index_->Find(api::PatternKind::kSidecar, "shop", "saver");
  }
  std::string Image() {
    const auto& served = Served();
    return served.refusal ? std::string(ReasonName(*served.refusal))
                          : served.compiled->spec().container["image"].get<std::string>();
  }

  int version_ = 10;
  std::shared_ptr<const injection::PatternIndex> index_;
};

const std::string kFirst = api::RevisionOf({{"container", {{"image", "first"}}}});

TEST_F(ServedRevisionTest, StaysTheLastAcceptedUntilTheNextIsAccepted) {
  SyncAll();
  See(Live(1, "first", kFirst));
  EXPECT_EQ(Image(), "first");
  See(Live(2, "second", kFirst));
  EXPECT_EQ(Image(), "first") << "known from before, whether or not its revision has been seen";
  const std::string second = api::RevisionOf({{"container", {{"image", "second"}}}});
  See(Live(2, "second", second));
  EXPECT_EQ(Image(), "second");
}

TEST_F(ServedRevisionTest, ComesFromTheKeptOneWithWhomItAdmitsAsOfNow) {
  SyncAll();
  json object = Live(2, "second", kFirst);
  object["spec"]["onError"] = "Deny";
  See(object);
  EXPECT_EQ(Image(), "RevisionNotFound");
  EXPECT_EQ(Served().complaint,
            "revision " + kFirst + ", the last that was accepted, is not kept; none is");
  Keep({{"container", {{"image", "first"}}}});
  EXPECT_EQ(Image(), "first");
  EXPECT_EQ(Served().compiled->spec().on_error, api::OnError::kDeny);
  EXPECT_EQ(Served().compiled->pattern().revision, kFirst);
}

TEST_F(ServedRevisionTest, IsThePinnedOneOfThatPatternAndNoOther) {
  SyncAll();
  const std::string second = api::RevisionOf({{"container", {{"image", "second"}}}});
  json object = Live(2, "second", second);
  object["spec"]["pinnedRevision"] = kFirst;
  See(object);
  Keep({{"container", {{"image", "first"}}}}, "of one that had its name before");
  EXPECT_EQ(Image(), "RevisionNotFound");
  Keep({{"container", {{"image", "third"}}}});
  EXPECT_EQ(Served().complaint, "revision " + kFirst +
                                    ", which spec.pinnedRevision names, is not kept; " +
                                    api::RevisionOf({{"container", {{"image", "third"}}}}) + " is");
  Keep({{"container", {{"image", "first"}}}});
  EXPECT_EQ(Image(), "first");
}

TEST_F(ServedRevisionTest, IsNoneWhereNoneWasEverAccepted) {
  SyncAll();
  json object = Live(3, "first", "");
  object["status"]["conditions"] = {{{"type", "Accepted"},
                                     {"status", "False"},
                                     {"observedGeneration", 3},
                                     {"message", "spec.container.image: no"}}};
  See(object);
  EXPECT_EQ(Image(), "PatternNotAccepted");
  EXPECT_EQ(Served().complaint, "spec.container.image: no");
  object["metadata"]["generation"] = 4;
  See(object);
  EXPECT_EQ(Image(), "first") << "the status does not speak of this spec";
}

TEST_F(ServedRevisionTest, IsNotMadeAnewForAStatus) {
  SyncAll();
  json object = Live(1, "first", kFirst);
  See(object);
  const auto* const compiled = Served().compiled.get();
  const auto before = source_.Current();
  object["status"]["pods"]["injected"] = 12;
  See(object);
  EXPECT_EQ(source_.Current(), before);
  EXPECT_EQ(Served().compiled.get(), compiled);
}

}  // namespace
}  // namespace remora::webhook
