#include "webhook/lister_pattern_source.h"

#include <utility>

namespace remora::webhook {

namespace {

using api::KeptRevision;
using injection::LimitRangeFacts;
using injection::LivePattern;
using injection::NamespaceFacts;
using injection::PatternIndex;
using injection::QuotaFacts;

template <typename T>
using ContentsPointer = std::shared_ptr<const runtime::Contents<T>>;

// Those of a pattern that are kept.
std::vector<std::string> KnownRevisions(const runtime::Contents<KeptRevision>& revisions,
                                        const LivePattern& live) {
  std::vector<std::string> known;
  for (const auto& entry : revisions.entries) {
    if (entry->value && entry->value->owner == live.identity)
      known.push_back(entry->value->revision);
  }
  return known;
}

std::shared_ptr<const KeptRevision> FindKept(const runtime::Contents<KeptRevision>& revisions,
                                             const LivePattern& live) {
  const auto entry = revisions.Find({live.identity.namespace_name, live.KeptName()});
  return entry && entry->value && live.Takes(*entry->value) ? entry->value : nullptr;
}

}  // namespace

Result<std::shared_ptr<const KeptRevision>> DecodeRevision(const nlohmann::json& object) {
  auto kept = api::ReadKeptRevision(object);
  if (!kept.ok()) return kept.error();
  return std::make_shared<const KeptRevision>(*std::move(kept));
}

Result<std::shared_ptr<const NamespaceFacts>> DecodeNamespace(const nlohmann::json& object) {
  return std::make_shared<const NamespaceFacts>(NamespaceFacts::FromObject(object));
}

Result<std::shared_ptr<const LimitRangeFacts>> DecodeLimitRange(const nlohmann::json& object) {
  return std::make_shared<const LimitRangeFacts>(LimitRangeFacts::FromObject(object));
}

Result<std::shared_ptr<const QuotaFacts>> DecodeQuota(const nlohmann::json& object) {
  return std::make_shared<const QuotaFacts>(QuotaFacts::FromObject(object));
}

// The caches as they are now.
struct ListerPatternSource::Moment {
  ContentsPointer<LivePattern> ambassadors;
  ContentsPointer<LivePattern> sidecars;
  ContentsPointer<LivePattern> adapters;
  ContentsPointer<KeptRevision> revisions;
  ContentsPointer<NamespaceFacts> namespaces;
  ContentsPointer<LimitRangeFacts> limit_ranges;
  ContentsPointer<QuotaFacts> quotas;

  Generations generations() const {
    return {ambassadors->generation, sidecars->generation,   adapters->generation,
            revisions->generation,   namespaces->generation, limit_ranges->generation,
            quotas->generation};
  }

  bool synced() const {
    return ambassadors->synced && sidecars->synced && adapters->synced && revisions->synced &&
           namespaces->synced && limit_ranges->synced && quotas->synced;
  }

  // As `before` had it, if it still is what it was made of.
  Earlier MakeEarlier(const std::shared_ptr<const LivePattern>& live,
                      const EarlierPatterns& before) const {
    Earlier earlier{.live = live, .kept = FindKept(*revisions, *live), .served = nullptr};
    const auto known = before.find(live.get());
    if (known != before.end() && earlier.kept && known->second.kept == earlier.kept) {
      return known->second;
    }
    earlier.served =
        ServePattern(*live, earlier.kept.get(),
                     earlier.kept ? std::vector<std::string>() : KnownRevisions(*revisions, *live));
    return earlier;
  }

  std::shared_ptr<const PatternIndex> MakeIndex(const EarlierPatterns& before,
                                                EarlierPatterns& earlier) const {
    PatternIndex::Builder builder;
    for (const auto& contents : {ambassadors, sidecars, adapters}) {
      for (const auto& entry : contents->entries) {
        const auto& live = entry->value;
        if (!live) continue;
        if (live->NeedsKept()) {
          builder.Add((earlier[live.get()] = MakeEarlier(live, before)).served);
        } else {
          builder.Add(ServePattern(*live, nullptr, {}));
        }
      }
    }
    for (const auto& entry : namespaces->entries) {
      if (entry->value) builder.AddNamespace(entry->value);
    }
    for (const auto& entry : limit_ranges->entries) builder.AddLimitRange(entry->value);
    for (const auto& entry : quotas->entries) builder.AddResourceQuota(entry->value);
    return std::move(builder).Build();
  }
};

ListerPatternSource::ListerPatternSource(PatternListers listers)
    : listers_(std::move(listers)), built_(std::make_shared<const Built>()) {}

ListerPatternSource::Moment ListerPatternSource::Load() const {
  return {listers_.ambassadors.Load(), listers_.sidecars.Load(),   listers_.adapters.Load(),
          listers_.revisions.Load(),   listers_.namespaces.Load(), listers_.limit_ranges.Load(),
          listers_.quotas.Load()};
}

std::shared_ptr<const PatternIndex> ListerPatternSource::Current() const {
  const auto is_current = [](const Built& built, const Moment& moment) {
    return built.index != nullptr && built.generations == moment.generations();
  };
  {
    const Moment moment = Load();
    if (!moment.synced()) return nullptr;
    const auto built = built_.Load();
    if (is_current(*built, moment)) return built->index;
  }
  MutexLock lock(build_mutex_);
  const Moment moment = Load();  // while we waited, it may have been built, or changed again
  const auto built = built_.Load();
  if (is_current(*built, moment)) return built->index;
  auto next = std::make_shared<Built>();
  next->generations = moment.generations();
  next->index = moment.MakeIndex(built->earlier, next->earlier);
  built_.Publish(next);
  return next->index;
}

std::string ListerPatternSource::Missing() const {
  const Moment moment = Load();
  std::string missing;
  const auto note = [&missing](bool synced, const char* name) {
    if (!synced) missing.append(missing.empty() ? "" : ", ").append(name);
  };
  note(moment.ambassadors->synced, "ambassadors");
  note(moment.sidecars->synced, "sidecars");
  note(moment.adapters->synced, "adapters");
  note(moment.revisions->synced, "controllerrevisions");
  note(moment.namespaces->synced, "namespaces");
  note(moment.limit_ranges->synced, "limitranges");
  note(moment.quotas->synced, "resourcequotas");
  return missing;
}

}  // namespace remora::webhook
