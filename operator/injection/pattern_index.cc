#include "operator/injection/pattern_index.h"

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>
#include <tuple>

#include "operator/injection/compiled_pattern.h"

namespace remora::injection {

namespace {

std::string TextAt(const nlohmann::json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

void CopyStrings(const nlohmann::json& from, std::map<std::string, std::string, std::less<>>& to) {
  if (!from.is_object()) return;
  for (const auto& item : from.items()) {
    if (item.value().is_string()) to[item.key()] = item.value().get<std::string>();
  }
}

// What Kubernetes does not know counts as the strictest there.
PodSecurityLevel LevelOf(const NamespaceFacts& facts) {
  const auto label = facts.labels.find("pod-security.kubernetes.io/enforce");
  if (label == facts.labels.end() || label->second == "privileged") {
    return PodSecurityLevel::kPrivileged;
  }
  return label->second == "baseline" ? PodSecurityLevel::kBaseline : PodSecurityLevel::kRestricted;
}

// In the order of the names, so that the order of loading changes nothing.
template <typename Facts>
void Insert(std::shared_ptr<const Facts> facts, std::vector<std::shared_ptr<const Facts>>& list) {
  const auto at = std::lower_bound(list.begin(), list.end(), facts,
                                   [](const auto& a, const auto& b) { return a->name < b->name; });
  if (at != list.end() && (*at)->name == facts->name) {
    *at = std::move(facts);
  } else {
    list.insert(at, std::move(facts));
  }
}

}  // namespace

std::shared_ptr<const StoredPattern> StoredPattern::FromObject(const nlohmann::json& object) {
  if (!object.is_object()) return nullptr;
  const auto kind = api::ParsePatternKind(TextAt(object, "kind"));
  const auto metadata = object.find("metadata");
  if (!kind || metadata == object.end() || !metadata->is_object()) return nullptr;
  auto stored = std::make_shared<StoredPattern>();
  stored->kind = *kind;
  stored->name = TextAt(*metadata, "name");
  stored->namespace_name = TextAt(*metadata, "namespace");
  if (stored->name.empty()) return nullptr;
  const auto refuse = [&](const Error& error) {
    stored->refusal = api::Reason::kPatternNotAccepted;
    stored->complaint = error.message();
    return stored;
  };
  auto decoded = api::DecodePattern(object);
  if (!decoded.ok()) return refuse(decoded.error());
  auto compiled = CompiledPattern::Compile(std::move(*decoded));
  if (!compiled.ok()) return refuse(compiled.error());
  stored->compiled = std::move(*compiled);
  return stored;
}

NamespaceFacts NamespaceFacts::FromObject(const nlohmann::json& object) {
  NamespaceFacts facts;
  const auto metadata = object.find("metadata");
  if (metadata == object.end() || !metadata->is_object()) return facts;
  facts.name = TextAt(*metadata, "name");
  CopyStrings(metadata->value("labels", nlohmann::json()), facts.labels);
  CopyStrings(metadata->value("annotations", nlohmann::json()), facts.annotations);
  facts.pod_security = LevelOf(facts);
  return facts;
}

std::size_t PatternIndex::KeyHash::operator()(const Key& key) const {
  const std::hash<std::string_view> hash;
  constexpr std::size_t kMix = 0x9E3779B97F4A7C15;
  return (hash(key.name) * kMix ^ hash(key.namespace_name)) * kMix ^
         static_cast<std::size_t>(key.kind);
}

const StoredPattern* PatternIndex::Find(api::PatternKind kind, std::string_view namespace_name,
                                        std::string_view name) const {
  const auto found = by_key_.find(Key{kind, namespace_name, name});
  return found == by_key_.end() ? nullptr : found->second;
}

std::span<const StoredPattern* const> PatternIndex::Automatic(
    std::string_view namespace_name) const {
  const auto found = automatic_.find(namespace_name);
  if (found == automatic_.end()) return {};
  return found->second;
}

const NamespaceFacts* PatternIndex::FindNamespace(std::string_view name) const {
  const auto found = namespaces_.find(name);
  return found == namespaces_.end() ? nullptr : found->second.get();
}

const NamespaceLimits* PatternIndex::FindLimits(std::string_view namespace_name) const {
  const auto found = limits_.find(namespace_name);
  return found == limits_.end() ? nullptr : &found->second;
}

PatternIndex::Builder::Builder(const PatternIndex& base)
    : index_(std::make_unique<PatternIndex>(base)) {
  index_->automatic_.clear();  // Build() makes it
}

void PatternIndex::Builder::Add(std::shared_ptr<const StoredPattern> pattern) {
  if (!pattern) return;
  const Key key{pattern->kind, pattern->namespace_name, pattern->name};
  // The key's characters belong to the pattern it leads to.
  index_->by_key_.erase(key);
  index_->by_key_.emplace(key, pattern.get());
  index_->patterns_.push_back(std::move(pattern));
}

void PatternIndex::Builder::AddNamespace(NamespaceFacts facts) {
  AddNamespace(std::make_shared<const NamespaceFacts>(std::move(facts)));
}

void PatternIndex::Builder::AddNamespace(std::shared_ptr<const NamespaceFacts> facts) {
  if (!facts || facts->name.empty()) return;
  std::string name = facts->name;
  index_->namespaces_.insert_or_assign(std::move(name), std::move(facts));
}

void PatternIndex::Builder::AddLimitRange(std::shared_ptr<const LimitRangeFacts> facts) {
  if (!facts || facts->name.empty()) return;
  auto& list = index_->limits_[facts->namespace_name].ranges;
  Insert(std::move(facts), list);
}

void PatternIndex::Builder::AddResourceQuota(std::shared_ptr<const QuotaFacts> facts) {
  if (!facts || facts->name.empty()) return;
  auto& list = index_->limits_[facts->namespace_name].quotas;
  Insert(std::move(facts), list);
}

std::shared_ptr<const PatternIndex> PatternIndex::Builder::Build() && {
  for (const auto& [key, stored] : index_->by_key_) {
    if (!stored->compiled || !stored->compiled->spec().selector) continue;
    index_->automatic_[stored->namespace_name].push_back(stored);
  }
  for (auto& [name, list] : index_->automatic_) {
    std::sort(list.begin(), list.end(), [](const StoredPattern* a, const StoredPattern* b) {
      return std::tie(a->kind, a->name) < std::tie(b->kind, b->name);
    });
  }
  return std::shared_ptr<const PatternIndex>(std::move(index_));
}

}  // namespace remora::injection
