#include "operator/injection/match.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <tuple>

#include "operator/api/annotations.h"
#include "operator/injection/annotation_reader.h"

namespace remora::injection {

namespace {

using api::Reason;

constexpr std::string_view kMirror = "kubernetes.io/config.mirror";

// "enabled", "disabled", or what else the Namespace says about automatic injection.
std::string_view InjectionLabel(const Context& context) {
  if (context.namespace_facts == nullptr) return {};
  const auto& labels = context.namespace_facts->labels;
  const auto found = labels.find(api::kInjectionLabel);
  return found == labels.end() ? std::string_view() : std::string_view(found->second);
}

bool IsAdmitted(const Context& context, const StoredPattern& stored) {
  if (stored.namespace_name == context.request.namespace_name) return true;
  // It tells nothing of what is there.
  if (stored.refusal == Reason::kDeadlineExceeded) return true;
  // Whom a broken pattern of another namespace admits is not known; the catalog's is everybody's.
  if (!stored.compiled) return stored.namespace_name == context.environment.catalog_namespace;
  const api::AllowedNamespaces& allowed = stored.compiled->spec().allowed_namespaces;
  switch (allowed.from) {
    case api::NamespacesFrom::kSame: return false;
    case api::NamespacesFrom::kAll: return true;
    case api::NamespacesFrom::kSelector: {
      const NamespaceFacts* facts = context.namespace_facts;
      static const api::LabelSelector::Labels kNone;
      return allowed.selector &&
             allowed.selector->Matches(facts == nullptr ? kNone : facts->labels);
    }
  }
  return false;
}

const StoredPattern* FindIn(Context& context, const Candidate& candidate,
                            std::string_view namespace_name) {
  const StoredPattern* stored =
      context.patterns.Find(candidate.kind, namespace_name, candidate.name);
  return stored != nullptr && IsAdmitted(context, *stored) ? stored : nullptr;
}

std::string_view NearestPattern(Context& context, const Candidate& candidate) {
  std::vector<std::string_view> names;
  for (const auto& stored : context.patterns.all()) {
    const bool in_reach = candidate.named_namespace.empty()
                              ? stored->namespace_name == context.request.namespace_name ||
                                    stored->namespace_name == context.environment.catalog_namespace
                              : stored->namespace_name == candidate.named_namespace;
    if (stored->kind == candidate.kind && in_reach && IsAdmitted(context, *stored)) {
      names.push_back(stored->name);
    }
  }
  return api::NearestName(candidate.name, names);
}

// The kind under which the name exists, where the user took the wrong annotation.
std::string_view OtherKind(Context& context, const Candidate& candidate) {
  for (const auto& [key, kind] : kListKeys) {
    Candidate other(context.arena);
    other.kind = kind;
    other.name = candidate.name;
    const std::string_view own = candidate.named_namespace.empty() ? context.request.namespace_name
                                                                   : candidate.named_namespace;
    if (kind == candidate.kind) continue;
    if (FindIn(context, other, own) != nullptr) return key;
    if (candidate.named_namespace.empty() &&
        FindIn(context, other, context.environment.catalog_namespace) != nullptr) {
      return key;
    }
  }
  return {};
}

void RefuseNotFound(Context& context, Candidate& candidate) {
  const std::string_view kind = api::PatternKindName(candidate.kind);
  const std::string_view head =
      context.Text({candidate.asked_by, ": no ", kind, " \"", candidate.name, "\" in namespace "});
  const std::string_view where = candidate.named_namespace.empty()
                                     ? context.Text({context.request.namespace_name, " or ",
                                                     context.environment.catalog_namespace})
                                     : candidate.named_namespace;
  std::string_view hint;
  if (const auto key = OtherKind(context, candidate); !key.empty()) {
    hint = context.Text({"; there is one for the annotation ", key});
  } else if (const auto nearest = NearestPattern(context, candidate); !nearest.empty()) {
    hint = context.Text({"; did you mean \"", nearest, "\"?"});
  }
  candidate.refusal = Reason::kPatternNotFound;
  candidate.message = context.Text({head, where, hint});
}

void Lookup(Context& context, Candidate& candidate) {
  candidate.namespace_name = candidate.named_namespace.empty() ? context.request.namespace_name
                                                               : candidate.named_namespace;
  const StoredPattern* stored = FindIn(context, candidate, candidate.namespace_name);
  if (stored == nullptr && candidate.named_namespace.empty()) {
    stored = FindIn(context, candidate, context.environment.catalog_namespace);
  }
  candidate.on_error = api::DefaultOnError(candidate.kind);
  if (stored == nullptr) return RefuseNotFound(context, candidate);
  candidate.stored = stored;
  candidate.namespace_name = stored->namespace_name;
  if (stored->compiled) candidate.on_error = stored->compiled->pattern().EffectiveOnError();
  candidate.refusal = stored->refusal;
  if (stored->refusal == Reason::kDeadlineExceeded) {
    candidate.message = context.Text(
        {candidate.asked_by, ": no ", api::PatternKindName(candidate.kind), " \"", candidate.name,
         "\" is known in namespace ", stored->namespace_name, ", and ", stored->complaint});
  } else if (stored->refusal) {
    candidate.message = context.Text(
        {candidate.asked_by, ": ", api::PatternKindName(candidate.kind), " ",
         stored->namespace_name, "/", stored->name, " is out of service: ", stored->complaint});
  } else {
    candidate.pattern = stored->compiled.get();
  }
}

bool HasContainer(const PodFacts& pod, std::string_view name) {
  const auto is_it = [&](const ContainerFacts& container) { return container.name == name; };
  return std::any_of(pod.init_containers.begin(), pod.init_containers.end(), is_it) ||
         std::any_of(pod.containers.begin(), pod.containers.end(), is_it);
}

// Whether the companion of that recorded pattern is there: its container or, where it brought none,
// its first init container.
bool IsThere(const Context& context, std::uint32_t recorded) {
  const RecordedPattern& pattern = context.previous.patterns[recorded];
  if (HasContainer(context.pod, pattern.name)) return true;
  constexpr std::string_view kInit = "/spec/initContainers/";
  const std::string_view companion = context.Text({kInit, pattern.name});
  const std::string_view regular = context.Text({"/spec/containers/", pattern.name});
  if (context.previous.WasAdded(recorded, companion) ||
      context.previous.WasAdded(recorded, regular)) {
    return false;
  }
  for (const RecordedPath& path : context.previous.added()) {
    if (path.pattern != recorded || !path.pointer.starts_with(kInit)) continue;
    const std::string_view name = path.pointer.substr(kInit.size());
    if (name.find('/') == std::string_view::npos) return HasContainer(context.pod, name);
  }
  return false;
}

// A pattern of the record whose companion is there is not decided again.
void TakeFromRecord(Context& context, Candidate& candidate) {
  const auto& recorded = context.previous.patterns;
  for (std::uint32_t i = 0; i < recorded.size(); ++i) {
    const bool same = recorded[i].kind == candidate.kind && recorded[i].name == candidate.name &&
                      (candidate.named_namespace.empty() ||
                       recorded[i].namespace_name == candidate.named_namespace);
    if (!same) continue;
    candidate.recorded = static_cast<int>(i);
    // A bypassed one has no companion that could be lost.
    candidate.already_injected = (recorded[i].injected && IsThere(context, i)) ||
                                 (recorded[i].bypassed && candidate.bypass_asked);
    if (candidate.already_injected) candidate.namespace_name = recorded[i].namespace_name;
    return;
  }
}

// What an earlier call has added stays, also if nothing asks for it any more.
void KeepRecorded(Context& context) {
  const auto& recorded = context.previous.patterns;
  for (std::uint32_t i = 0; i < recorded.size(); ++i) {
    if (!recorded[i].injected || FindCandidate(context, recorded[i].name) != nullptr) continue;
    Candidate& candidate = context.candidates.emplace_back(context.arena);
    candidate.kind = recorded[i].kind;
    candidate.name = recorded[i].name;
    candidate.namespace_name = recorded[i].namespace_name;
    candidate.asked_by = context.Text({"annotation ", api::kStatusKey});
    candidate.recorded = static_cast<int>(i);
    candidate.already_injected = true;
  }
}

void PassOver(Context& context, const StoredPattern& stored, const Reason reason,
              std::string_view message) {
  if (!context.request.explain) return;
  Decision decision;
  decision.kind = stored.kind;
  decision.namespace_name = stored.namespace_name;
  decision.name = stored.name;
  decision.reason = reason;
  decision.message = message;
  context.plan.passed_over.push_back(decision);
}

// A pattern that a selector may add to this Pod.
void ConsiderAutomatic(Context& context, const StoredPattern& stored, bool enabled) {
  if (!IsAdmitted(context, stored)) return;
  const api::LabelSelector& selector = *stored.compiled->spec().selector;
  if (!selector.Matches([&](std::string_view key) { return context.pod.FindLabel(key); })) {
    return PassOver(context, stored, Reason::kSelectorMismatch,
                    "its selector does not match the Pod's labels");
  }
  if (!enabled) {
    return PassOver(
        context, stored, Reason::kNamespaceNotEnabled,
        context.Text({"its selector matches, but Namespace ", context.request.namespace_name,
                      " has no label ", api::kInjectionLabel, ": enabled"}));
  }
  if (const Candidate* other = FindCandidate(context, stored.name)) {
    if (other->kind == stored.kind && other->named_namespace.empty() && !other->automatic) return;
    return PassOver(context, stored, Reason::kShadowed,
                    context.Text({"the Pod holds the pattern name ", stored.name, " already: ",
                                  api::PatternKindName(other->kind), " by ", other->asked_by}));
  }
  Candidate& candidate = context.candidates.emplace_back(context.arena);
  candidate.kind = stored.kind;
  candidate.name = stored.name;
  candidate.named_namespace = stored.namespace_name;
  candidate.asked_by = context.Text(
      {"label ", api::kInjectionLabel, " of Namespace ", context.request.namespace_name});
  candidate.automatic = true;
}

void AddAutomatic(Context& context, bool enabled) {
  if (!enabled && !context.request.explain) return;
  // The Pod's own namespace beats the catalog.
  const std::string_view own = context.request.namespace_name;
  const std::string_view catalog = context.environment.catalog_namespace;
  for (const StoredPattern* stored : context.patterns.Automatic(own)) {
    ConsiderAutomatic(context, *stored, enabled);
  }
  if (own == catalog) return;
  for (const StoredPattern* stored : context.patterns.Automatic(catalog)) {
    ConsiderAutomatic(context, *stored, enabled);
  }
}

api::OnError OnErrorOf(const Context& context, const Candidate& candidate) {
  if (const std::string_view* on_error = context.pod.FindAnnotation(api::kOnErrorKey)) {
    return *on_error == "Deny" ? api::OnError::kDeny : api::OnError::kAdmit;
  }
  // Who did not ask is not hurt, unless the pattern's author says so.
  if (!candidate.automatic) return candidate.on_error;
  const bool is_known = candidate.stored != nullptr && candidate.stored->compiled != nullptr;
  return is_known ? candidate.stored->compiled->spec().on_error.value_or(api::OnError::kAdmit)
                  : api::OnError::kAdmit;
}

}  // namespace

std::string_view Context::Text(std::initializer_list<std::string_view> parts) const {
  std::size_t size = 0;
  for (const std::string_view part : parts) size += part.size();
  char* const begin = arena.Allocate(size);
  char* end = begin;
  for (const std::string_view part : parts) end = std::copy(part.begin(), part.end(), end);
  return {begin, size};
}

std::string_view Context::Text(std::int64_t number) const {
  std::array<char, 24> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  return arena.Copy({digits.data(), static_cast<std::size_t>(end - digits.data())});
}

std::string_view Shown(const Context& context, std::string_view text) {
  constexpr std::size_t kLongest = 80;
  std::pmr::string shown(&context.arena);
  for (const char c : text.substr(0, kLongest)) {
    const auto byte = static_cast<unsigned char>(c);
    shown += byte < 0x20 || byte == 0x7F ? ' ' : c;
  }
  // Not in the middle of a character.
  if (text.size() > kLongest) {
    while (!shown.empty() && (static_cast<unsigned char>(shown.back()) & 0xC0U) == 0x80U)
      shown.pop_back();
    if (!shown.empty() && static_cast<unsigned char>(shown.back()) >= 0xC0U) shown.pop_back();
    shown += "...";
  }
  return context.arena.Copy(shown);
}

void MatchPatterns(Context& context) {
  const PodFacts& pod = context.pod;
  Plan& plan = context.plan;
  const std::string_view label = InjectionLabel(context);
  if (pod.FindAnnotation(kMirror) != nullptr) {
    plan.skipped = Reason::kMirrorPod;
  } else if (label == "disabled") {
    plan.skipped = Reason::kNamespaceDisabled;
  } else if (const auto* inject = pod.FindAnnotation(api::kInjectKey);
             inject != nullptr && *inject == "false") {
    plan.skipped = Reason::kOptedOut;
  }
  if (plan.skipped) return;
  ReadLists(context);
  AddAutomatic(context, label == "enabled");
  CheckKeys(context);
  if (!plan.refusal.empty()) return;
  KeepRecorded(context);
  for (Candidate& candidate : context.candidates) {
    if (candidate.already_injected) continue;
    TakeFromRecord(context, candidate);
    if (candidate.already_injected) continue;
    Lookup(context, candidate);
    candidate.on_error = OnErrorOf(context, candidate);
  }
  std::sort(context.candidates.begin(), context.candidates.end(),
            [](const Candidate& a, const Candidate& b) {
              return std::tie(a.kind, a.namespace_name, a.name) <
                     std::tie(b.kind, b.namespace_name, b.name);
            });
}

}  // namespace remora::injection
