#include "operator/reconcilers/pattern_caches.h"

#include <nlohmann/json.hpp>

namespace remora::reconcilers {

namespace {

constexpr api::PatternKind kKinds[] = {api::PatternKind::kAmbassador, api::PatternKind::kSidecar,
                                       api::PatternKind::kAdapter};

}  // namespace

const runtime::Lister<PatternObject>& PatternListers::OfKind(api::PatternKind kind) const {
  switch (kind) {
    case api::PatternKind::kAmbassador: return ambassadors;
    case api::PatternKind::kSidecar: return sidecars;
    case api::PatternKind::kAdapter: break;
  }
  return adapters;
}

std::vector<PatternKey> PatternListers::Keys() const {
  std::vector<PatternKey> keys;
  for (const api::PatternKind kind : kKinds) {
    const auto contents = OfKind(kind).Load();  // held: the Store may replace it
    for (const auto& entry : contents->entries) {
      keys.push_back({kind, entry->key.namespace_name, entry->key.name});
    }
  }
  return keys;
}

bool PatternListers::HaveSynced() const {
  return ambassadors.HasSynced() && sidecars.HasSynced() && adapters.HasSynced() &&
         namespaces.HasSynced();
}

Result<std::shared_ptr<const injection::NamespaceFacts>> DecodeNamespace(
    const nlohmann::json& object) {
  return std::make_shared<const injection::NamespaceFacts>(
      injection::NamespaceFacts::FromObject(object));
}

std::string MatchVersion(const PatternObject& pattern) {
  return pattern.identity().uid + '/' + std::to_string(pattern.generation());
}

MatchInputs MakeMatchInputs(const PatternListers& listers) {
  MatchInputs inputs;
  injection::PatternIndex::Builder builder;
  for (const api::PatternKind kind : kKinds) {
    const auto contents = listers.OfKind(kind).Load();
    for (const auto& entry : contents->entries) {
      if (!entry->value) continue;
      builder.Add(entry->value->live->stored);
      // A status that was written changes no match.
      std::string version = MatchVersion(*entry->value);
      inputs.version += version + '\n';
      inputs.patterns.insert(std::move(version));
    }
  }
  const auto namespaces = listers.namespaces.Load();
  for (const auto& entry : namespaces->entries) {
    if (!entry->value) continue;
    builder.AddNamespace(entry->value);
    inputs.version += entry->key.name + '@' + entry->resource_version + '\n';
  }
  inputs.index = std::move(builder).Build();
  return inputs;
}

}  // namespace remora::reconcilers
