// A Pod that came without its pattern is replaced by the whole chain, whatever happens to the watches.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <thread>

#include "tests/integration/operator_fixture.h"

namespace remora::testing {
namespace {

using nlohmann::json;

constexpr char kEvents[] = "/apis/events.k8s.io/v1/events";
constexpr char kSlices[] = "/apis/discovery.k8s.io/v1/endpointslices";

class OperatorHealingTest : public OperatorTest {
 protected:
  OperatorHealingTest() {
    json healer = Pattern("Sidecar", "healer", SaverSpec());
    healer["spec"]["update"] = {{"replaceMissing", true}};
    server_->Put(kSidecars, healer);
    server_->Put(kSlices, {{"metadata",
                            {{"namespace", "remora-system"},
                             {"name", "remora-webhook"},
                             {"labels", {{"kubernetes.io/service-name", "remora-webhook"}}}}},
                           {"endpoints", {{{"conditions", {{"ready", true}}}}}}});
  }

  static json Lost(const std::string& workload) {
    json pod = Pod(workload + "-1");
    json& metadata = pod["metadata"];
    metadata["annotations"]["patterns.remora.dev/sidecar"] = "healer";
    metadata["labels"] = {{"pod-template-hash", "abc"}};
    metadata["ownerReferences"] = {{{"apiVersion", "apps/v1"},
                                    {"kind", "ReplicaSet"},
                                    {"name", workload + "-abc"},
                                    {"uid", "owner-" + workload},
                                    {"controller", true}}};
    pod["spec"] = {{"containers", {{{"name", "web"}, {"image", "web"}}}}};
    return pod;
  }
  bool IsReplaced(const std::string& workload) const {
    return server_->WaitUntil(kPatience, [&] {
      const std::vector<json> pods = server_->All(kPods);
      return std::none_of(pods.begin(), pods.end(), [&](const json& pod) {
        return pod["metadata"]["name"] == workload + "-1";
      });
    });
  }
  int Evictions() const {
    int count = 0;
    for (const auto& one : server_->recorded()) {
      if (one.request.path.ends_with("/eviction") && !one.request.query.contains("dryRun")) ++count;
    }
    return count;
  }
};

TEST_F(OperatorHealingTest, WhoCameWhileAllWatchesWereGone) {
  Start();
  server_->MuteWatches();
  server_->Put(kPods, Lost("web"));
  server_->Compact();
  server_->SendToWatches(FakeApiServer::EventLine(
      "ERROR", {{"kind", "Status"}, {"code", 410}, {"reason", "Expired"}, {"message", "too old"}}));
  EXPECT_TRUE(IsReplaced("web"));
  EXPECT_EQ(Evictions(), 1);
}

TEST_F(OperatorHealingTest, WhoCameInHalfALine) {
  Start();
  const std::string line = FakeApiServer::EventLine("ADDED", Lost("web"));
  server_->SendToWatches(std::string_view(line).substr(0, line.size() / 2));
  server_->MuteWatches();
  server_->Put(kPods, Lost("web"));
  server_->CutWatches();
  EXPECT_TRUE(IsReplaced("web"));
  EXPECT_EQ(Evictions(), 1);
}

TEST_F(OperatorHealingTest, WhoCameInSilence) {
  Start();
  server_->MuteWatches();
  server_->Put(kPods, Lost("web"));
  server_->EndWatches();
  EXPECT_TRUE(IsReplaced("web"));
  EXPECT_EQ(Evictions(), 1);
}

// What is told of it once more is not its successor.
TEST_F(OperatorHealingTest, WhoIsToldOfAgainAfterItIsGone) {
  Start();
  const json lost = Lost("web");
  server_->Put(kPods, lost);
  ASSERT_TRUE(IsReplaced("web"));
  server_->SendToWatches(FakeApiServer::EventLine("MODIFIED", lost));
  server_->Put(kPods, Lost("cart"));
  EXPECT_TRUE(IsReplaced("cart"));
  EXPECT_EQ(Evictions(), 2) << "one of each workload";
}

}  // namespace
}  // namespace remora::testing
