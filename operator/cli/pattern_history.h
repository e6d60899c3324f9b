// PatternHistory: a pattern of a cluster, and the revisions of it that are kept.
//
// Contract
//   - A ControllerRevision counts where it is the pattern's (its controller is the pattern, by kind,
//     name and UID) and its data hashes to its name. Any other is ignored, with a sentence; those of
//     a pattern of the same name and another kind, without one.
//   - What new Pods get is decided by injection::LivePattern, as in the webhook.
// Thread-safety: immutable once made.
// Errors: Invalid: not a pattern; a revision that is not kept, or of which there are several.
//   NotFound: none of an earlier time. One sentence each.
// Lifetime: what Choose() and Earlier() point to lives as long as the history.
//
// Example
//   auto history = PatternHistory::Make(object, controller_revisions);
//   auto chosen = history->Choose("b4x6");
//   if (!chosen.ok()) return chosen.error();  // "revision b4x6 is not kept; kept are ..."
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "operator/base/result.h"
#include "operator/injection/live_pattern.h"

namespace remora::cli {

struct PastRevision {
  std::int64_t number = 0;
  std::string revision;
  std::string created;  // RFC 3339
  nlohmann::json spec;  // what of it reaches Pods
  bool is_kept = true;  // false: the spec as it is, which no ControllerRevision keeps
};

class PatternHistory {
 public:
  static Result<PatternHistory> Make(nlohmann::json pattern,
                                     const std::vector<nlohmann::json>& controller_revisions);

  const nlohmann::json& pattern() const { return pattern_; }
  nlohmann::json spec() const { return pattern_.value("spec", nlohmann::json::object()); }
  const injection::LivePattern& live() const { return *live_; }
  std::string ToString() const;  // "Sidecar shop/saver"

  const std::string& spec_revision() const { return live_->revision; }
  std::string current() const;  // the last that was accepted; empty: none is known
  std::string pinned() const;   // empty: it is not

  const std::vector<PastRevision>& revisions() const { return revisions_; }  // the oldest first
  const std::vector<std::string>& ignored() const { return ignored_; }

  // Why the operator did not accept the spec as it is; empty where it did, or has not looked at it.
  std::string Complaint() const;
  // One sentence: which revision new Pods get, and why.
  std::string WhatNewPodsGet(std::string_view get = "get") const;

  const PastRevision* Find(std::string_view revision) const;
  // The revision that is called so, or the only one that begins so, with three characters or more.
  Result<const PastRevision*> Choose(std::string_view text) const;
  // What takes the last edit back: the current one where the spec is another, else the one before it.
  Result<const PastRevision*> Earlier() const;

 private:
  void Take(const nlohmann::json& controller_revision);
  std::string Kept() const;  // "; kept are a, b and c"

  nlohmann::json pattern_;
  std::shared_ptr<const injection::LivePattern> live_;
  std::vector<PastRevision> revisions_;
  std::vector<std::string> ignored_;
};

}  // namespace remora::cli
