// PatternIndex: all patterns and Namespaces at one moment, made for look-up.
//
// Contract
//   - Immutable. A change makes a new index that shares every compiled pattern with the old one.
//   - A stored pattern that cannot be compiled is in the index with its complaint; it is out of
//     service alone.
// Thread-safety: immutable.
//
// Example
//   PatternIndex::Builder builder;
//   builder.Add(StoredPattern::FromObject(json));
//   builder.AddNamespace({.name = "shop"});
//   std::shared_ptr<const PatternIndex> index = std::move(builder).Build();
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "operator/api/pattern.h"
#include "operator/api/reason.h"
#include "operator/base/result.h"
#include "operator/injection/namespace_limits.h"

namespace remora::injection {

class CompiledPattern;

// One pattern object as the API server holds it.
struct StoredPattern {
  api::PatternKind kind;
  std::string namespace_name;
  std::string name;
  std::shared_ptr<const CompiledPattern> compiled;  // null: it cannot be used, or was not read
  // Why no Pod gets it; `complaint` says it in words. PatternNotAccepted; RevisionNotFound: compiled
  // is what it says besides of whom it admits and how; DeadlineExceeded: the API server was asked and
  // did not answer.
  std::optional<api::Reason> refusal;
  std::string complaint;

  // Reads and compiles an object (apiVersion, kind, metadata, spec). Null when it is not of a
  // pattern kind or has no name: then there is nothing to look up.
  static std::shared_ptr<const StoredPattern> FromObject(const nlohmann::json& object);
};

// What Pod Security Admission enforces.
enum class PodSecurityLevel : std::uint8_t { kPrivileged, kBaseline, kRestricted };

struct NamespaceFacts {
  std::string name;
  std::map<std::string, std::string, std::less<>> labels;
  std::map<std::string, std::string, std::less<>> annotations;
  PodSecurityLevel pod_security = PodSecurityLevel::kPrivileged;  // by its label

  static NamespaceFacts FromObject(const nlohmann::json& object);
};

class PatternIndex {
 public:
  class Builder;

  // Null when there is none.
  const StoredPattern* Find(api::PatternKind kind, std::string_view namespace_name,
                            std::string_view name) const;
  const NamespaceFacts* FindNamespace(std::string_view name) const;
  // Null where no LimitRange and no quota is known.
  const NamespaceLimits* FindLimits(std::string_view namespace_name) const;
  const std::vector<std::shared_ptr<const StoredPattern>>& all() const { return patterns_; }
  // Those of a namespace that have a selector, in the order of kind and name.
  std::span<const StoredPattern* const> Automatic(std::string_view namespace_name) const;

 private:
  struct Key {
    api::PatternKind kind;
    std::string_view namespace_name;
    std::string_view name;
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const;
  };

  std::vector<std::shared_ptr<const StoredPattern>> patterns_;  // own the keys' characters
  std::unordered_map<Key, const StoredPattern*, KeyHash> by_key_;
  std::map<std::string, std::vector<const StoredPattern*>, std::less<>> automatic_;
  std::map<std::string, std::shared_ptr<const NamespaceFacts>, std::less<>> namespaces_;
  std::map<std::string, NamespaceLimits, std::less<>> limits_;
};

class PatternIndex::Builder {
 public:
  Builder() = default;
  // Begins with all that is in `base`.
  explicit Builder(const PatternIndex& base);
  void Add(std::shared_ptr<const StoredPattern> pattern);  // null is passed over
  void AddNamespace(NamespaceFacts facts);
  void AddNamespace(std::shared_ptr<const NamespaceFacts> facts);
  // Null, and one without a name, is passed over.
  void AddLimitRange(std::shared_ptr<const LimitRangeFacts> facts);
  void AddResourceQuota(std::shared_ptr<const QuotaFacts> facts);
  // The last of two with the same kind, namespace and name counts.
  std::shared_ptr<const PatternIndex> Build() &&;

 private:
  std::unique_ptr<PatternIndex> index_ = std::make_unique<PatternIndex>();
};

}  // namespace remora::injection
