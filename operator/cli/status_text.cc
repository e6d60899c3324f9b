#include "operator/cli/status_text.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <utility>

#include "operator/api/reason.h"
#include "operator/api/revision.h"
#include "operator/cli/field_differences.h"
#include "operator/cli/text_table.h"
#include "operator/cli/workloads.h"

namespace remora::cli {

namespace {

using nlohmann::json;
using Pointer = json::json_pointer;

std::string Text(const json& object, const char* path) {
  return OneLine(StringAt(object, Pointer(path)));
}

std::string OrDash(std::string text) { return text.empty() ? "-" : text; }

std::int64_t NumberAt(const json& object, const char* path) {
  const Pointer pointer(path);
  if (!object.contains(pointer) || !object.at(pointer).is_number_integer()) return 0;
  return object.at(pointer).get<std::int64_t>();
}

std::string Count(const json& pattern, const std::string& name) {
  const std::string path = "/status/pods/" + name;
  if (!pattern.contains(Pointer(path))) return "-";
  return std::to_string(NumberAt(pattern, path.c_str()));
}

const json& ListAt(const json& object, const char* path) {
  static const json kNone = json::array();
  const Pointer pointer(path);
  return object.contains(pointer) && object.at(pointer).is_array() ? object.at(pointer) : kNone;
}

enum class Observed : std::uint8_t { kNever, kBefore, kYes };

Observed IsObserved(const json& pattern) {
  if (!pattern.contains(Pointer("/status/conditions"))) return Observed::kNever;
  const bool is_old =
      NumberAt(pattern, "/status/observedGeneration") < NumberAt(pattern, "/metadata/generation");
  return is_old ? Observed::kBefore : Observed::kYes;
}

// Empty where the status speaks of the pattern as it is.
std::string NotObserved(const json& pattern) {
  const std::string generation = std::to_string(NumberAt(pattern, "/metadata/generation"));
  switch (IsObserved(pattern)) {
    case Observed::kNever: return "not yet looked at by the operator";
    case Observed::kBefore:
      return "generation " + generation + " not yet looked at by the operator";
    case Observed::kYes: return {};
  }
  return {};
}

// The condition of that type; null where there is none.
json Condition(const json& pattern, const std::string& type) {
  for (const json& condition : ListAt(pattern, "/status/conditions")) {
    if (StringAt(condition, Pointer("/type")) == type) return condition;
  }
  return nullptr;
}

bool NeedsAttention(const json& workload) {
  const auto reason = api::ParseReason(StringAt(workload, Pointer("/reason")));
  return !reason || api::ClassOf(*reason) != api::ReasonClass::kIn;
}

// Ready says again what the condition says that spoils it.
std::string MessageOf(const json& pattern, const json& condition) {
  const std::string message = Text(condition, "/message");
  if (StringAt(condition, Pointer("/type")) != "Ready") return message;
  const json& all = ListAt(pattern, "/status/conditions");
  const bool is_said = std::count_if(all.begin(), all.end(), [&](const json& other) {
                         return Text(other, "/message") == message;
                       }) > 1;
  return is_said ? std::string() : message;
}

void PrintConditions(const json& pattern, Clock::WallTimePoint now, std::ostream& out) {
  TextTable table;
  for (const char* type : {"Ready", "Accepted", "Progressing", "Degraded"}) {
    const json condition = Condition(pattern, type);
    if (condition.is_null()) continue;
    const std::string since = StringAt(condition, Pointer("/lastTransitionTime"));
    const std::string message = MessageOf(pattern, condition);
    table.Add({type, Text(condition, "/status"), Text(condition, "/reason"),
               "for " + Age(since, now) + (message.empty() ? "" : ": " + message)});
  }
  out << "Conditions:\n";
  table.Print("  ", out);
}

void PrintRevisions(const json& pattern, std::ostream& out) {
  TextTable table;
  const json spec = pattern.value("spec", json::object());
  const std::string of_spec = api::RevisionOf(spec);
  const std::string pinned = Text(pattern, "/spec/pinnedRevision");
  const std::string current = Text(pattern, "/status/currentRevision");
  if (!pinned.empty()) table.Add({"pinned", pinned, "what new Pods get"});
  if (!current.empty()) {
    table.Add({"current", current,
               std::string("the last that was accepted") +
                   (pinned.empty() ? ", what new Pods get" : "")});
  }
  static constexpr std::array<std::pair<const char*, const char*>, 2> kOthers = {
      {{"update", "/status/updateRevision"}, {"failed", "/status/failedRevision"}}};
  for (const auto& [name, path] : kOthers) {
    const std::string revision = Text(pattern, path);
    if (!revision.empty() && revision != current) table.Add({name, revision, ""});
  }
  if (of_spec != current) table.Add({"spec", of_spec, "the pattern as it is"});
  out << "Revisions:\n";
  table.Print("  ", out);
}

void PrintWorkloads(const json& pattern, std::ostream& out) {
  const json& workloads = ListAt(pattern, "/status/workloads");
  for (const bool attention : {true, false}) {
    TextTable table({"WORKLOAD", "PODS", "REASON", "MESSAGE"});
    int count = 0;
    for (const json& workload : workloads) {
      if (!workload.is_object() || NeedsAttention(workload) != attention) continue;
      ++count;
      const std::string space = Text(workload, "/namespace");
      table.Add({Text(workload, "/kind") + ' ' + (space.empty() ? "" : space + '/') +
                     Text(workload, "/name"),
                 workload.contains("pods") ? std::to_string(NumberAt(workload, "/pods")) : "-",
                 Text(workload, "/reason"), Text(workload, "/message")});
    }
    if (count == 0) continue;
    out << (attention ? "Workloads that need attention:\n" : "Workloads that have it:\n");
    table.Print("  ", out);
  }
}

}  // namespace

void PrintStatusTable(const std::vector<json>& patterns, bool with_namespace, std::ostream& out) {
  std::vector<std::string> head = {"KIND",     "NAME",     "READY",   "REASON",
                                   "MATCHED",  "INJECTED", "MISSING", "REFUSED",
                                   "OUTDATED", "REVISION", "PINNED"};
  if (with_namespace) head.insert(head.begin(), "NAMESPACE");
  TextTable table(std::move(head));
  for (const json& pattern : patterns) {
    const json ready = Condition(pattern, "Ready");
    const bool is_observed = IsObserved(pattern) == Observed::kYes;
    std::vector<std::string> row = {
        Text(pattern, "/kind"), Text(pattern, "/metadata/name"),
        is_observed ? OrDash(Text(ready, "/status")) : "Unknown",
        is_observed ? OrDash(Text(ready, "/reason")) : NotObserved(pattern)};
    for (const char* count : {"matched", "injected", "missing", "refused", "outdated"}) {
      row.push_back(Count(pattern, count));
    }
    row.push_back(OrDash(Text(pattern, "/status/currentRevision")));
    row.push_back(OrDash(Text(pattern, "/spec/pinnedRevision")));
    if (with_namespace) row.insert(row.begin(), Text(pattern, "/metadata/namespace"));
    table.Add(std::move(row));
  }
  table.Print("", out);
}

void PrintStatus(const json& pattern, Clock::WallTimePoint now, std::ostream& out) {
  const std::string not_observed = NotObserved(pattern);
  const json ready = Condition(pattern, "Ready");
  out << Text(pattern, "/kind") << ' ' << Text(pattern, "/metadata/namespace") << '/'
      << Text(pattern, "/metadata/name") << ": "
      << (not_observed.empty() ? OrDash(Text(ready, "/reason")) : not_observed) << '\n';
  const std::string description = Text(pattern, "/spec/description");
  if (!description.empty()) out << "  " << description << '\n';
  if (IsObserved(pattern) != Observed::kNever) PrintConditions(pattern, now, out);
  PrintRevisions(pattern, out);
  if (!pattern.contains(Pointer("/status/pods"))) return;
  out << "Pods:\n  " << Count(pattern, "matched") << " matched: " << Count(pattern, "injected")
      << " injected (" << Count(pattern, "updated") << " with the revision of new Pods, "
      << Count(pattern, "outdated") << " with another), " << Count(pattern, "missing")
      << " missing, " << Count(pattern, "refused") << " refused\n";
  PrintWorkloads(pattern, out);
}

json StatusAsJson(const json& pattern) {
  return {{"kind", StringAt(pattern, Pointer("/kind"))},
          {"namespace", StringAt(pattern, Pointer("/metadata/namespace"))},
          {"name", StringAt(pattern, Pointer("/metadata/name"))},
          {"generation", NumberAt(pattern, "/metadata/generation")},
          {"observed", IsObserved(pattern) == Observed::kYes},
          {"revision", api::RevisionOf(pattern.value("spec", json::object()))},
          {"pinnedRevision", StringAt(pattern, Pointer("/spec/pinnedRevision"))},
          {"status", pattern.value("status", json::object())}};
}

}  // namespace remora::cli
