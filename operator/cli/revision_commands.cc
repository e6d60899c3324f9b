#include "operator/cli/revision_commands.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "operator/api/revision.h"
#include "operator/cli/field_differences.h"
#include "operator/cli/history_text.h"
#include "operator/cli/live_history.h"
#include "operator/cli/yaml_writer.h"

namespace remora::cli {

namespace {

using nlohmann::json;
using Pointer = json::json_pointer;

constexpr const char* kRunningPods = "Pods that run keep what they have until they are made anew.";
constexpr const char* kDryRun = " (dry run: nothing is written)";

std::string Indented(const std::string& text) {
  std::string indented;
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = std::min(text.find('\n', start), text.size() - 1) + 1;
    indented.append("  ").append(text, start, end - start);
    start = end;
  }
  return indented;
}

// One run of either command.
class Run {
 public:
  Run(const RevisionOptions& options, Console console) : options_(options), console_(console) {}

  Result<void> Read() {
    auto name = ParseObjectName(options_.object, ObjectClass::kPattern);
    if (!name.ok()) return name.error();
    auto cluster = LiveCluster::Connect(options_.live);
    if (!cluster.ok()) return cluster.error();
    cluster_ = *std::move(cluster);
    auto history = ReadHistory(*cluster_, *name);
    if (!history.ok()) return history.error();
    for (const std::string& sentence : history->ignored()) {
      console_.err << "warning: " << sentence << '\n';
    }
    history_.emplace(*std::move(history));
    resource_ = name->kind->resource();
    return {};
  }

  Result<ExitCode> Pin() {
    std::string revision;
    if (!options_.none) {
      const auto chosen = history_->Choose(options_.revision);
      if (!chosen.ok()) return Refuse(chosen.error());
      revision = (*chosen)->revision;
    }
    const std::string before = history_->pinned();
    if (revision == before) {
      console_.out << history_->ToString()
                   << (revision.empty() ? " is not pinned"
                                        : " is pinned to " + revision + " already")
                   << "; nothing is written\n";
      console_.out << history_->WhatNewPodsGet() << '\n';
      return ExitCode::kFine;
    }
    const json pinned = revision.empty() ? json() : json(revision);
    const json patch = {{"spec", {{"pinnedRevision", pinned}}}};
    const auto written = WritePattern(*cluster_, history_->pattern(), [&](const json& object) {
      json versioned = patch;
      versioned["metadata"]["resourceVersion"] =
          StringAt(object, Pointer("/metadata/resourceVersion"));
      return cluster_->client().Patch(
          resource_, KeyOf(object),
          {.type = kube::PatchType::kMerge, .patch = versioned, .write = HowToWrite()});
    });
    if (!written.ok()) return Refuse(written.error());
    SayDone(revision.empty() ? "no longer pinned to revision " + before
                             : "pinned to revision " + NameOf(*history_->Find(revision)) +
                                   (before.empty() ? "" : ", before to " + before));
    return SayWhatNewPodsGet(*written, patch);
  }

  Result<ExitCode> RollBack() {
    const auto chosen =
        options_.revision.empty() ? history_->Earlier() : history_->Choose(options_.revision);
    if (!chosen.ok()) return Refuse(chosen.error());
    const PastRevision& past = **chosen;
    if (past.revision == history_->spec_revision()) {
      console_.out << history_->ToString() << " says what revision " << NameOf(past)
                   << " says already; nothing is written\n";
      return ExitCode::kFine;
    }
    const json spec = api::WithRevisionedSpec(history_->spec(), past.spec);
    const auto written = WritePattern(*cluster_, history_->pattern(), [&](const json& object) {
      json changed = object;
      changed["spec"] = spec;
      return cluster_->client().Update(resource_, changed, {}, HowToWrite());
    });
    if (!written.ok()) return Refuse(written.error());
    SayDone("rolled back to revision " + NameOf(past));
    PrintDifferences(FindDifferences(api::RevisionedSpec(history_->spec()), past.spec),
                     console_.out);
    if (options_.dry_run)
      console_.out << "What would be written:\n" << Indented(WriteYaml({{"spec", spec}}));
    if (!history_->pinned().empty()) {
      console_.out << "It is still pinned: new Pods get revision " << history_->pinned()
                   << " until `remora pin " << options_.object << " --none`.\n";
    } else {
      console_.out << "New Pods " << Get() << " it as soon as the operator has accepted it. "
                   << kRunningPods << '\n';
    }
    return ExitCode::kFine;
  }

 private:
  // What new Pods do.
  const char* Get() const { return options_.dry_run ? "would get" : "get"; }

  void SayDone(const std::string& what) {
    console_.out << history_->ToString() << (options_.dry_run ? " would be " : " is ") << what
                 << (options_.dry_run ? kDryRun : "") << '\n';
  }

  // What the user can do nothing about but by another revision, or by looking again, is no usage.
  Result<ExitCode> Refuse(const Error& error) {
    const bool is_refusal = error.code() == ErrorCode::kInvalid ||
                            error.code() == ErrorCode::kConflict ||
                            error.code() == ErrorCode::kNotFound;
    if (!is_refusal) return error;
    console_.err << error.message() << '\n';
    return ExitCode::kRefused;
  }

  kube::WriteOptions HowToWrite() const { return {.dry_run = options_.dry_run, .strict = true}; }

  static kube::ObjectKey KeyOf(const json& object) {
    return {StringAt(object, Pointer("/metadata/namespace")),
            StringAt(object, Pointer("/metadata/name"))};
  }

  // The specs of both, as far as they are known.
  Result<ExitCode> SayWhatNewPodsGet(const json& written, const json& patch) {
    const auto then = PatternHistory::Make(written, {});
    if (!then.ok()) return then.error();
    console_.out << then->WhatNewPodsGet(Get()) << ' ' << kRunningPods << '\n';
    if (!options_.dry_run) return ExitCode::kFine;
    const auto before = Served(history_->live().wanted);
    const auto after = Served(then->live().wanted);
    if (before && after) {
      const auto differences = FindDifferences(*before, *after);
      console_.out << "What changes in them:\n" << (differences.empty() ? "  nothing\n" : "");
      PrintDifferences(differences, console_.out);
    }
    console_.out << "What would be written:\n" << Indented(WriteYaml(patch));
    return ExitCode::kFine;
  }

  // What reaches Pods of a revision; nothing where it is not kept.
  std::optional<json> Served(const std::string& revision) const {
    if (revision == history_->spec_revision()) return api::RevisionedSpec(history_->spec());
    const PastRevision* const past = history_->Find(revision);
    return past == nullptr ? std::nullopt : std::optional<json>(past->spec);
  }

  const RevisionOptions& options_;
  Console console_;
  std::unique_ptr<LiveCluster> cluster_;
  std::optional<PatternHistory> history_;
  kube::Resource resource_;
};

}  // namespace

Result<ExitCode> RunPin(const RevisionOptions& options, Console console) {
  Run run(options, console);
  if (auto read = run.Read(); !read.ok()) return read.error();
  return run.Pin();
}

Result<ExitCode> RunRollback(const RevisionOptions& options, Console console) {
  Run run(options, console);
  if (auto read = run.Read(); !read.ok()) return read.error();
  return run.RollBack();
}

}  // namespace remora::cli
