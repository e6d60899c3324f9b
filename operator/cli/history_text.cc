#include "operator/cli/history_text.h"

#include <string>
#include <utility>

#include "operator/api/revision.h"
#include "operator/cli/field_differences.h"
#include "operator/cli/text_table.h"

namespace remora::cli {

namespace {

using nlohmann::json;

std::string Marks(const PatternHistory& history, const std::string& revision) {
  std::string text;
  const auto add = [&](const char* mark) { text.append(text.empty() ? "" : ",").append(mark); };
  if (revision == history.current()) add("current");
  if (revision == history.pinned()) add("pinned");
  if (revision == history.spec_revision()) {
    add(history.Complaint().empty() ? "spec" : "spec,refused");
  }
  return text.empty() ? "-" : text;
}

std::string Change(const PastRevision* before, const PastRevision& after) {
  if (before == nullptr) return "-";
  return Summary(FindDifferences(before->spec, after.spec));
}

json AsJson(const PatternHistory& history, const PastRevision* before, const PastRevision& after) {
  json one = {{"revision", after.revision},
              {"kept", after.is_kept},
              {"current", after.revision == history.current()},
              {"pinned", after.revision == history.pinned()},
              {"spec", after.revision == history.spec_revision()}};
  if (after.is_kept) {
    one["number"] = after.number;
    one["created"] = after.created;
  }
  if (before != nullptr) {
    one["changes"] = DifferencesAsJson(FindDifferences(before->spec, after.spec));
  }
  return one;
}

// Those that are kept, and the spec as it is where it is none of them.
std::vector<PastRevision> WithSpec(const PatternHistory& history) {
  std::vector<PastRevision> all = history.revisions();
  if (history.Find(history.spec_revision()) == nullptr) all.push_back(SpecAsRevision(history));
  return all;
}

}  // namespace

PastRevision SpecAsRevision(const PatternHistory& history) {
  const PastRevision* const kept = history.Find(history.spec_revision());
  if (kept != nullptr) return *kept;
  return {.number = 0,
          .revision = history.spec_revision(),
          .created = {},
          .spec = api::RevisionedSpec(history.spec()),
          .is_kept = false};
}

std::string NameOf(const PastRevision& past) {
  return past.revision + (past.is_kept ? " (number " + std::to_string(past.number) + ")"
                                       : " (the spec as it is, not kept)");
}

void PrintHistory(const PatternHistory& history, Clock::WallTimePoint now, std::ostream& out) {
  out << history.ToString() << '\n';
  TextTable table({"NUMBER", "REVISION", "AGE", "MARKS", "CHANGE"});
  const std::vector<PastRevision> all = WithSpec(history);
  const PastRevision* before = nullptr;
  for (const PastRevision& past : all) {
    table.Add({past.is_kept ? std::to_string(past.number) : "-", past.revision,
               past.is_kept ? Age(past.created, now) : "-", Marks(history, past.revision),
               Change(before, past)});
    before = &past;
  }
  table.Print("", out);
  const std::string complaint = history.Complaint();
  if (!complaint.empty()) out << "The spec is refused: " << OneLine(complaint) << '\n';
  out << OneLine(history.WhatNewPodsGet()) << '\n';
}

json HistoryAsJson(const PatternHistory& history) {
  json revisions = json::array();
  const std::vector<PastRevision> all = WithSpec(history);
  const PastRevision* before = nullptr;
  for (const PastRevision& past : all) {
    revisions.push_back(AsJson(history, before, past));
    before = &past;
  }
  const api::RevisionOwner& identity = history.live().identity;
  return {{"kind", std::string(PatternKindName(identity.kind))},
          {"namespace", identity.namespace_name},
          {"name", identity.name},
          {"newPodsGet", history.live().wanted},
          {"revisions", std::move(revisions)},
          {"complaint", history.Complaint()},
          {"ignored", history.ignored()}};
}

}  // namespace remora::cli
