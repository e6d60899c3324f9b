// What status, history, pin and rollback do not understand.
#include "tests/unit/cli_fixture.h"

namespace remora::cli {
namespace {

TEST_F(Cli, CommandsOnPatternsSayWhatTheyDoNotUnderstand) {
  ExpectUsage(
      {"status", "-A", "rsc/saver"},
      "remora status: unexpected argument rsc/saver; a pattern has one namespace, and -A is "
      "all of them");
  ExpectUsage({"status", "-n", "Shop"},
              "remora status: \"Shop\" is no name of a namespace; expected a-z, 0-9 and -, at most "
              "63 characters");
  ExpectUsage({"status", "deploy/web"},
              "remora status: \"deploy/web\" is no pattern; expected one of sidecar, ambassador, "
              "adapter");
  const std::string none = "no pattern is named; expected KIND/NAME, such as sidecar/log-saver";
  ExpectUsage({"history"}, "remora history: " + none);
  ExpectUsage({"history", "--diff", "bcd"}, "remora history: " + none);
  // The second word of --diff is the pattern.
  ExpectUsage({"history", "--diff", "bcd", "rsx/saver"},
              "remora history: \"rsx\" is no kind that is known here; expected one of sidecar, "
              "ambassador, adapter");
  ExpectUsage({"pin"}, "remora pin: " + none);
  ExpectUsage({"pin", "rsc/saver"},
              "remora pin: no revision is named; `remora history rsc/saver` lists them, and --none "
              "takes the pin away");
  ExpectUsage({"pin", "rsc/saver", "bcd", "--none"},
              "remora pin: unexpected argument bcd; --none takes the pin away, a revision sets it");
  ExpectUsage({"rollback"}, "remora rollback: " + none);
  ExpectUsage({"rollback", "rsc/saver", "bcd", "x"}, "remora rollback: unexpected argument x");
  ExpectUsage({"rollback", "saver"},
              "remora rollback: \"saver\" is no KIND/NAME; expected one such as sidecar/log-saver");
}

}  // namespace
}  // namespace remora::cli
