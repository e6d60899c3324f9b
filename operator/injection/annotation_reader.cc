// The Pod's annotations: lists of patterns, and what is said about them.
#include "operator/injection/annotation_reader.h"

#include <algorithm>
#include <array>
#include <vector>

#include "operator/api/annotations.h"

namespace remora::injection {

namespace {

using api::Reason;

constexpr std::size_t kMostItems = 16;

std::string_view Trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

void Refuse(Context& context, std::string_view sentence,
            Reason reason = Reason::kInvalidAnnotation) {
  if (!context.plan.refusal.empty()) return;
  context.plan.refusal = sentence;
  context.plan.refusal_reason = reason;
}

void RefuseUnknownKey(Context& context, std::string_view key) {
  std::vector<std::string_view> known;
  for (const std::string_view full : {api::kSidecarKey, api::kAmbassadorKey, api::kAdapterKey,
                                      api::kBypassKey, api::kOnErrorKey, api::kInjectKey}) {
    known.push_back(full.substr(api::kPatternPrefix.size()));
  }
  const std::string_view nearest = api::NearestName(key.substr(api::kPatternPrefix.size()), known);
  Refuse(context, nearest.empty() ? context.Text({"annotation ", Shown(context, key),
                                                  ": unknown key; expected ", api::kPatternPrefix,
                                                  " and sidecar, ambassador, adapter, bypass, "
                                                  "on-error or inject"})
                                  : context.Text({"annotation ", Shown(context, key),
                                                  ": unknown key; did you mean ",
                                                  api::kPatternPrefix, nearest, "?"}));
}

// Visits the items of a list, until something is refused.
template <typename Visit>
void ForEachItem(Context& context, std::string_view key, std::string_view list, Visit visit) {
  std::size_t count = 0;
  for (std::string_view rest = list;;) {
    const std::size_t comma = rest.find(',');
    const std::string_view item = Trimmed(rest.substr(0, comma));
    if (item.empty()) {
      return Refuse(context, context.Text({"annotation ", key, ": \"", Shown(context, list),
                                           "\" has an empty item; expected a list of names such "
                                           "as \"log-saver, redis\""}));
    }
    if (++count > kMostItems) {
      return Refuse(context,
                    context.Text({"annotation ", key, ": more than 16 items; expected 1 to 16"}));
    }
    visit(item);
    if (comma == std::string_view::npos || !context.plan.refusal.empty()) return;
    rest.remove_prefix(comma + 1);
  }
}

void AddItem(Context& context, std::string_view key, api::PatternKind kind, std::string_view item) {
  Candidate candidate(context.arena);
  candidate.kind = kind;
  candidate.asked_by = context.Text({"annotation ", key});
  const std::size_t slash = item.find('/');
  candidate.name = slash == std::string_view::npos ? item : item.substr(slash + 1);
  if (slash != std::string_view::npos) candidate.named_namespace = item.substr(0, slash);
  if (slash != std::string_view::npos && !api::IsDnsLabel(candidate.named_namespace)) {
    return Refuse(context,
                  context.Text({"annotation ", key, ": \"", Shown(context, item),
                                "\": expected a namespace (a DNS label) before the slash"}));
  }
  if (!api::IsPatternName(candidate.name)) {
    return Refuse(context,
                  context.Text({"annotation ", key, ": \"", Shown(context, item),
                                "\" is not a pattern name; expected [namespace/]name, a DNS "
                                "label of at most 40 characters without \"--\""}));
  }
  if (const Candidate* other = FindCandidate(context, candidate.name)) {
    return Refuse(
        context,
        context.Text({"annotation ", key, ": pattern name ", candidate.name, " is asked for twice",
                      other->asked_by == context.Text({"annotation ", key})
                          ? ""
                          : context.Text({", here and in ", other->asked_by}),
                      "; a Pod holds a pattern name once"}),
        Reason::kDuplicateName);
  }
  context.candidates.push_back(std::move(candidate));
}

// "params.patterns.remora.dev/<pattern>.<parameter>" and "target.patterns.remora.dev/<pattern>"
// must speak of a pattern that the Pod asks for.
void CheckAboutPattern(Context& context, std::string_view key, std::string_view name) {
  if (FindCandidate(context, name) != nullptr) return;
  std::vector<std::string_view> asked;
  for (const Candidate& candidate : context.candidates) asked.push_back(candidate.name);
  const std::string_view nearest = api::NearestName(name, asked);
  Refuse(
      context,
      nearest.empty()
          ? context.Text({"annotation ", Shown(context, key), ": this Pod asks for no pattern \"",
                          Shown(context, name), "\""})
          : context.Text({"annotation ", Shown(context, key), ": this Pod asks for no pattern \"",
                          Shown(context, name), "\"; did you mean ", nearest, "?"}));
}

// The containers that a pattern serves in this Pod.
void ReadTargets(Context& context, const StringPair& pair) {
  const std::string_view name = pair.key.substr(api::kTargetPrefix.size());
  CheckAboutPattern(context, pair.key, name);
  Candidate* candidate = FindCandidate(context, name);
  if (candidate == nullptr) return;
  ForEachItem(context, pair.key, pair.value, [&](std::string_view item) {
    auto& names = candidate->named_targets;
    if (!api::IsDnsLabel(item)) {
      Refuse(context, context.Text({"annotation ", pair.key, ": \"", Shown(context, item),
                                    "\" is not the name of a container (a DNS label)"}));
    } else if (std::find(names.begin(), names.end(), item) != names.end()) {
      Refuse(context, context.Text({"annotation ", pair.key, ": ", item, " stands there twice"}));
    }
    names.push_back(item);
  });
}

// Outbound Ambassadors that are wired but not run.
void ReadBypass(Context& context, std::string_view list) {
  ForEachItem(context, api::kBypassKey, list, [&](std::string_view item) {
    CheckAboutPattern(context, api::kBypassKey, item);
    Candidate* candidate = FindCandidate(context, item);
    if (candidate == nullptr) return;
    if (candidate->bypass_asked) {
      Refuse(context,
             context.Text({"annotation ", api::kBypassKey, ": ", item, " stands there twice"}));
    }
    candidate->bypass_asked = true;
  });
}

void CheckKey(Context& context, const StringPair& pair) {
  std::string_view key = pair.key;
  if (key.starts_with(api::kParameterPrefix)) {
    const std::string_view rest = key.substr(api::kParameterPrefix.size());
    const std::size_t dot = rest.find('.');
    if (dot == std::string_view::npos || !api::IsParameterName(rest.substr(dot + 1))) {
      return Refuse(context, context.Text({"annotation ", Shown(context, key), ": expected ",
                                           api::kParameterPrefix, "<pattern>.<parameter>"}));
    }
    return CheckAboutPattern(context, key, rest.substr(0, dot));
  }
  if (key.starts_with(api::kTargetPrefix)) return ReadTargets(context, pair);
  if (!key.starts_with(api::kPatternPrefix) || key == api::kStatusKey) return;
  if (key == api::kBypassKey) return ReadBypass(context, pair.value);
  if (key == api::kInjectKey) {
    if (pair.value != "false") {
      Refuse(context, context.Text({"annotation ", key, R"(: expected "false", not ")",
                                    Shown(context, pair.value), "\""}));
    }
    return;
  }
  if (key == api::kOnErrorKey) {
    if (pair.value != "Deny" && pair.value != "Admit") {
      Refuse(context, context.Text({"annotation ", key, ": expected Deny or Admit, not \"",
                                    Shown(context, pair.value), "\""}));
    }
    return;
  }
  if (key != api::kSidecarKey && key != api::kAmbassadorKey && key != api::kAdapterKey) {
    RefuseUnknownKey(context, key);
  }
}

}  // namespace

Candidate* FindCandidate(Context& context, std::string_view name) {
  for (Candidate& candidate : context.candidates) {
    if (candidate.name == name) return &candidate;
  }
  return nullptr;
}

void ReadLists(Context& context) {
  for (const auto& [key, kind] : kListKeys) {
    const std::string_view* list = context.pod.FindAnnotation(key);
    if (list == nullptr) continue;
    const auto add = [&context, key = key, kind = kind](std::string_view item) {
      AddItem(context, key, kind, item);
    };
    ForEachItem(context, key, *list, add);
  }
}

void CheckKeys(Context& context) {
  for (const Annotation& annotation : context.pod.annotations) {
    // The record is long and says nothing to the user's lists.
    if (annotation.key == api::kStatusKey || !api::AsksForPatterns(annotation.key)) continue;
    CheckKey(context, {annotation.key, context.pod.ValueOf(annotation)});
  }
}

}  // namespace remora::injection
