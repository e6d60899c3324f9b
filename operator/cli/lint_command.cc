#include "operator/cli/lint_command.h"

#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "operator/cli/field_place.h"
#include "operator/cli/pattern_files.h"
#include "operator/cli/pattern_warnings.h"
#include "operator/cli/server_lint.h"
#include "operator/injection/pattern_tests.h"
#include "operator/injection/sample_pod.h"

namespace remora::cli {

namespace {

using nlohmann::json;

class Linter {
 public:
  Linter(const PatternFiles& files, Console console)
      : files_(files), console_(console), places_(files.documents) {}

  // `server` may be null.
  Result<ExitCode> Run(ServerLint* server) {
    for (const PatternObject& pattern : files_.patterns) {
      const std::size_t findings = findings_;
      LintOne(pattern);
      if (server == nullptr || findings != findings_) continue;
      if (auto asked = AskServer(*server, pattern); !asked.ok()) return asked.error();
    }
    return findings_ > 0 ? ExitCode::kRefused : ExitCode::kFine;
  }

 private:
  void LintOne(const PatternObject& pattern) {
    const std::string key = pattern.ToString();
    const auto [twin, is_new] = seen_.emplace(key, pattern.place);
    if (!is_new && !pattern.name.empty()) {
      Find(pattern, "metadata.name",
           "the same pattern stands at " + twin->second.ToString() + ", too");
    }
    if (!pattern.complaint.empty()) {
      const std::size_t colon = pattern.complaint.find(": ");
      const bool has_field = colon != std::string::npos && pattern.complaint.find(' ') > colon;
      return Find(pattern, has_field ? pattern.complaint.substr(0, colon) : "",
                  has_field ? pattern.complaint.substr(colon + 2) : pattern.complaint);
    }
    Render(pattern);
    RunTestsOf(pattern);
    for (const Warning& warning : FindWarnings(pattern.stored->compiled->pattern())) {
      Print(pattern, "warning: ", warning.field, warning.sentence);
    }
  }

  Result<void> AskServer(ServerLint& server, const PatternObject& pattern) {
    const auto findings = server.Ask(pattern);
    if (!findings.ok()) return findings.error().WithContext(pattern.place.ToString());
    for (const ServerFinding& finding : *findings) {
      if (finding.is_warning) {
        Print(pattern, "warning: ", finding.field, finding.sentence);
      } else {
        Find(pattern, finding.field, finding.sentence);
      }
    }
    return {};
  }

  void Render(const PatternObject& pattern) {
    const auto failure = injection::RenderSample(pattern.stored, files_.environment);
    if (failure) Find(pattern, "spec", *failure);
  }

  void RunTestsOf(const PatternObject& pattern) {
    const auto tests = injection::ReadPatternTests(pattern.object);
    if (!tests.ok()) {
      const std::string& message = tests.error().message();
      const std::size_t colon = message.find(": ");
      return Find(pattern, message.substr(0, colon), message.substr(colon + 2));
    }
    for (std::size_t i = 0; i < tests->size(); ++i) {
      const injection::PatternTest& test = (*tests)[i];
      const auto failure = injection::RunPatternTest(test, *files_.index, files_.environment);
      if (failure) {
        Find(pattern, "spec.tests[" + std::to_string(i) + "]", test.name + ": " + *failure);
      }
    }
  }

  void Find(const PatternObject& pattern, const std::string& field, const std::string& sentence) {
    ++findings_;
    Print(pattern, "", field, sentence);
  }

  void Print(const PatternObject& pattern, std::string_view level, const std::string& field,
             const std::string& sentence) {
    console_.out << places_.Find({pattern.document, pattern.path, pattern.place}, field).ToString()
                 << ": " << level << pattern.ToString() << ": " << field
                 << (field.empty() ? "" : ": ") << sentence << '\n';
  }

  const PatternFiles& files_;
  Console console_;
  FieldPlaces places_;
  std::map<std::string, Place> seen_;
  std::size_t findings_ = 0;  // warnings not counted
};

Result<ExitCode> LintFiles(const OfflineOptions& options, LiveCluster* cluster, Console console) {
  const auto files = LoadPatterns(options, console.in);
  if (!files.ok()) return files.error();
  if (files->patterns.empty()) {
    console.err << "nothing to lint: no Sidecar, Ambassador or Adapter in the documents\n";
  }
  Linter linter(*files, console);
  if (cluster == nullptr) return linter.Run(nullptr);
  ServerLint server(*cluster, files->environment);
  auto exit_code = linter.Run(&server);
  for (const std::string& complaint : cluster->complaints()) {
    console.err << "warning: " << complaint << '\n';
  }
  return exit_code;
}

}  // namespace

Result<ExitCode> RunLint(const LintOptions& options, Console console) {
  if (!options.server) return LintFiles(options.cluster, nullptr, console);
  auto cluster = LiveCluster::Connect(options.live);
  if (!cluster.ok()) return cluster.error();
  OfflineOptions files = options.cluster;
  files.namespace_name = (*cluster)->namespace_name();
  return LintFiles(files, cluster->get(), console);
}

}  // namespace remora::cli
