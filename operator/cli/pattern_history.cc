#include "operator/cli/pattern_history.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <tuple>
#include <utility>

#include "operator/api/condition.h"
#include "operator/api/kept_revision.h"
#include "operator/api/revision.h"
#include "operator/cli/place.h"
#include "operator/cli/workloads.h"

namespace remora::cli {

namespace {

using nlohmann::json;
using Pointer = json::json_pointer;

// Below it, a typing error could hit another revision.
constexpr std::size_t kShortestPrefix = 3;

// The same pattern name may be in use by the other kinds, and the label says the name alone.
bool IsOfAnotherKind(const std::string& name, const api::RevisionOwner& pattern) {
  const std::array<api::PatternKind, 3> kinds = {
      api::PatternKind::kAmbassador, api::PatternKind::kSidecar, api::PatternKind::kAdapter};
  return std::any_of(kinds.begin(), kinds.end(), [&](api::PatternKind kind) {
    return kind != pattern.kind &&
           name.starts_with(api::ControllerRevisionName(kind, pattern.name, ""));
  });
}

std::string NameOf(const api::RevisionOwner& owner) {
  return std::string(PatternKindName(owner.kind)) + ' ' + owner.namespace_name + '/' + owner.name;
}

// Why a genuine ControllerRevision is not this pattern's; empty where it is.
std::string WhyNotOf(const api::RevisionOwner& pattern, const api::RevisionOwner& owner) {
  if (owner == pattern) return {};
  if (owner.kind != pattern.kind || owner.name != pattern.name) return "it is of " + NameOf(owner);
  return "it is of an earlier " + NameOf(owner) + " (uid " + Quote(owner.uid) + ")";
}

}  // namespace

Result<PatternHistory> PatternHistory::Make(json pattern,
                                            const std::vector<json>& controller_revisions) {
  auto live = injection::LivePattern::FromObject(pattern);
  if (!live.ok()) return live.error();
  PatternHistory history;
  history.pattern_ = std::move(pattern);
  history.live_ = *std::move(live);
  for (const json& object : controller_revisions) history.Take(object);
  std::sort(history.revisions_.begin(), history.revisions_.end(),
            [](const PastRevision& a, const PastRevision& b) {
              return std::tie(a.number, a.created, a.revision) <
                     std::tie(b.number, b.created, b.revision);
            });
  return history;
}

void PatternHistory::Take(const json& controller_revision) {
  const std::string name = StringAt(controller_revision, Pointer("/metadata/name"));
  if (IsOfAnotherKind(name, live_->identity)) return;
  auto kept = api::ReadKeptRevision(controller_revision);
  const std::string why =
      kept.ok() ? WhyNotOf(live_->identity, kept->owner) : kept.error().message();
  if (!why.empty()) {
    ignored_.push_back("ControllerRevision " + live_->identity.namespace_name + '/' + name +
                       " is ignored: " + why);
    return;
  }
  revisions_.push_back(
      {kept->number, kept->revision, kept->created, json::parse(kept->spec, nullptr, false)});
}

std::string PatternHistory::ToString() const { return NameOf(live_->identity); }

std::string PatternHistory::current() const {
  return StringAt(pattern_, Pointer("/status/currentRevision"));
}

std::string PatternHistory::pinned() const {
  return StringAt(pattern_, Pointer("/spec/pinnedRevision"));
}

const PastRevision* PatternHistory::Find(std::string_view revision) const {
  const auto found = std::find_if(revisions_.begin(), revisions_.end(),
                                  [&](const auto& past) { return past.revision == revision; });
  return found == revisions_.end() ? nullptr : &*found;
}

std::string PatternHistory::Kept() const {
  if (revisions_.empty()) return "; none is: the operator keeps those that it accepts";
  std::vector<std::string> known;
  for (const PastRevision& past : revisions_) known.push_back(past.revision);
  return "; " + api::WhichAreKept(known);
}

Result<const PastRevision*> PatternHistory::Choose(std::string_view text) const {
  if (const PastRevision* const exact = Find(text)) return exact;
  std::vector<const PastRevision*> found;
  std::vector<std::string_view> names;
  std::string nearest;
  for (const PastRevision& past : revisions_) {
    names.push_back(past.revision);
    if (past.revision.starts_with(text)) found.push_back(&past);
    if (std::to_string(past.number) == text) nearest = past.revision;
  }
  const bool is_prefix = text.size() >= kShortestPrefix;
  if (is_prefix && found.size() == 1) return found.front();
  const std::string shown = Quote(text);
  if (is_prefix && found.size() > 1) {
    std::string all;
    for (const PastRevision* past : found) all += (all.empty() ? "" : ", ") + past->revision;
    return Error(ErrorCode::kInvalid,
                 ToString() + ": revision " + shown + " is not clear; so begin " + all);
  }
  if (nearest.empty()) nearest = api::NearestName(text, names);
  if (nearest.empty() && found.size() == 1) nearest = found.front()->revision;
  return Error(ErrorCode::kInvalid, ToString() + ": revision " + shown + " is not kept" + Kept() +
                                        (nearest.empty() ? "" : "; did you mean " + nearest + "?"));
}

Result<const PastRevision*> PatternHistory::Earlier() const {
  const PastRevision* const accepted = Find(current());
  if (accepted != nullptr && accepted->revision != spec_revision()) return accepted;
  const auto of_spec = std::find_if(revisions_.begin(), revisions_.end(), [&](const auto& past) {
    return past.revision == spec_revision();
  });
  // Of a spec that is not kept, the one before is the last that is.
  if (of_spec != revisions_.begin()) return &*std::prev(of_spec);
  return Error(ErrorCode::kNotFound,
               ToString() + ": there is no revision before " + spec_revision() +
                   (revisions_.empty() ? "; none is kept: the operator keeps those that it accepts"
                                       : ", the first that is kept"));
}

std::string PatternHistory::Complaint() const {
  const auto accepted = api::FindCondition(pattern_.value("status", json()), "Accepted");
  return accepted && accepted->IsOf("False", live_->generation) ? accepted->message : "";
}

std::string PatternHistory::WhatNewPodsGet(std::string_view get) const {
  const injection::LivePattern& live = *live_;
  if (live.wanted.empty()) return "New Pods do not get it: " + live.rejection + '.';
  const std::string start = "New Pods " + std::string(get) + " revision " + live.wanted;
  if (live.is_pinned) return start + ", which is pinned.";
  return start + (api::IsRevision(current())
                      ? ", the last that was accepted."
                      : ", the spec as it is: the operator has accepted none yet.");
}

}  // namespace remora::cli
