// `kubectl remora`: how it calls itself, and how kubectl completes it; and what the doctor does not
// understand.
#include "operator/cli/unexpected_words.h"
#include "tests/unit/cli_fixture.h"

namespace remora::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

Finished RunAsPlugin(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "/usr/local/bin/kubectl-remora");
  std::istringstream in;
  std::ostringstream out;
  std::ostringstream err;
  const int exit_code = RunCommandLine(arguments, {in, out, err});
  return {exit_code, out.str(), err.str()};
}

TEST(Plugin, CallsItselfAsItIsCalled) {
  EXPECT_THAT(
      RunAsPlugin({"--help"}).out,
      AllOf(HasSubstr("  kubectl remora explain -f deploy.yaml"), HasSubstr("| kubectl apply -f -"),
            HasSubstr("Remora adds companion"), Not(HasSubstr("kubectl kubectl"))));
  EXPECT_THAT(RunAsPlugin({"status", "--help"}).out, HasSubstr("\n  kubectl remora status -A\n"));
  EXPECT_EQ(RunAsPlugin({"exlpain"}).err,
            "kubectl remora: unknown command exlpain; did you mean explain?\n");
  EXPECT_EQ(AsCalled("`remora a` remora b\nremora c, (remora d) ~/remora e", "kubectl remora"),
            "`kubectl remora a` kubectl remora b\nkubectl remora c, (kubectl remora d) ~/remora e");
  EXPECT_EQ(AsCalled("remora a", "remora"), "remora a");
}

TEST(Plugin, AnswersKubectlWithWhatMayStandThere) {
  struct Case {
    std::vector<std::string> words;  // the last is what is being typed
    const char* want;
  };
  const Case kCases[] = {
      {{"d"}, "doctor\tSay whether Remora works in a cluster, and what mends it\n:4\n"},
      {{"nothing", ""}, ":4\n"},
      {{"catalog", ""}, "list\nshow\n:4\n"},
      {{"catalog", "s"}, "show\n:4\n"},
      {{"doctor", "--try"},
       "--try-pattern\tonly see whether a Pod gets this pattern, by a dry run\n:4\n"},
      {{"doctor", "-o", "j"}, "json\n:4\n"},
      {{"doctor", "--namespace", ""}, ":4\n"},
      {{"lint", "-f", "pat"}, ":0\n"},
      {{"completion", "k"}, "kubectl\n:4\n"},
  };
  for (const Case& c : kCases) {
    std::vector<std::string> words = c.words;
    words.insert(words.begin(), "__complete");
    const Finished answer = RunAsPlugin(words);
    EXPECT_EQ(answer.out, c.want) << c.words.back();
    EXPECT_EQ(answer.exit_code, 0);
  }
  EXPECT_THAT(RunAsPlugin({"__complete", ""}).out, HasSubstr("\nwait\t"));
  EXPECT_THAT(RunAsPlugin({"completion", "kubectl"}).out,
              HasSubstr("exec kubectl-remora __complete \"$@\"\n"));
}

TEST_F(Cli, TheDoctorSaysWhatItDoesNotUnderstand) {
  ExpectUsage({"doctor", "--try-pattern", "saver"},
              "remora doctor: --try-pattern: \"saver\" is no KIND/NAME; expected one such as "
              "sidecar/log-saver");
  ExpectUsage({"doctor", "--try-pattern", "deployment/web"},
              "remora doctor: --try-pattern: \"deployment/web\" is no pattern; expected one of "
              "sidecar, ambassador, adapter");
  ExpectUsage({"doctor", "--release-namespace", "A"},
              "remora doctor: \"A\" is no name of a namespace; expected a-z, 0-9 and -, at most 63 "
              "characters");
  ExpectUsage({"doctor", "x"}, "remora doctor: unexpected argument x");
}

}  // namespace
}  // namespace remora::cli
