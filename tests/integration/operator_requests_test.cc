// What the operator asks of the API server, counted.
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "tests/integration/operator_fixture.h"

namespace remora::testing {
namespace {

using nlohmann::json;

constexpr char kRevisions[] = "/apis/apps/v1/controllerrevisions";

class OperatorRequestsTest : public OperatorTest {
 protected:
  void Edit(int generation) {
    json saver = Pattern("Sidecar", "saver", SaverSpec("saver:" + std::to_string(generation)));
    saver["metadata"]["generation"] = generation;
    saver["spec"]["revisionHistoryLimit"] = 1;
    server_->Put(kSidecars, std::move(saver));
  }
  bool IsLookedAt(int generation) const {
    const json status = server_->All(kSidecars)[0].value("status", json::object());
    return status.value("observedGeneration", 0) == generation;
  }
  // By verb.
  std::map<std::string, int> Requests() const {
    std::map<std::string, int> requests;
    for (const auto& one : server_->recorded()) ++requests[one.verb];
    return requests;
  }
};

// Also when the history is full.
TEST_F(OperatorRequestsTest, AnEditOfAPatternCostsThree) {
  constexpr int kEdits = 5;
  Start({.sealed_namespace = "remora-sealed"});
  ASSERT_TRUE(server_->WaitForCount("get", 1)) << "of the Pod that is missing a pattern";
  auto want = Requests();
  for (int generation = 2; generation < 2 + kEdits; ++generation) {
    Edit(generation);
    ASSERT_TRUE(server_->WaitUntil(kPatience, [&] { return IsLookedAt(generation); }));
  }
  want["create"] += 2 * kEdits;  // the dry run, and the revision
  want["patch"] += kEdits;       // the status
  EXPECT_EQ(Requests(), want);
}

// A cold start with many Pods does not wait for them twice.
TEST_F(OperatorRequestsTest, PatternsAreAcceptedWhileThePodsAreRead) {
  bool are_kept = false;
  int statuses = 0;
  server_->FailNext("list", {.before =
                                 [&] {
                                   are_kept = server_->WaitUntil(kPatience, [&] {
                                     return server_->All(kRevisions).size() == 3;
                                   });
                                   statuses = server_->Count("patch");
                                 },
                             .collection = kPods});
  Start();
  EXPECT_TRUE(are_kept);
  EXPECT_EQ(statuses, 0) << "of which each counts all Pods";
}

// And files, managed fields and what kubectl applied are not even parsed.
TEST_F(OperatorRequestsTest, OfPodsItAsksForMetadataAlone) {
  Start();
  int asked = 0;
  for (const auto& one : server_->recorded()) {
    if (one.request.path != kPods) continue;
    ++asked;
    EXPECT_NE(one.request.headers.at("accept").find("as=PartialObjectMetadata"), std::string::npos)
        << one.verb;
    EXPECT_EQ(one.request.query.at("fieldSelector"),
              "status.phase!=Succeeded,status.phase!=Failed");
  }
  EXPECT_EQ(asked, 2) << "a list and a watch";
  const auto options = reconcilers::PodListOptions();
  ASSERT_NE(options.form.drops, nullptr);
  EXPECT_TRUE(options.form.drops("managedFields"));
  EXPECT_TRUE(options.form.drops("files.patterns.remora.dev/saver"));
  EXPECT_FALSE(options.form.drops("patterns.remora.dev/status"));
}

}  // namespace
}  // namespace remora::testing
