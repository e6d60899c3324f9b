#include "webhook/lister_pattern_source.h"

#include <utility>

namespace remora::webhook {

namespace {

using injection::LimitRangeFacts;
using injection::NamespaceFacts;
using injection::PatternIndex;
using injection::QuotaFacts;
using injection::StoredPattern;

template <typename T>
using ContentsPointer = std::shared_ptr<const runtime::Contents<T>>;

void AddPatterns(const runtime::Contents<StoredPattern>& contents, PatternIndex::Builder& builder) {
  for (const auto& entry : contents.entries) builder.Add(entry->value);
}

}  // namespace

Result<std::shared_ptr<const StoredPattern>> DecodePattern(const nlohmann::json& object) {
  return StoredPattern::FromObject(object);
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
  ContentsPointer<StoredPattern> ambassadors;
  ContentsPointer<StoredPattern> sidecars;
  ContentsPointer<StoredPattern> adapters;
  ContentsPointer<NamespaceFacts> namespaces;
  ContentsPointer<LimitRangeFacts> limit_ranges;
  ContentsPointer<QuotaFacts> quotas;

  Generations generations() const {
    return {ambassadors->generation, sidecars->generation,     adapters->generation,
            namespaces->generation,  limit_ranges->generation, quotas->generation};
  }

  bool synced() const {
    return ambassadors->synced && sidecars->synced && adapters->synced && namespaces->synced &&
           limit_ranges->synced && quotas->synced;
  }

  std::shared_ptr<const PatternIndex> MakeIndex() const {
    PatternIndex::Builder builder;
    AddPatterns(*ambassadors, builder);
    AddPatterns(*sidecars, builder);
    AddPatterns(*adapters, builder);
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
  return {listers_.ambassadors.Load(), listers_.sidecars.Load(),     listers_.adapters.Load(),
          listers_.namespaces.Load(),  listers_.limit_ranges.Load(), listers_.quotas.Load()};
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
  auto next = std::make_shared<const Built>(Built{moment.generations(), moment.MakeIndex()});
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
  note(moment.namespaces->synced, "namespaces");
  note(moment.limit_ranges->synced, "limitranges");
  note(moment.quotas->synced, "resourcequotas");
  return missing;
}

}  // namespace remora::webhook
