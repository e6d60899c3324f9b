// Case 64: an object that nobody can digest puts itself out of service and nothing else.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "tests/integration/operator_fixture.h"

namespace remora::testing {
namespace {

using nlohmann::json;

std::string Nested(std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

class OperatorPoisonTest : public OperatorTest {
 protected:
  // Once through the watch, and once through a list in which it stands beside the others.
  void ExpectHarmless(const std::string& collection, const std::vector<json>& objects) {
    Start();
    for (std::size_t i = 0; i < objects.size(); ++i) {
      json object = objects[i];
      object["metadata"]["name"] = kPoison + std::to_string(i);
      server_->Put(collection, std::move(object));
    }
    server_->Put(kPods, Pod("web-5"));
    EditSaver();
    EXPECT_TRUE(Settles());
    server_->MuteWatches();
    server_->Put(kPods, Pod("web-6"));
    server_->Remove(kPods, "shop", "web-5");
    EditSaver();
    server_->Compact();
    server_->CutWatches();
    EXPECT_TRUE(Settles());
  }

 private:
  void EditSaver() {
    ++generation_;
    json saver = Pattern("Sidecar", "saver", SaverSpec("saver:" + std::to_string(generation_)));
    saver["metadata"]["generation"] = generation_;
    server_->Put(kSidecars, std::move(saver));
  }
  int generation_ = 1;
};

TEST_F(OperatorPoisonTest, PatternsThatCannotBeDecoded) {
  std::vector<json> patterns;
  for (const json& spec : {json(7), json(), json::array({1}), json({{"container", 5}}),
                           json({{"container", {{"image", json::array()}}}, {"share", "all"}})}) {
    patterns.push_back(Pattern("Sidecar", "", spec));
  }
  ExpectHarmless(kSidecars, patterns);
  EXPECT_TRUE(server_->WaitUntil(kPatience, [this] {
    const std::vector<json> all = server_->All(kSidecars);
    return std::count_if(all.begin(), all.end(), [](const json& pattern) {
             return pattern.dump().find("InvalidSpec") != std::string::npos;
           }) == 5;
  })) << "each says of itself that it is invalid";
}

// The CRDs let fields of containers be of any form.
TEST_F(OperatorPoisonTest, APatternThatIsNestedDeeply) {
  json spec = SaverSpec();
  spec["container"]["lifecycle"] = json::parse(Nested(2000));
  ExpectHarmless(kSidecars, {Pattern("Sidecar", "", spec)});
}

TEST_F(OperatorPoisonTest, AHugePattern) {
  json spec = SaverSpec();
  for (int i = 0; i < 20'000; ++i) {
    spec["container"]["env"].push_back({{"name", "V" + std::to_string(i)}, {"value", "$(x"}});
  }
  spec["description"] = std::string(500'000, 'x');
  ExpectHarmless(kSidecars, {Pattern("Sidecar", "", spec)});
}

TEST_F(OperatorPoisonTest, PodsWithAbsurdRecords) {
  const std::string deep = Nested(130'000);  // overflows the stack of who copies it
  std::vector<json> pods;
  for (const std::string& record :
       {std::string("{"), deep, R"({"version":)" + deep + "}",
        R"({"version":1,"patterns":)" + deep + "}",
        R"({"version":1,"patterns":[{"kind":)" + deep + "}]}",
        std::string(R"({"version":1,"patterns":[7,{"kind":7,"reason":"Injected"}]})"),
        std::string(250'000, '"')}) {
    pods.push_back(Pod("", record));
    pods.back()["metadata"]["annotations"].erase("patterns.remora.dev/sidecar");
  }
  ExpectHarmless(kPods, pods);
}

TEST_F(OperatorPoisonTest, PodsWithAbsurdMetadata) {
  std::vector<json> pods;
  for (const char* member : {"creationTimestamp", "deletionTimestamp", "labels", "annotations",
                             "ownerReferences", "uid", "generateName"}) {
    for (const json& value : {json(), json(7), json::array({json()}), json{{"app", 7}}}) {
      pods.push_back(Pod(""));
      pods.back()["metadata"].erase("annotations");
      pods.back()["metadata"][member] = value;
    }
  }
  ExpectHarmless(kPods, pods);
}

TEST_F(OperatorPoisonTest, APodThatAsksAbsurdly) {
  json pod = Pod("");
  std::string names;
  for (int i = 0; i < 30'000; ++i) names += ",n" + std::to_string(i) + "/\xC3\xA4";
  pod["metadata"]["annotations"]["patterns.remora.dev/sidecar"] = names;
  pod["metadata"]["annotations"]["patterns.remora.dev/adapter"] = Nested(100'000);
  ExpectHarmless(kPods, {pod});
}

}  // namespace
}  // namespace remora::testing
