#include "operator/injection/patch_writer.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "operator/injection/pod_facts.h"

namespace remora::injection {
namespace {

using nlohmann::json;

// Applies operations to a Pod by another implementation of RFC 6902.
class PatchWriterTest : public ::testing::Test {
 protected:
  json Apply(const json& pod, std::initializer_list<Operation> operations) {
    const std::string text = pod.dump();
    REMORA_CHECK(document_.Parse(text).ok());
    PodFacts facts(arena_);
    ReadPodFacts(document_.root(), arena_, facts);
    Plan plan(&arena_);
    plan.pod = &facts;
    plan.operations.assign(operations);
    std::pmr::string patch;
    WritePatch(plan, arena_, patch);
    return pod.patch(json::parse(patch));
  }

  static Operation Add(List list, std::string_view key, std::string_view value) {
    Operation operation;
    operation.list = list;
    operation.key = key;
    operation.json = value;
    return operation;
  }

  JsonDocument document_;
  Arena arena_;
};

// case 24
TEST_F(PatchWriterTest, MakesMissingParentsOnceAndKeepsWhatIsInThem) {
  const json pod = {{"metadata", json::object()}, {"spec", {{"containers", {{{"name", "web"}}}}}}};
  Operation variable = Add(List::kEnvironment, "A", R"({"name":"A","value":"1"})");
  Operation second = Add(List::kEnvironment, "B", R"({"name":"B","value":"2"})");
  const json result =
      Apply(pod, {Add(List::kVolumes, "v", R"({"name":"v"})"),
                  Add(List::kVolumes, "w", R"({"name":"w"})"), Add(List::kLabels, "a/b", R"("1")"),
                  Add(List::kLabels, "c~d", R"("2")"), Add(List::kAnnotations, "x", R"("y")"),
                  Add(List::kAnnotations, "z", R"("y")"),
                  Add(List::kMounts, "/m", R"({"mountPath":"/m"})"),
                  Add(List::kMounts, "/n", R"({"mountPath":"/n"})"), variable, second,
                  Add(List::kInitContainers, "i", R"({"name":"i"})"),
                  Add(List::kInitContainers, "j", R"({"name":"j"})")});
  EXPECT_EQ(result["spec"]["volumes"], json::parse(R"([{"name":"v"},{"name":"w"}])"));
  EXPECT_EQ(result["metadata"]["labels"], json::parse(R"({"a/b":"1","c~d":"2"})"));
  EXPECT_EQ(result["metadata"]["annotations"], json::parse(R"({"x":"y","z":"y"})"));
  const json& web = result["spec"]["containers"][0];
  EXPECT_EQ(web["volumeMounts"].size(), 2U);
  EXPECT_EQ(web["env"][0]["name"], "A");
  EXPECT_EQ(web["env"][1]["name"], "B");
  EXPECT_EQ(result["spec"]["initContainers"][0]["name"], "i");
  EXPECT_EQ(result["spec"]["initContainers"][1]["name"], "j");
}

TEST_F(PatchWriterTest, FollowsContainersAndVariablesThatMove) {
  const json pod = json::parse(R"({"spec":{"containers":[{"name":"web"}],
    "initContainers":[{"name":"mesh"},{"name":"migrate","env":[{"name":"OWN","value":"old"}]}]}})");
  Operation before = Add(List::kInitContainers, "redis", R"({"name":"redis"})");
  before.position = 1;
  Operation after = Add(List::kInitContainers, "saver", R"({"name":"saver"})");
  after.position = 2;
  Operation variable = Add(List::kEnvironment, "NEW", R"({"name":"NEW","value":"1"})");
  variable.init = true;
  variable.container = 1;
  Operation change = variable;
  change.verb = Verb::kSet;
  change.key = "OWN";
  change.field = "value";
  change.json = R"("new")";
  change.position = 0;
  const json result = Apply(pod, {variable, before, after, change});
  EXPECT_EQ(result["spec"]["initContainers"], json::parse(R"([{"name":"mesh"},{"name":"redis"},
    {"name":"migrate","env":[{"name":"NEW","value":"1"},{"name":"OWN","value":"new"}]},
    {"name":"saver"}])"));
}

TEST_F(PatchWriterTest, RemovesAFieldOfAVariable) {
  const json pod = json::parse(
      R"({"spec":{"containers":[{"name":"web","env":[{"name":"A","valueFrom":{"x":1}}]}]}})");
  Operation remove = Add(List::kEnvironment, "A", "");
  remove.verb = Verb::kRemove;
  remove.field = "valueFrom";
  Operation set = remove;
  set.verb = Verb::kSet;
  set.field = "value";
  set.json = R"("1")";
  const json result = Apply(pod, {remove, set});
  EXPECT_EQ(result["spec"]["containers"][0]["env"], json::parse(R"([{"name":"A","value":"1"}])"));
}

}  // namespace
}  // namespace remora::injection
