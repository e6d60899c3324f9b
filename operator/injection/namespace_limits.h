// NamespaceLimits: what a namespace's LimitRanges and ResourceQuotas ask of every container.
//
// Contract
//   - Of a LimitRange the items of type Container, with the defaults that the API server gives them:
//     `max` is a default limit, a default limit is a default request, and so is `min`. Items of
//     other types judge the whole Pod and are left to the API server.
//   - Of a ResourceQuota whether every container must name a request or a limit. One that is scoped
//     by priority class or by affinity is left to the API server.
//   - What cannot be read counts as absent: the API server has checked the objects.
// Thread-safety: immutable values.
// Errors: none.
//
// Example
//   auto range = LimitRangeFacts::FromObject(object);
//   for (const ResourceDefault& given : range.defaults) Fill(given.resource, given.limit);
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "operator/injection/quantity.h"

namespace remora::injection {

// A quantity as it was written, and what it is.
struct WrittenQuantity {
  std::string text;
  Quantity quantity;
};

struct ResourceDefault {
  std::string resource;  // "cpu", "memory", ...
  std::optional<WrittenQuantity> limit;
  std::optional<WrittenQuantity> request;
};

enum class LimitKind : std::uint8_t { kMinimum, kMaximum, kRatio };

struct ResourceLimit {
  LimitKind kind = LimitKind::kMinimum;
  std::string resource;
  WrittenQuantity value;
};

struct LimitRangeFacts {
  std::string namespace_name;
  std::string name;
  std::vector<ResourceDefault> defaults;  // one a resource, sorted
  std::vector<ResourceLimit> limits;

  static LimitRangeFacts FromObject(const nlohmann::json& object);
};

enum class DeadlineScope : std::uint8_t { kAny, kTerminating, kNotTerminating };

// A field of resources that every container must have.
struct DemandedField {
  bool is_limit = false;
  std::string resource;
};

struct QuotaFacts {
  std::string namespace_name;
  std::string name;
  std::vector<DemandedField> demands;
  DeadlineScope deadline = DeadlineScope::kAny;
  bool not_best_effort = false;  // only Pods that have any request or limit of cpu or memory

  static QuotaFacts FromObject(const nlohmann::json& object);
};

// In the order of their names.
struct NamespaceLimits {
  std::vector<std::shared_ptr<const LimitRangeFacts>> ranges;
  std::vector<std::shared_ptr<const QuotaFacts>> quotas;
};

}  // namespace remora::injection
