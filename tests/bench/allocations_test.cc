#include "tests/bench/allocations.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "operator/injection/injector.h"
#include "operator/injection/json_document.h"
#include "operator/injection/pattern_index.h"
#include "tests/bench/inputs.h"

namespace remora::bench {
namespace {

using injection::Inject;
using injection::JsonDocument;
using injection::Outcome;
using injection::Verdict;

constexpr std::size_t kPatterns = 100;

class AllocationsTest : public ::testing::Test {
 protected:
  Outcome Call(const std::string& pod) {
    REMORA_CHECK(document_.Parse(pod).ok());
    return Inject({document_.root(), "shop"}, *index_, environment_, workspace_);
  }

  // Of one call, when the memory has grown to what the Pod needs.
  std::uint64_t WhenWarm(const std::string& pod, Verdict wanted) {
    EXPECT_EQ(Call(pod).verdict, wanted);
    Call(pod);
    const std::uint64_t before = Allocations();
    Call(pod);
    return Allocations() - before;
  }

  std::string Injected(const std::string& pod) { return Patched(pod, Call(pod).patch); }

  const std::string small_ = PodText(kSmallBytes, Asks::kOneOfEachKind);
  const std::string large_ = PodText(kLargeBytes, Asks::kOneOfEachKind);
  std::shared_ptr<const injection::PatternIndex> index_ = IndexOf(kPatterns);
  injection::Environment environment_;
  JsonDocument document_;
  injection::Workspace workspace_;
};

TEST_F(AllocationsTest, CountsWhatIsAllocated) {
  const std::uint64_t before = Allocations();
  const std::string text(1000, 'x');
  EXPECT_EQ(Allocations() - before, 1U) << text.size();
}

TEST_F(AllocationsTest, AFirstCallNeedsNone) {
  EXPECT_EQ(WhenWarm(small_, Verdict::kPatched), 0U);
  EXPECT_EQ(WhenWarm(large_, Verdict::kPatched), 0U);
}

TEST_F(AllocationsTest, ASecondCallNeedsNone) {
  EXPECT_EQ(WhenWarm(Injected(small_), Verdict::kUnchanged), 0U);
}

TEST_F(AllocationsTest, ADenialNeedsNone) {
  std::string pod = small_;
  const std::string name = R"("name":"web")";
  pod.replace(pod.rfind(name), name.size(), R"("name":"redis")");
  EXPECT_EQ(WhenWarm(pod, Verdict::kDenied), 0U);
}

TEST_F(AllocationsTest, APodThatAsksForNothingNeedsNone) {
  const std::string pod = R"({"metadata":{"name":"p"},"spec":{"containers":[{"name":"web"}]}})";
  EXPECT_EQ(WhenWarm(pod, Verdict::kUnchanged), 0U);
}

// What one Pod needed serves the next, whatever its size.
TEST_F(AllocationsTest, AMixOfPodsNeedsNone) {
  const std::vector<std::string> pods = {large_, small_, Injected(small_), small_, large_};
  for (const std::string& pod : pods) Call(pod);
  const std::uint64_t before = Allocations();
  for (const std::string& pod : pods) Call(pod);
  EXPECT_EQ(Allocations() - before, 0U);
}

}  // namespace
}  // namespace remora::bench
