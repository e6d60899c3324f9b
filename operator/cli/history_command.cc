#include "operator/cli/history_command.h"

#include "operator/cli/field_differences.h"
#include "operator/cli/history_text.h"
#include "operator/cli/live_history.h"

namespace remora::cli {

namespace {

using nlohmann::json;

constexpr int kIndent = 2;

// The spec as it is may be named, too, where it is not kept.
Result<PastRevision> ChooseOrSpec(const PatternHistory& history, const std::string& text) {
  if (text == history.spec_revision()) return SpecAsRevision(history);
  const auto chosen = history.Choose(text);
  if (!chosen.ok()) return chosen.error();
  return **chosen;
}

Result<ExitCode> ShowDifference(const PatternHistory& history, const HistoryOptions& options,
                                Console console) {
  const auto before = ChooseOrSpec(history, options.compared.front());
  const auto after = options.compared.size() > 1 ? ChooseOrSpec(history, options.compared[1])
                                                 : SpecAsRevision(history);
  for (const auto* chosen : {&before, &after}) {
    if (chosen->ok()) continue;
    console.err << chosen->error().message() << '\n';
    return ExitCode::kRefused;
  }
  const auto differences = FindDifferences(before->spec, after->spec);
  if (options.format == OutputFormat::kJson) {
    const json answer = {{"from", before->revision},
                         {"to", after->revision},
                         {"changes", DifferencesAsJson(differences)}};
    console.out << answer.dump(kIndent) << '\n';
    return ExitCode::kFine;
  }
  console.out << history.ToString() << ": from revision " << NameOf(*before) << " to "
              << NameOf(*after) << '\n';
  if (differences.empty()) console.out << "  no difference\n";
  PrintDifferences(differences, console.out);
  return ExitCode::kFine;
}

}  // namespace

Result<ExitCode> RunHistory(const HistoryOptions& options, const Clock& clock, Console console) {
  const auto name = ParseObjectName(options.object, ObjectClass::kPattern);
  if (!name.ok()) return name.error();
  const auto cluster = LiveCluster::Connect(options.live);
  if (!cluster.ok()) return cluster.error();
  const auto history = ReadHistory(**cluster, *name);
  if (!history.ok()) return history.error();
  for (const std::string& sentence : history->ignored()) {
    console.err << "warning: " << sentence << '\n';
  }
  if (!options.compared.empty()) return ShowDifference(*history, options, console);
  if (options.format == OutputFormat::kJson) {
    console.out << HistoryAsJson(*history).dump(kIndent) << '\n';
  } else {
    PrintHistory(*history, clock.WallNow(), console.out);
  }
  return ExitCode::kFine;
}

}  // namespace remora::cli
