#include "operator/cli/lint_command.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "operator/cli/pattern_files.h"
#include "operator/cli/pattern_warnings.h"
#include "operator/cli/sample_pod.h"
#include "operator/cli/text_tree.h"
#include "operator/injection/pattern_tests.h"

namespace remora::cli {

namespace {

using nlohmann::json;

// "spec.files[0].mode" → spec, files, 0, mode. It ends where it is no path any more.
std::vector<std::string> StepsOf(std::string_view field) {
  std::vector<std::string> steps;
  while (!field.empty()) {
    const std::size_t end = std::min(field.find_first_of(".[]"), field.size());
    if (end > 0) steps.emplace_back(field.substr(0, end));
    field.remove_prefix(std::min(end + 1, field.size()));
  }
  return steps;
}

// The key or element that stands there, as far as the text has it.
const TextNode& Walk(const TextNode& root, const std::vector<std::string>& steps) {
  const TextNode* found = &root;
  const TextNode* node = &root;
  for (const std::string& step : steps) {
    if (node->kind == TextNode::Kind::kAlias) node = node->target;
    const bool is_map = node->kind == TextNode::Kind::kMap;
    const TextNode* next = is_map ? FindMember(*node, step) : nullptr;
    if (next != nullptr) {
      const auto value = std::find(node->children.begin(), node->children.end(), next);
      found = *(value - 1);  // its key
    } else if (node->kind == TextNode::Kind::kList) {
      std::size_t index = node->children.size();
      std::from_chars(step.data(), step.data() + step.size(), index);
      if (index < node->children.size()) found = next = node->children[index];
    }
    if (next == nullptr) break;
    node = next;
  }
  return *found;
}

class Linter {
 public:
  Linter(const PatternFiles& files, Console console) : files_(files), console_(console) {}

  ExitCode Run() {
    for (const PatternObject& pattern : files_.patterns) LintOne(pattern);
    return refused_ ? ExitCode::kRefused : ExitCode::kFine;
  }

 private:
  void LintOne(const PatternObject& pattern) {
    const std::string key = pattern.ToString();
    const auto [twin, is_new] = places_.emplace(key, pattern.place);
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

  void Render(const PatternObject& pattern) {
    injection::PatternTest sample;
    sample.kind = pattern.stored->kind;
    sample.namespace_name = pattern.namespace_name;
    sample.pattern = pattern.name;
    // What a string is for, its pattern need not say: a name, a path or an address.
    std::optional<std::string> first_failure;
    for (const char* word : {"sample", "/sample", "sample:8080"}) {
      sample.pod = SamplePod(*pattern.stored->compiled, word);
      const auto failure = injection::RunPatternTest(sample, *files_.index, files_.environment);
      if (!failure) return;
      if (!first_failure) first_failure = failure;
    }
    Find(pattern, "spec", "with sample values in a sample Pod: " + *first_failure);
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
    refused_ = true;
    Print(pattern, "", field, sentence);
  }

  void Print(const PatternObject& pattern, std::string_view level, const std::string& field,
             const std::string& sentence) {
    console_.out << PlaceOf(pattern, field).ToString() << ": " << level << pattern.ToString()
                 << ": " << field << (field.empty() ? "" : ": ") << sentence << '\n';
  }

  Place PlaceOf(const PatternObject& pattern, const std::string& field) {
    const Document& document = files_.documents[pattern.document];
    const TextTree* tree = TreeOf(pattern.document);
    if (tree == nullptr) return pattern.place;
    std::string path = pattern.path.to_string();  // items of Lists: "/items/3"
    std::replace(path.begin(), path.end(), '/', '.');
    const TextNode& node = Walk(*tree->root(), StepsOf(path + "." + field));
    const std::string_view text = tree->text();
    const auto lines = [&](std::size_t end) {
      return static_cast<int>(
          std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(end), '\n'));
    };
    return {pattern.place.source,
            document.place.line - lines(document.header.size()) + lines(node.begin)};
  }

  const TextTree* TreeOf(std::size_t document) {
    const auto [found, is_new] = trees_.try_emplace(document);
    if (is_new) found->second = TextTree::Parse(files_.documents[document].text);
    return found->second.get();
  }

  const PatternFiles& files_;
  Console console_;
  std::map<std::string, Place> places_;
  std::map<std::size_t, std::unique_ptr<const TextTree>> trees_;
  bool refused_ = false;
};

}  // namespace

Result<ExitCode> RunLint(const OfflineOptions& options, Console console) {
  const auto files = LoadPatterns(options, console.in);
  if (!files.ok()) return files.error();
  if (files->patterns.empty()) {
    console.err << "nothing to lint: no Sidecar, Ambassador or Adapter in the documents\n";
  }
  return Linter(*files, console).Run();
}

}  // namespace remora::cli
