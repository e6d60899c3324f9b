// PatternListers: what the API server holds of patterns and Namespaces, as the operator sees it.
//
// Thread-safety: any thread.
// Lifetime: Listers outlive their Stores.
//
// Example
//   PatternListers listers{ambassadors.lister(), sidecars.lister(), adapters.lister(),
//                          namespaces.lister()};
#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <set>
#include <string>
#include <vector>

#include "operator/injection/pattern_index.h"
#include "operator/reconcilers/pattern_object.h"
#include "operator/runtime/store.h"

namespace remora::reconcilers {

struct PatternListers {
  runtime::Lister<PatternObject> ambassadors;
  runtime::Lister<PatternObject> sidecars;
  runtime::Lister<PatternObject> adapters;
  runtime::Lister<injection::NamespaceFacts> namespaces;

  const runtime::Lister<PatternObject>& OfKind(api::PatternKind kind) const;
  // Null when there is none.
  std::shared_ptr<const PatternObject> Find(const PatternKey& key) const {
    return OfKind(key.kind).Find(key.object());
  }
  std::vector<PatternKey> Keys() const;
  bool HaveSynced() const;
};

Result<std::shared_ptr<const injection::NamespaceFacts>> DecodeNamespace(
    const nlohmann::json& object);

// What matching depends on, as an index; and a text that is the same as long as that is.
struct MatchInputs {
  std::shared_ptr<const injection::PatternIndex> index;
  std::string version;
  // The pattern objects in it: "uid/generation".
  std::set<std::string, std::less<>> patterns;
};
std::string MatchVersion(const PatternObject& pattern);
MatchInputs MakeMatchInputs(const PatternListers& listers);

}  // namespace remora::reconcilers
