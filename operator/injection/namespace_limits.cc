#include "operator/injection/namespace_limits.h"

#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

namespace remora::injection {

namespace {

using nlohmann::json;

const json& Member(const json& object, std::string_view key) {
  static const json kNone;
  if (!object.is_object()) return kNone;
  const auto found = object.find(key);
  return found == object.end() ? kNone : *found;
}

std::string TextOf(const json& value) {
  return value.is_string() ? value.get<std::string>() : std::string();
}

std::optional<WrittenQuantity> ReadQuantity(const json& value) {
  if (!value.is_string() && !value.is_number()) return std::nullopt;
  std::string text = value.is_string() ? value.get<std::string>() : value.dump();
  const auto quantity = Quantity::Parse(text);
  if (!quantity) return std::nullopt;
  return WrittenQuantity{std::move(text), *quantity};
}

using Quantities = std::map<std::string, WrittenQuantity>;

Quantities ReadQuantities(const json& object) {
  Quantities quantities;
  if (!object.is_object()) return quantities;
  for (const auto& item : object.items()) {
    if (auto quantity = ReadQuantity(item.value())) quantities.emplace(item.key(), *quantity);
  }
  return quantities;
}

void ReadItem(const json& item, std::map<std::string, ResourceDefault>& defaults,
              std::vector<ResourceLimit>& limits) {
  const Quantities minimum = ReadQuantities(Member(item, "min"));
  const Quantities maximum = ReadQuantities(Member(item, "max"));
  Quantities limit = ReadQuantities(Member(item, "default"));
  Quantities request = ReadQuantities(Member(item, "defaultRequest"));
  // As the API server completes an item; insert() keeps what is there.
  limit.insert(maximum.begin(), maximum.end());
  request.insert(limit.begin(), limit.end());
  request.insert(minimum.begin(), minimum.end());
  for (const auto& [resource, value] : limit) defaults[resource].limit = value;
  for (const auto& [resource, value] : request) defaults[resource].request = value;
  const std::array<std::pair<LimitKind, Quantities>, 3> kinds = {
      {{LimitKind::kMinimum, minimum},
       {LimitKind::kMaximum, maximum},
       {LimitKind::kRatio, ReadQuantities(Member(item, "maxLimitRequestRatio"))}}};
  for (const auto& [kind, quantities] : kinds) {
    for (const auto& [resource, value] : quantities) limits.push_back({kind, resource, value});
  }
}

// Whether the quota's scopes are ones that can be foretold.
bool ReadScope(std::string_view scope, QuotaFacts& facts) {
  if (scope == "Terminating") {
    facts.deadline = DeadlineScope::kTerminating;
  } else if (scope == "NotTerminating") {
    facts.deadline = DeadlineScope::kNotTerminating;
  } else if (scope == "NotBestEffort") {
    facts.not_best_effort = true;
  } else {
    return false;
  }
  return true;
}

bool ReadScopes(const json& spec, QuotaFacts& facts) {
  const json& scopes = Member(spec, "scopes");
  for (std::size_t i = 0; scopes.is_array() && i < scopes.size(); ++i) {
    if (!ReadScope(TextOf(scopes[i]), facts)) return false;
  }
  const json& expressions = Member(Member(spec, "scopeSelector"), "matchExpressions");
  for (std::size_t i = 0; expressions.is_array() && i < expressions.size(); ++i) {
    if (!ReadScope(TextOf(Member(expressions[i], "scopeName")), facts)) return false;
  }
  return true;
}

}  // namespace

LimitRangeFacts LimitRangeFacts::FromObject(const json& object) {
  LimitRangeFacts facts;
  facts.namespace_name = TextOf(Member(Member(object, "metadata"), "namespace"));
  facts.name = TextOf(Member(Member(object, "metadata"), "name"));
  std::map<std::string, ResourceDefault> defaults;
  const json& items = Member(Member(object, "spec"), "limits");
  for (std::size_t i = 0; items.is_array() && i < items.size(); ++i) {
    if (Member(items[i], "type") == "Container") ReadItem(items[i], defaults, facts.limits);
  }
  for (auto& [resource, given] : defaults) {
    given.resource = resource;
    facts.defaults.push_back(std::move(given));
  }
  return facts;
}

QuotaFacts QuotaFacts::FromObject(const json& object) {
  QuotaFacts facts;
  facts.namespace_name = TextOf(Member(Member(object, "metadata"), "namespace"));
  facts.name = TextOf(Member(Member(object, "metadata"), "name"));
  const json& spec = Member(object, "spec");
  if (!ReadScopes(spec, facts)) return facts;
  struct Key {
    std::string_view name;
    bool is_limit;
    std::string_view resource;
  };
  constexpr std::array<Key, 6> kKeys = {{{"cpu", false, "cpu"},
                                         {"requests.cpu", false, "cpu"},
                                         {"memory", false, "memory"},
                                         {"requests.memory", false, "memory"},
                                         {"limits.cpu", true, "cpu"},
                                         {"limits.memory", true, "memory"}}};
  for (const Key& key : kKeys) {
    if (Member(Member(spec, "hard"), key.name).is_null()) continue;
    facts.demands.push_back({key.is_limit, std::string(key.resource)});
  }
  return facts;
}

}  // namespace remora::injection
