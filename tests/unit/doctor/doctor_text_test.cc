// What the doctor prints.
#include "operator/cli/doctor/doctor_text.h"

#include <sstream>

#include "tests/unit/doctor/healthy_facts.h"

namespace remora::cli::doctor {
namespace {

using nlohmann::json;

TEST(DoctorText, SaysEachFindingAndItsRemedyInALine) {
  const Findings findings = {Ok("a", "is well"), Warning("b", "is\nnot quite", "do this"),
                             Unknown("c", "who knows", "ask"), Problem("d", "is bad", "mend it")};
  std::ostringstream out;
  PrintFindings(findings, out);
  EXPECT_EQ(out.str(),
            "ok       a: is well\n"
            "warning  b: is\\nnot quite\n"
            "         -> do this\n"
            "unknown  c: who knows\n"
            "         -> ask\n"
            "problem  d: is bad\n"
            "         -> mend it\n"
            "1 problem, 1 warning, 1 unknown, 1 ok\n");
  EXPECT_EQ(
      AsJson(findings)[3],
      json({{"level", "problem"}, {"check", "d"}, {"message", "is bad"}, {"remedy", "mend it"}}));
  EXPECT_TRUE(HasProblem(findings));
  EXPECT_FALSE(HasProblem({findings[0], findings[1], findings[2]}));
}

}  // namespace
}  // namespace remora::cli::doctor
