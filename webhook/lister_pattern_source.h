// ListerPatternSource: the PatternSource on the caches of the three pattern kinds, of
// Namespaces, and of what limits them.
//
// Contract
//   - A change is in the first Current() after its event was stored. The index is made then and not
//     per event, so a burst of events costs one index; compiled patterns are shared between
//     indices.
//   - Two lookups of the same moment return the same index.
// Thread-safety: internally synchronised.
// Errors: none; a pattern that cannot be read is out of service alone.
// Lifetime: independent; Listers outlive their Stores.
//
// Example
//   ListerPatternSource source({ambassadors.lister(), sidecars.lister(), adapters.lister(),
//                               namespaces.lister(), limit_ranges.lister(), quotas.lister()});
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "operator/base/mutex.h"
#include "operator/base/snapshot.h"
#include "operator/runtime/store.h"
#include "webhook/pattern_source.h"

namespace remora::webhook {

struct PatternListers {
  runtime::Lister<injection::StoredPattern> ambassadors;
  runtime::Lister<injection::StoredPattern> sidecars;
  runtime::Lister<injection::StoredPattern> adapters;
  runtime::Lister<injection::NamespaceFacts> namespaces;
  runtime::Lister<injection::LimitRangeFacts> limit_ranges;
  runtime::Lister<injection::QuotaFacts> quotas;
};

// Decoders for the Stores behind the Listers.
Result<std::shared_ptr<const injection::StoredPattern>> DecodePattern(const nlohmann::json& object);
Result<std::shared_ptr<const injection::NamespaceFacts>> DecodeNamespace(
    const nlohmann::json& object);
Result<std::shared_ptr<const injection::LimitRangeFacts>> DecodeLimitRange(
    const nlohmann::json& object);
Result<std::shared_ptr<const injection::QuotaFacts>> DecodeQuota(const nlohmann::json& object);

class ListerPatternSource final : public PatternSource {
 public:
  explicit ListerPatternSource(PatternListers listers);

  std::shared_ptr<const injection::PatternIndex> Current() const override;
  std::string Missing() const override;

 private:
  using Generations = std::array<std::uint64_t, 6>;
  struct Moment;
  struct Built {
    Generations generations = {};
    std::shared_ptr<const injection::PatternIndex> index;  // null: of no moment
  };

  Moment Load() const;

  const PatternListers listers_;
  mutable Snapshot<Built> built_;
  mutable Mutex build_mutex_;  // one thread builds, the others wait for it
};

}  // namespace remora::webhook
