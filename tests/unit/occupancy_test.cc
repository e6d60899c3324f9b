#include "operator/injection/occupancy.h"

#include <gtest/gtest.h>

namespace remora::injection {
namespace {

// case 26
TEST(NormalPath, ComparesPathsAsTheKernelWould) {
  Arena arena;
  EXPECT_EQ(NormalPath("/a/", arena), "/a");
  EXPECT_EQ(NormalPath("//a///b//", arena), "/a/b");
  EXPECT_EQ(NormalPath("/a/./b/../c", arena), "/a/c");
  EXPECT_EQ(NormalPath("/..", arena), "/");
  EXPECT_EQ(NormalPath("/", arena), "/");
  EXPECT_EQ(NormalPath("", arena), "/");
}

TEST(IsAtOrAbove, StopsAtPathElements) {
  EXPECT_TRUE(IsAtOrAbove("/var/log", "/var/log/nginx"));
  EXPECT_TRUE(IsAtOrAbove("/var/log", "/var/log"));
  EXPECT_TRUE(IsAtOrAbove("/", "/var"));
  EXPECT_FALSE(IsAtOrAbove("/var/log", "/var/logs"));
  EXPECT_FALSE(IsAtOrAbove("/var/log/nginx", "/var/log"));
}

class OccupancyTest : public ::testing::Test {
 protected:
  OccupancyTest() : facts_(arena_) {
    const auto parsed =
        document_.Parse(R"({"metadata":{"annotations":{"prometheus.io/port":"9102"}},
      "spec":{"volumes":[{"name":"data"}],"ephemeralContainers":[{"name":"debug"}],
        "initContainers":[{"name":"migrate"}],
        "containers":[{"name":"web","image":"i","env":[{"name":"A","value":"1"}],
          "volumeMounts":[{"name":"data","mountPath":"/data/"}],
          "ports":[{"containerPort":8080},{"containerPort":53,"protocol":"UDP"}],
          "livenessProbe":{"httpGet":{"port":8081}},
          "lifecycle":{"preStop":{"tcpSocket":{"port":8082}}}}]}})");
    REMORA_CHECK(parsed.ok());
    ReadPodFacts(document_.root(), arena_, facts_);
  }

  JsonDocument document_;
  Arena arena_;
  PodFacts facts_;
};

TEST_F(OccupancyTest, KnowsNamesOfAllContainerLists) {
  const Occupancy occupancy(facts_, arena_);
  EXPECT_TRUE(occupancy.HasContainer("web"));
  EXPECT_TRUE(occupancy.HasContainer("migrate"));
  EXPECT_TRUE(occupancy.HasContainer("debug"));
  EXPECT_FALSE(occupancy.HasContainer("redis"));
  EXPECT_TRUE(occupancy.HasVolume("data"));
}

// case 40
TEST_F(OccupancyTest, CountsPortsOfProbesHooksAndAnnotations) {
  Occupancy occupancy(facts_, arena_);
  std::vector<int> ports;
  for (const PortEntry& entry : occupancy.PodPorts()) ports.push_back(entry.port);
  EXPECT_EQ(ports, (std::vector<int>{8080, 53, 8081, 8082, 9102}));
  EXPECT_EQ(occupancy.PodPorts()[1].transport, Transport::kUdp);
}

TEST_F(OccupancyTest, GivesBackWhatARefusedPatternTook) {
  Occupancy occupancy(facts_, arena_);
  ContainerOccupancy& web = *occupancy.FindContainer("web");
  web.SetVariable(*web.FindVariable("A", arena_), "\"earlier\"", "");
  const Occupancy::Mark mark = occupancy.MarkNow();

  occupancy.AddContainer("redis");
  occupancy.AddVolume("redis--files");
  occupancy.annotation_bytes += 100;
  occupancy.grace_seconds += 10;
  web.Mounts(arena_).push_back({"/x", "v", "", ""});
  web.AddVariable("B", "\"2\"", "");
  web.SetVariable(*web.FindVariable("A", arena_), "\"later\"", "");
  occupancy.RollbackTo(mark);

  EXPECT_FALSE(occupancy.HasContainer("redis"));
  EXPECT_FALSE(occupancy.HasVolume("redis--files"));
  EXPECT_EQ(occupancy.annotation_bytes, facts_.AnnotationBytes());
  EXPECT_EQ(occupancy.grace_seconds, 30);
  EXPECT_EQ(web.Mounts(arena_).size(), 1U);
  EXPECT_EQ(web.FindVariable("B", arena_), nullptr);
  EXPECT_EQ(web.FindVariable("A", arena_)->value, "\"earlier\"");
}

TEST_F(OccupancyTest, FindsTheLastVariableOfANameWhateverItIsWrittenLike) {
  ASSERT_TRUE(document_
                  .Parse(R"({"spec":{"containers":[{"name":"web","env":[
      {"name":"A","value":"1"},{"value":"nameless"},7,{"value":"\"2\"","name":"\u0041"},
      {"name":"LONG","valueFrom":{"fieldRef":{"fieldPath":"metadata.name"}}},{"name":3},
      {"name":"LONGER"}]}]}})")
                  .ok());
  arena_.Reset();
  PodFacts facts(arena_);
  ReadPodFacts(document_.root(), arena_, facts);
  Occupancy occupancy(facts, arena_);
  ContainerOccupancy& web = *occupancy.FindContainer("web");
  const VariableEntry found = *web.FindVariable("A", arena_);
  EXPECT_EQ(found.name, "A");
  EXPECT_EQ(found.position, 3U);
  EXPECT_EQ(found.value, R"("\"2\"")");
  EXPECT_FALSE(found.ours);
  EXPECT_EQ(web.FindVariable("LONG", arena_)->position, 4U);
  EXPECT_EQ(web.FindVariable("LONG", arena_)->value_from,
            R"({"fieldRef":{"fieldPath":"metadata.name"}})");
  EXPECT_EQ(web.FindVariable("LON", arena_), nullptr);
  EXPECT_EQ(web.FindVariable("LONGEST", arena_), nullptr);
}

TEST_F(OccupancyTest, FindsWhatItHasChangedWithItsNewValue) {
  Occupancy occupancy(facts_, arena_);
  ContainerOccupancy& web = *occupancy.FindContainer("web");
  web.SetVariable(*web.FindVariable("A", arena_), "\"new\"", "");
  EXPECT_EQ(web.FindVariable("A", arena_)->value, "\"new\"");
  web.AddVariable("B", "\"2\"", "");
  EXPECT_TRUE(web.FindVariable("B", arena_)->ours);
  EXPECT_EQ(web.FindVariable("A", arena_)->value, "\"new\"");
}

}  // namespace
}  // namespace remora::injection
