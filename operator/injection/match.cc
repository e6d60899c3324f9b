#include "operator/injection/match.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <tuple>

#include "operator/api/annotations.h"

namespace remora::injection {

namespace {

using api::Reason;

constexpr std::size_t kMostItems = 16;
constexpr std::array<std::pair<std::string_view, api::PatternKind>, 3> kLists = {{
    {api::kAmbassadorKey, api::PatternKind::kAmbassador},
    {api::kSidecarKey, api::PatternKind::kSidecar},
    {api::kAdapterKey, api::PatternKind::kAdapter},
}};
constexpr std::string_view kMirror = "kubernetes.io/config.mirror";

std::string_view Trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

// A piece of user text as shown in a sentence: short, and without what would break the line.
std::string_view Shown(Context& context, std::string_view text) {
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

void Refuse(Context& context, std::string_view sentence,
            Reason reason = Reason::kInvalidAnnotation) {
  if (!context.plan.refusal.empty()) return;
  context.plan.refusal = sentence;
  context.plan.refusal_reason = reason;
}

void RefuseUnknownKey(Context& context, std::string_view key) {
  std::vector<std::string_view> known;
  for (const std::string_view full : {api::kSidecarKey, api::kAmbassadorKey, api::kAdapterKey,
                                      api::kOnErrorKey, api::kInjectKey}) {
    known.push_back(full.substr(api::kPatternPrefix.size()));
  }
  const std::string_view nearest = api::NearestName(key.substr(api::kPatternPrefix.size()), known);
  Refuse(context, nearest.empty() ? context.Text({"annotation ", Shown(context, key),
                                                  ": unknown key; expected ", api::kPatternPrefix,
                                                  " and sidecar, ambassador, adapter, on-error or "
                                                  "inject"})
                                  : context.Text({"annotation ", Shown(context, key),
                                                  ": unknown key; did you mean ",
                                                  api::kPatternPrefix, nearest, "?"}));
}

// The asked-for pattern of that name, or null.
Candidate* FindCandidate(Context& context, std::string_view name) {
  for (Candidate& candidate : context.candidates) {
    if (candidate.name == name) return &candidate;
  }
  return nullptr;
}

void AddItem(Context& context, std::string_view key, api::PatternKind kind, std::string_view item) {
  Candidate candidate(context.arena);
  candidate.kind = kind;
  candidate.annotation = key;
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
        context.Text(
            {"annotation ", key, ": pattern name ", candidate.name, " is asked for twice",
             other->annotation == key ? "" : context.Text({", here and in ", other->annotation}),
             "; a Pod holds a pattern name once"}),
        Reason::kDuplicateName);
  }
  context.candidates.push_back(std::move(candidate));
}

void ReadList(Context& context, std::string_view key, api::PatternKind kind,
              std::string_view list) {
  std::size_t count = 0;
  for (std::string_view rest = list;;) {
    const std::size_t comma = rest.find(',');
    const std::string_view item = Trimmed(rest.substr(0, comma));
    if (item.empty()) {
      return Refuse(context, context.Text({"annotation ", key, ": \"", Shown(context, list),
                                           "\" has an empty item; expected a list of patterns such "
                                           "as \"log-saver, redis\""}));
    }
    if (++count > kMostItems) {
      return Refuse(
          context, context.Text({"annotation ", key, ": more than 16 patterns; expected 1 to 16"}));
    }
    AddItem(context, key, kind, item);
    if (comma == std::string_view::npos || !context.plan.refusal.empty()) return;
    rest.remove_prefix(comma + 1);
  }
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
  if (key.starts_with(api::kTargetPrefix)) {
    return CheckAboutPattern(context, key, key.substr(api::kTargetPrefix.size()));
  }
  if (!key.starts_with(api::kPatternPrefix) || key == api::kStatusKey) return;
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

bool IsAdmitted(Context& context, const StoredPattern& stored) {
  if (stored.namespace_name == context.request.namespace_name) return true;
  // Whom a broken pattern of another namespace admits is not known; the catalog's is everybody's.
  if (!stored.compiled) return stored.namespace_name == context.environment.catalog_namespace;
  const api::AllowedNamespaces& allowed = stored.compiled->spec().allowed_namespaces;
  switch (allowed.from) {
    case api::NamespacesFrom::kSame: return false;
    case api::NamespacesFrom::kAll: return true;
    case api::NamespacesFrom::kSelector: {
      const NamespaceFacts* facts = context.patterns.FindNamespace(context.request.namespace_name);
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
  for (const auto& [key, kind] : kLists) {
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
  const std::string_view head = context.Text({"annotation ", candidate.annotation, ": no ", kind,
                                              " \"", candidate.name, "\" in namespace "});
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
  if (!stored->compiled) {
    candidate.refusal = Reason::kPatternNotAccepted;
    candidate.message = context.Text(
        {"annotation ", candidate.annotation, ": ", api::PatternKindName(candidate.kind), " ",
         stored->namespace_name, "/", stored->name, " is out of service: ", stored->complaint});
    return;
  }
  candidate.pattern = stored->compiled.get();
  candidate.on_error = candidate.pattern->pattern().EffectiveOnError();
}

// A pattern of the record whose companion is there is not decided again.
void TakeFromRecord(Context& context, Candidate& candidate) {
  const auto& recorded = context.previous.patterns;
  for (std::size_t i = 0; i < recorded.size(); ++i) {
    const bool same = recorded[i].injected && recorded[i].kind == candidate.kind &&
                      recorded[i].name == candidate.name &&
                      (candidate.named_namespace.empty() ||
                       recorded[i].namespace_name == candidate.named_namespace);
    if (!same) continue;
    candidate.recorded = static_cast<int>(i);
    const auto has = [&](const std::pmr::vector<ContainerFacts>& list) {
      return std::any_of(list.begin(), list.end(),
                         [&](const ContainerFacts& c) { return c.name == candidate.name; });
    };
    candidate.already_injected = has(context.pod.init_containers) || has(context.pod.containers);
    if (candidate.already_injected) candidate.namespace_name = recorded[i].namespace_name;
    return;
  }
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

void MatchPatterns(Context& context) {
  const PodFacts& pod = context.pod;
  for (const StringPair& pair : pod.annotations) {
    if (api::AsksForPatterns(pair.key)) context.plan.asked = true;
  }
  if (!context.plan.asked || pod.FindAnnotation(kMirror) != nullptr) {
    context.plan.asked = false;
    return;
  }
  const std::string_view* inject = pod.FindAnnotation(api::kInjectKey);
  if (inject != nullptr && *inject == "false") {
    context.plan.opted_out = true;
    return;
  }
  for (const auto& [key, kind] : kLists) {
    if (const std::string_view* list = pod.FindAnnotation(key)) ReadList(context, key, kind, *list);
  }
  for (const StringPair& pair : pod.annotations) CheckKey(context, pair);
  if (!context.plan.refusal.empty()) return;
  const std::string_view* on_error = pod.FindAnnotation(api::kOnErrorKey);
  for (Candidate& candidate : context.candidates) {
    TakeFromRecord(context, candidate);
    if (candidate.already_injected) continue;
    Lookup(context, candidate);
    if (on_error != nullptr) {
      candidate.on_error = *on_error == "Deny" ? api::OnError::kDeny : api::OnError::kAdmit;
    }
  }
  std::sort(context.candidates.begin(), context.candidates.end(),
            [](const Candidate& a, const Candidate& b) {
              return std::tie(a.kind, a.namespace_name, a.name) <
                     std::tie(b.kind, b.namespace_name, b.name);
            });
}

}  // namespace remora::injection
