#include "operator/cli/status_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>

#include "operator/api/revision.h"
#include "operator/base/timestamp.h"

namespace remora::cli {
namespace {

using nlohmann::json;

json Pattern() {
  return json::parse(R"({
    "kind": "Sidecar",
    "metadata": {"namespace": "shop", "name": "saver", "generation": 3},
    "spec": {"description": "Saves logs.", "container": {"image": "saver:1"}},
    "status": {
      "observedGeneration": 3,
      "currentRevision": "b4x6c2f9kd",
      "conditions": [
        {"type": "Accepted", "status": "True", "reason": "Valid",
         "lastTransitionTime": "2026-01-01T00:00:00Z"},
        {"type": "Ready", "status": "False", "reason": "PodsMissing",
         "message": "1 Pod asked for it and came without",
         "lastTransitionTime": "2026-01-01T00:03:00Z"}],
      "pods": {"matched": 12, "injected": 10, "missing": 1, "refused": 1, "updated": 9, "outdated": 1},
      "workloads": [
        {"kind": "Deployment", "namespace": "shop", "name": "cart", "reason": "MountPathTaken",
         "message": "/var/log", "pods": 1},
        {"kind": "Deployment", "namespace": "shop", "name": "web", "reason": "Injected", "pods": 10}]
    }})");
}

std::string Table(const json& pattern) {
  std::ostringstream out;
  PrintStatusTable({pattern}, false, out);
  const std::string text = out.str();
  return text.substr(text.find('\n') + 1);
}

std::string Status(const json& pattern) {
  std::ostringstream out;
  PrintStatus(pattern, *ParseTime("2026-01-01T00:05:00Z"), out);
  return out.str();
}

TEST(StatusText, IsATableAsKubectls) {
  std::ostringstream out;
  PrintStatusTable({Pattern()}, true, out);
  EXPECT_EQ(out.str(),
            "NAMESPACE   KIND      NAME    READY   REASON        MATCHED   INJECTED   MISSING   "
            "REFUSED   "
            "OUTDATED   REVISION     PINNED\n"
            "shop        Sidecar   saver   False   PodsMissing   12        10         1         1  "
            "       "
            "1          b4x6c2f9kd   -\n");
}

TEST(StatusText, SaysWhatTheOperatorHasNotLookedAt) {
  json fresh = Pattern();
  fresh.erase("status");
  EXPECT_EQ(Table(fresh),
            "Sidecar   saver   Unknown   not yet looked at by the operator   -         -          -"
            "         -         -          -          -\n");
  EXPECT_THAT(Status(fresh),
              ::testing::StartsWith("Sidecar shop/saver: not yet looked at by the operator\n"));
  json edited = Pattern();
  edited["metadata"]["generation"] = 4;
  EXPECT_THAT(Table(edited), ::testing::HasSubstr(
                                 "Unknown   generation 4 not yet looked at by the operator   12 "));
  EXPECT_EQ(StatusAsJson(edited)["observed"], false);
  EXPECT_EQ(StatusAsJson(Pattern())["observed"], true);
}

TEST(StatusText, OfOnePatternIsWhole) {
  json pattern = Pattern();
  pattern["spec"]["pinnedRevision"] = "ccccccccc2";
  EXPECT_EQ(Status(pattern),
            "Sidecar shop/saver: PodsMissing\n"
            "  Saves logs.\n"
            "Conditions:\n"
            "  Ready      False   PodsMissing   for 2m: 1 Pod asked for it and came without\n"
            "  Accepted   True    Valid         for 5m\n"
            "Revisions:\n"
            "  pinned    ccccccccc2   what new Pods get\n"
            "  current   b4x6c2f9kd   the last that was accepted\n"
            "  spec      " +
                api::RevisionOf(pattern["spec"]) +
                "   the pattern as it is\n"
                "Pods:\n"
                "  12 matched: 10 injected (9 with the revision of new Pods, 1 with another), 1 "
                "missing, 1 "
                "refused\n"
                "Workloads that need attention:\n"
                "  WORKLOAD               PODS   REASON           MESSAGE\n"
                "  Deployment shop/cart   1      MountPathTaken   /var/log\n"
                "Workloads that have it:\n"
                "  WORKLOAD              PODS   REASON     MESSAGE\n"
                "  Deployment shop/web   10     Injected\n");
}

TEST(StatusText, SaysAComplaintOnce) {
  json pattern = Pattern();
  pattern["status"]["conditions"][0]["message"] = "1 Pod asked for it and came without";
  EXPECT_THAT(Status(pattern),
              ::testing::HasSubstr("  Ready      False   PodsMissing   for 2m\n"
                                   "  Accepted   True    Valid         for 5m: 1 Pod asked"));
}

TEST(StatusText, BelievesNoType) {
  for (const char* status :
       {R"(3)", R"({"conditions": 3, "pods": [], "workloads": {}})",
        R"({"conditions": [3, {"type": 4}], "pods": {"matched": "x"}, "workloads": [3, {}]})"}) {
    json pattern = Pattern();
    pattern["status"] = json::parse(status);
    EXPECT_NE(Table(pattern), "") << status;
    EXPECT_NE(Status(pattern), "") << status;
  }
}

TEST(StatusText, LetsNoTextSteerTheTerminal) {
  json pattern = Pattern();
  pattern["status"]["workloads"][0]["message"] = "a\n\033[2Jb";
  EXPECT_THAT(Status(pattern), ::testing::HasSubstr("a\\n\\u001b[2Jb"));
}

}  // namespace
}  // namespace remora::cli
