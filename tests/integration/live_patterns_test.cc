// status, history, pin and rollback against an API server that misbehaves where a real one rarely
// does: edits in between, and refusals.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "operator/api/kept_revision.h"
#include "operator/api/revision.h"
#include "operator/base/base64.h"
#include "operator/cli/command_line.h"
#include "operator/cli/live_cluster.h"
#include "tests/fakes/fake_api_server.h"

namespace remora::cli {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr char kSidecars[] = "/apis/patterns.remora.dev/v1alpha1/sidecars";
constexpr char kRevisions[] = "/apis/apps/v1/controllerrevisions";
const api::RevisionOwner kOwner{api::PatternKind::kSidecar, "shop", "saver", "uid-1"};

json Spec(int image) { return {{"container", {{"image", "saver:" + std::to_string(image)}}}}; }

std::string Of(int image) { return api::RevisionOf(Spec(image)); }

struct Finished {
  int exit_code = -1;
  std::string out;
  std::string err;
};

class LivePatterns : public ::testing::Test {
 protected:
  LivePatterns() {
    std::string name = (std::filesystem::temp_directory_path() / "remora-live-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    const json kubeconfig = {
        {"current-context", "fake"},
        {"contexts",
         {{{"name", "fake"},
           {"context", {{"cluster", "fake"}, {"user", "fake"}, {"namespace", "shop"}}}}}},
        {"users", {{{"name", "fake"}, {"user", {{"token", "t"}}}}}},
        {"clusters",
         {{{"name", "fake"},
           {"cluster",
            {{"server", server_.url()},
             {"certificate-authority-data",
              EncodeBase64(server_.certificate().authority_pem)}}}}}}};
    std::ofstream(Kubeconfig()) << kubeconfig.dump();
    server_.Put("/api/v1/namespaces", {{"metadata", {{"name", "shop"}}}});
    for (int image = 1; image <= 3; ++image) {
      json kept = api::MakeControllerRevision(kOwner, Spec(image), image);
      kept["metadata"]["creationTimestamp"] = "2026-01-01T00:00:00Z";
      server_.Put(kRevisions, kept);
    }
    Store(Spec(3), 1);
  }
  ~LivePatterns() override { std::filesystem::remove_all(folder_); }

  std::string Kubeconfig() const { return folder_ / "kubeconfig"; }

  void Store(json spec, int generation, const std::string& label = "a") {
    spec["onError"] = "Deny";
    server_.Put(kSidecars, {{"apiVersion", "patterns.remora.dev/v1alpha1"},
                            {"kind", "Sidecar"},
                            {"metadata",
                             {{"namespace", "shop"},
                              {"name", "saver"},
                              {"uid", "uid-1"},
                              {"labels", {{"of", label}}},
                              {"generation", generation}}},
                            {"spec", spec},
                            {"status", {{"currentRevision", Of(3)}}}});
  }

  Finished Run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "/usr/bin/remora");
    arguments.insert(arguments.end(), {"--kubeconfig", Kubeconfig()});
    std::istringstream in;
    std::ostringstream out;
    std::ostringstream err;
    const int exit_code = RunCommandLine(arguments, {in, out, err});
    return {exit_code, out.str(), err.str()};
  }

  json Stored() { return LastBody("patch", "update"); }
  // Of the last write.
  json LastBody(const std::string& verb, const std::string& other) {
    json last;
    for (const auto& one : server_.recorded()) {
      if (one.verb == verb || one.verb == other) last = json::parse(one.request.body);
    }
    return last;
  }

  remora::testing::FakeApiServer server_;
  std::filesystem::path folder_;
};

TEST_F(LivePatterns, PinsAndUnpinsAndWritesNothingElse) {
  const Finished pinned = Run({"pin", "RSC/saver", Of(1).substr(0, 5)});
  EXPECT_EQ(pinned.err, "");
  EXPECT_EQ(pinned.out, "Sidecar shop/saver is pinned to revision " + Of(1) +
                            " (number 1)\nNew Pods get revision " + Of(1) +
                            ", which is pinned. Pods that run keep what they have until they are "
                            "made anew.\n");
  EXPECT_EQ(pinned.exit_code, 0);
  json written = Stored();
  EXPECT_TRUE(written["metadata"].contains("resourceVersion"));
  written.erase("metadata");
  EXPECT_EQ(written, json({{"spec", {{"pinnedRevision", Of(1)}}}}));

  EXPECT_THAT(
      Run({"pin", "rsc/saver", Of(1)}).out,
      StartsWith("Sidecar shop/saver is pinned to " + Of(1) + " already; nothing is written\n"));
  EXPECT_EQ(server_.Count("patch"), 1);
  EXPECT_EQ(Run({"pin", "rsc/saver", "--none"}).out,
            "Sidecar shop/saver is no longer pinned to revision " + Of(1) +
                "\nNew Pods get revision " + Of(3) +
                ", the last that was accepted. Pods that run keep what they have until they are "
                "made anew.\n");
  EXPECT_THAT(
      Run({"pin", "rsc/saver", "--none"}).out,
      StartsWith("Sidecar shop/saver is not pinned; nothing is written\nNew Pods get revision " +
                 Of(3)));
  EXPECT_EQ(server_.Count("patch"), 2);
}

TEST_F(LivePatterns, RefusesARevisionThatIsNotKept) {
  const Finished refused = Run({"pin", "rsc/saver", "zzzzzzzzzz"});
  EXPECT_THAT(refused.err, StartsWith("Sidecar shop/saver: revision \"zzzzzzzzzz\" is not kept; " +
                                      Of(1) + ", " + Of(2) + ", " + Of(3) + " are"));
  EXPECT_EQ(refused.out, "");
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_EQ(Run({"rollback", "rsc/saver", "zzzzzzzzzz"}).err, refused.err);
  EXPECT_EQ(Run({"history", "rsc/saver", "--diff", "zzzzzzzzzz"}).err, refused.err);
  EXPECT_EQ(server_.Count("patch") + server_.Count("update"), 0);
}

TEST_F(LivePatterns, RollsBackWhatReachesPodsAlone) {
  const Finished done = Run({"rollback", "rsc/saver"});
  EXPECT_EQ(done.err, "");
  EXPECT_EQ(done.out, "Sidecar shop/saver is rolled back to revision " + Of(2) +
                          " (number 2)\n  container.image: saver:3 → saver:2\nNew Pods get it as "
                          "soon as the operator has accepted it. Pods that run keep what they have "
                          "until they are made anew.\n");
  EXPECT_EQ(Stored()["spec"], json({{"container", {{"image", "saver:2"}}}, {"onError", "Deny"}}));
  EXPECT_EQ(Stored()["metadata"]["labels"]["of"], "a");
  EXPECT_EQ(Run({"rollback", "rsc/saver", Of(2)}).out,
            "Sidecar shop/saver says what revision " + Of(2) +
                " (number 2) says already; nothing is written\n");
  EXPECT_EQ(server_.Count("update"), 1);
}

TEST_F(LivePatterns, SaysThatAPinHoldsAfterARollback) {
  json spec = Spec(3);
  spec["pinnedRevision"] = Of(3);
  Store(spec, 2);
  EXPECT_THAT(Run({"rollback", "rsc/saver", Of(1)}).out,
              HasSubstr("It is still pinned: new Pods get revision " + Of(3) +
                        " until `remora pin rsc/saver --none`.\n"));
  EXPECT_EQ(Stored()["spec"]["pinnedRevision"], Of(3));
}

TEST_F(LivePatterns, DoesNotWriteOverAnEditOfSomebodyElse) {
  const auto edit = [&] { Store(Spec(2), 2); };
  const std::string sentence =
      "Sidecar shop/saver was edited by somebody else at the same time; nothing was written: look "
      "at it again, then repeat\n";
  for (const char* verb : {"patch", "update"}) {
    Store(Spec(3), 1);
    server_.FailNext(verb, {.status = 409, .reason = "Conflict", .before = edit});
    const Finished refused =
        *verb == 'p' ? Run({"pin", "rsc/saver", Of(1)}) : Run({"rollback", "rsc/saver", Of(1)});
    EXPECT_EQ(refused.err, sentence) << verb;
    EXPECT_EQ(refused.out, "") << verb;
    EXPECT_EQ(refused.exit_code, 1) << verb;
    EXPECT_EQ(server_.Count(verb), 1) << verb;
  }
}

TEST_F(LivePatterns, WritesAgainWhereOnlyStatusOrLabelsHaveChanged) {
  server_.FailNext(
      "update", {.status = 409, .reason = "Conflict", .before = [&] { Store(Spec(3), 1, "b"); }});
  const Finished done = Run({"rollback", "rsc/saver", Of(1)});
  EXPECT_EQ(done.exit_code, 0) << done.err;
  EXPECT_EQ(server_.Count("update"), 2);
  EXPECT_EQ(Stored()["metadata"]["labels"]["of"], "b");
}

TEST_F(LivePatterns, TellsWhatTheApiServerRefuses) {
  server_.FailNext("update", {.status = 422, .reason = "Invalid"});
  const Finished refused = Run({"rollback", "rsc/saver"});
  EXPECT_THAT(refused.err, StartsWith("cannot write Sidecar shop/saver: "));
  EXPECT_EQ(refused.exit_code, 1);
  server_.FailNext("patch", {.status = 403, .reason = "Forbidden"});
  const Finished denied = Run({"pin", "rsc/saver", Of(1)});
  EXPECT_THAT(denied.err, StartsWith("remora pin: no right to write Sidecar shop/saver: "));
  EXPECT_EQ(denied.exit_code, 2);
}

TEST_F(LivePatterns, AsksForADryRunOfTheVeryWrite) {
  const Finished pin = Run({"pin", "rsc/saver", Of(1), "--dry-run"});
  EXPECT_EQ(pin.out, "Sidecar shop/saver would be pinned to revision " + Of(1) +
                         " (number 1) (dry run: nothing is written)\nNew Pods would get revision " +
                         Of(1) +
                         ", which is pinned. Pods that run keep what they have until they are made "
                         "anew.\nWhat changes in them:\n  container.image: saver:3 → saver:1\n"
                         "What would be written:\n  spec:\n    pinnedRevision: " +
                         Of(1) + "\n");
  const Finished rollback = Run({"rollback", "rsc/saver", "--dry-run"});
  EXPECT_THAT(rollback.out,
              HasSubstr("What would be written:\n  spec:\n    container:\n      image: "
                        "saver:2\n    onError: Deny\n"));
  int dry = 0;
  for (const auto& one : server_.recorded()) {
    const bool writes = one.verb == "patch" || one.verb == "update";
    if (writes && one.request.query.contains("dryRun")) ++dry;
  }
  EXPECT_EQ(dry, 2);
}

TEST_F(LivePatterns, ShowsTheDifferenceOfTwoRevisions) {
  const std::string difference = "Sidecar shop/saver: from revision " + Of(1) + " (number 1) to " +
                                 Of(3) + " (number 3)\n  container.image: saver:1 → saver:3\n";
  EXPECT_EQ(Run({"history", "rsc/saver", "--diff", Of(1)}).out, difference);
  EXPECT_EQ(Run({"history", "--diff", Of(1), "rsc/saver"}).out, difference);
  EXPECT_EQ(Run({"history", "rsc/saver", "--diff", Of(1), Of(3)}).out, difference);
  EXPECT_THAT(Run({"history", "rsc/saver", "--diff", Of(3)}).out, HasSubstr("\n  no difference\n"));
  const json all = json::parse(Run({"history", "rsc/saver", "--diff", Of(1), "-o", "json"}).out);
  Store(Spec(9), 2);
  EXPECT_THAT(Run({"history", "rsc/saver", "--diff", Of(9), Of(1)}).out,
              StartsWith("Sidecar shop/saver: from revision " + Of(9) +
                         " (the spec as it is, not kept) to " + Of(1) + " (number 1)\n"));
  EXPECT_EQ(all["changes"][0]["to"], "saver:3");
}

TEST_F(LivePatterns, SaysWhichRevisionsAreNotBelieved) {
  json forged = api::MakeControllerRevision(kOwner, Spec(4), 9);
  forged["data"]["spec"]["container"]["image"] = "evil:1";
  server_.Put(kRevisions, forged);
  const Finished finished = Run({"history", "rsc/saver"});
  EXPECT_EQ(finished.err, "warning: ControllerRevision shop/sidecar-saver-" + Of(4) +
                              " is ignored: its name is not that of what it holds\n");
  EXPECT_THAT(finished.out, ::testing::Not(HasSubstr("evil")));
  EXPECT_EQ(finished.exit_code, 0);
}

TEST_F(LivePatterns, SaysThatANamespaceHasNoneOrIsNotThere) {
  EXPECT_THAT(Run({"status"}).out, HasSubstr("\nSidecar   saver   Unknown"));
  EXPECT_THAT(Run({"status", "-A"}).out, StartsWith("NAMESPACE   KIND"));
  server_.Put("/api/v1/namespaces", {{"metadata", {{"name", "till"}}}});
  EXPECT_EQ(Run({"status", "-n", "till"}).err, "No patterns found in namespace till.\n");
  const Finished nowhere = Run({"status", "-n", "shp"});
  EXPECT_EQ(nowhere.err, "remora status: there is no namespace shp; did you mean shop?\n");
  EXPECT_EQ(nowhere.exit_code, 2);
  EXPECT_EQ(Run({"status", "rsc/savr"}).err,
            "remora status: there is no sidecar savr in namespace shop; did you mean saver?\n");
  EXPECT_EQ(json::parse(Run({"status", "-n", "till", "-o", "json"}).out), json::array());
}

}  // namespace
}  // namespace remora::cli

// Not cpprest_main.cc: the commands prepare the HTTP library themselves.
int main(int argc, char** argv) {
  ::testing::InitGoogleMock(&argc, argv);
  return remora::cli::EndProcess(RUN_ALL_TESTS());
}
