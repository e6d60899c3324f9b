#include "operator/cli/test_command.h"

#include <algorithm>
#include <cctype>
#include <string>

#include "operator/cli/pattern_files.h"
#include "operator/injection/pattern_tests.h"

namespace remora::cli {

namespace {

// "ambassador/redis", as kubectl names it.
std::string NameOf(const PatternObject& pattern) {
  std::string text = pattern.kind + '/' + pattern.name;
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

struct Count {
  int passed = 0;
  int failed = 0;
};

void RunTestsOf(const PatternObject& pattern, const PatternFiles& files, std::ostream& out,
                Count& count) {
  const std::string name = NameOf(pattern);
  const auto fail = [&](const std::string& sentence) {
    ++count.failed;
    out << "FAIL " << name << ": " << sentence << '\n';
  };
  if (pattern.stored == nullptr || pattern.stored->compiled == nullptr) {
    return fail("cannot be used: " + pattern.complaint);
  }
  const auto tests = injection::ReadPatternTests(pattern.object);
  if (!tests.ok()) return fail(tests.error().message());
  for (const injection::PatternTest& test : *tests) {
    const auto failure = injection::RunPatternTest(test, *files.index, files.environment);
    if (failure) {
      fail(test.name + ": " + *failure);
      continue;
    }
    ++count.passed;
    out << "ok   " << name << ": " << test.name << '\n';
  }
}

}  // namespace

Result<ExitCode> RunTests(const OfflineOptions& options, Console console) {
  auto files = LoadPatterns(options, console.in);
  if (!files.ok()) return files.error();
  Count count;
  for (const PatternObject& pattern : files->patterns) {
    RunTestsOf(pattern, *files, console.out, count);
  }
  const int all = count.passed + count.failed;
  if (all == 0) {
    console.err << (files->patterns.empty() ? "no Sidecar, Ambassador or Adapter in the documents\n"
                                            : "no pattern has spec.tests\n");
    return ExitCode::kFine;
  }
  console.out << count.passed << " passed, " << count.failed << " failed\n";
  return count.failed == 0 ? ExitCode::kFine : ExitCode::kRefused;
}

}  // namespace remora::cli
