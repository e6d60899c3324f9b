// Match: a Pod's annotations → which patterns, found where.
//
// Contract
//   - A key or a list that cannot be read is Plan::refusal: the Pod is denied whatever onError says.
//   - Candidates come out in the order of decision: kind, namespace, name.
// Thread-safety: owner thread only.
#pragma once

#include <memory_resource>
#include <vector>

#include "operator/injection/candidate.h"
#include "operator/injection/injector.h"
#include "operator/injection/pattern_index.h"
#include "operator/injection/record.h"

namespace remora::injection {

// The inputs and memory of one call, handed from room to room.
struct Context {
  const Request& request;
  const PatternIndex& patterns;
  const Environment& environment;
  Arena& arena;
  const NamespaceFacts* namespace_facts;  // null: unknown
  PodFacts& pod;
  PreviousRecord& previous;
  Plan& plan;
  std::pmr::vector<Candidate>& candidates;
  JsonDocument& scratch;  // for what a pattern has rendered; anybody's, until the next use

  // A sentence built in the arena from its parts.
  std::string_view Text(std::initializer_list<std::string_view> parts) const;
  std::string_view Text(std::int64_t number) const;
};

void MatchPatterns(Context& context);

// A piece of user text as shown in a sentence: short, and without what would break the line.
std::string_view Shown(const Context& context, std::string_view text);

}  // namespace remora::injection
