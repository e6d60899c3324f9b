// ListerPatternSource: the PatternSource on the caches of the three pattern kinds and their revisions,
// of Namespaces, and of what limits them.
//
// Contract
//   - A change is in the first Current() after its event was stored. The index is made then and not
//     per event, so a burst of events costs one index; compiled patterns are shared between
//     indices.
//   - Each pattern is in the index in the revision that new Pods get (injection/live_pattern.h); one
//     that is gone back to is compiled once.
//   - Two lookups of the same moment return the same index.
// Thread-safety: internally synchronised.
// Errors: none; a pattern that cannot be read is out of service alone.
// Lifetime: independent; Listers outlive their Stores.
//
// Example
//   ListerPatternSource source({ambassadors.lister(), sidecars.lister(), adapters.lister(),
//                               revisions.lister(), namespaces.lister(), limit_ranges.lister(),
//                               quotas.lister()});
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "operator/api/kept_revision.h"
#include "operator/base/mutex.h"
#include "operator/base/snapshot.h"
#include "operator/injection/live_pattern.h"
#include "operator/runtime/store.h"
#include "webhook/pattern_source.h"

namespace remora::webhook {

struct PatternListers {
  runtime::Lister<injection::LivePattern> ambassadors;
  runtime::Lister<injection::LivePattern> sidecars;
  runtime::Lister<injection::LivePattern> adapters;
  runtime::Lister<api::KeptRevision> revisions;
  runtime::Lister<injection::NamespaceFacts> namespaces;
  runtime::Lister<injection::LimitRangeFacts> limit_ranges;
  runtime::Lister<injection::QuotaFacts> quotas;
};

// Decoders for the Stores behind the Listers.
Result<std::shared_ptr<const api::KeptRevision>> DecodeRevision(const nlohmann::json& object);
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
  using Generations = std::array<std::uint64_t, 7>;
  struct Moment;
  // A pattern in an earlier revision than that of its spec.
  struct Earlier {
    std::shared_ptr<const injection::LivePattern> live;
    std::shared_ptr<const api::KeptRevision> kept;  // null: it is not there
    std::shared_ptr<const injection::StoredPattern> served;
  };
  using EarlierPatterns = std::map<const injection::LivePattern*, Earlier>;
  struct Built {
    Generations generations = {};
    std::shared_ptr<const injection::PatternIndex> index;  // null: of no moment
    EarlierPatterns earlier;                               // in it
  };

  Moment Load() const;

  const PatternListers listers_;
  mutable Snapshot<Built> built_;
  mutable Mutex build_mutex_;  // one thread builds, the others wait for it
};

}  // namespace remora::webhook
