// Order: where each init container of a pattern stands among the Pod's own.
//
// Nodes are the Pod's init containers and each pattern's chain: its init containers, its companion
// where that is native, its wait container. The result is the topological order that always takes
// the smallest ready node, so that it depends on nothing but the Pod and its patterns.
#include <algorithm>
#include <tuple>

#include "operator/injection/concerns/concerns.h"
#include "operator/injection/record.h"

namespace remora::injection {

namespace {

using api::Reason;

enum class Zone : std::uint8_t { kBeforeInit, kPod, kAfterInit };

// How many init containers the candidate brings.
std::size_t ChainLength(const Context& context, const Candidate& candidate) {
  const CompiledPattern& pattern = *candidate.pattern;
  const bool native = pattern.companion && IsNative(context, candidate);
  return pattern.init_containers.size() + (native ? 1 : 0) +
         (NeedsWait(context, candidate) ? 1 : 0);
}

bool IsPlaced(const Candidate& candidate) {
  return candidate.pattern != nullptr && !candidate.Refused() && !candidate.bypassed;
}

std::uint32_t LeadingForeign(const PodFacts& pod) {
  std::uint32_t count = 0;
  while (count < pod.init_containers.size() && pod.init_containers[count].foreign) ++count;
  return count;
}

// The pattern that has brought an init container of the Pod in an earlier call; empty: none.
std::string_view BroughtBy(const Context& context, const ContainerFacts& container) {
  Operation added;
  added.list = List::kInitContainers;
  added.key = container.name;
  std::pmr::string pointer(&context.arena);
  AppendPointer(added, pointer);
  for (const RecordedPath& path : context.previous.added()) {
    if (path.pointer == pointer) return context.previous.patterns[path.pattern].name;
  }
  return {};
}

std::optional<std::uint32_t> IndexInPod(const Context& context, std::string_view name) {
  for (const ContainerFacts& container : context.pod.init_containers) {
    if (container.name == name) return container.index;
  }
  return std::nullopt;
}

// The name of a container of the chain.
std::string_view ChainName(const Context& context, const Candidate& candidate, std::size_t index) {
  const CompiledPattern& pattern = *candidate.pattern;
  if (index < pattern.init_containers.size()) return pattern.init_containers[index].name;
  const bool companion =
      pattern.companion && IsNative(context, candidate) && index == pattern.init_containers.size();
  return companion ? candidate.name : context.Text({candidate.name, "--wait"});
}

// What an earlier call has added and is still there keeps its place; the rest of the chain goes
// around it, so that nothing waits for what starts after it.
void GoAroundLeftovers(const Context& context, Candidate& candidate) {
  if (candidate.recorded < 0) return;
  auto& places = candidate.places;
  auto latest = static_cast<std::uint32_t>(context.pod.init_containers.size());
  for (std::size_t i = places.size(); i-- > 0;) {
    const auto there = IndexInPod(context, ChainName(context, candidate, i));
    if (there) latest = std::min(latest, *there);
    places[i].slot = std::min(places[i].slot, latest);
  }
  std::uint32_t earliest = 0;
  for (std::size_t i = 0; i < places.size(); ++i) {
    places[i].slot = std::max(places[i].slot, earliest);
    if (const auto there = IndexInPod(context, ChainName(context, candidate, i))) {
      earliest = *there + 1;
    }
  }
}

// Without before and after there is nothing to search: two groups, each in the order of decision.
void PlaceByZone(Context& context) {
  std::uint32_t rank = 0;
  for (const bool before : {true, false}) {
    const std::uint32_t slot = before
                                   ? LeadingForeign(context.pod)
                                   : static_cast<std::uint32_t>(context.pod.init_containers.size());
    for (Candidate& candidate : context.candidates) {
      if (!IsPlaced(candidate) || IsBeforeInit(candidate) != before) continue;
      const std::size_t length = ChainLength(context, candidate);
      for (std::size_t i = 0; i < length; ++i) candidate.places.push_back({slot, rank++});
    }
  }
}

// The wishes of a pattern that is in the Pod already; null where there are none.
const api::Placement* PlacementOfBrought(const Context& context, const Candidate& candidate) {
  if (!candidate.already_injected) return nullptr;
  const StoredPattern* stored =
      context.patterns.Find(candidate.kind, candidate.namespace_name, candidate.name);
  return stored != nullptr && stored->compiled ? &stored->compiled->spec().placement : nullptr;
}

bool HasWishes(const api::Placement& placement) {
  return !placement.before.empty() || !placement.after.empty();
}

bool IsNamed(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

struct Node {
  Zone zone = Zone::kPod;
  std::size_t major = 0;  // number of the candidate, or of the Pod's init container
  std::size_t minor = 0;  // in the chain
  std::string_view name;  // of the container of the Pod, or of the pattern that brought it
  bool brought = false;   // by an earlier call: it binds as its pattern does
  bool done = false;
};

struct Edge {
  std::size_t from = 0;
  std::size_t to = 0;
};

// The nodes of one candidate: first to last.
struct Chain {
  std::size_t candidate = 0;
  std::size_t first = 0;
  std::size_t last = 0;
};

class Graph {
 public:
  explicit Graph(Context& context)
      : context_(context),
        nodes_(&context.arena),
        edges_(&context.arena),
        chains_(&context.arena),
        order_(&context.arena) {
    const auto& init = context.pod.init_containers;
    for (std::size_t i = 0; i < init.size(); ++i) {
      const std::string_view pattern = BroughtBy(context, init[i]);
      nodes_.push_back(
          {Zone::kPod, i, 0, pattern.empty() ? init[i].name : pattern, !pattern.empty()});
      if (i > 0) edges_.push_back({i - 1, i});
    }
  }

  void Add(std::size_t candidate, std::size_t length) {
    const Candidate& added = context_.candidates[candidate];
    const std::size_t first = nodes_.size();
    for (std::size_t i = 0; i < length; ++i) {
      nodes_.push_back(
          {IsBeforeInit(added) ? Zone::kBeforeInit : Zone::kAfterInit, candidate, i, added.name});
      if (i > 0) edges_.push_back({first + i - 1, first + i});
    }
    chains_.push_back({candidate, first, first + length - 1});
    // Its own wishes, and those of the earlier ones that name it.
    AddWishes(chains_.back(), chains_.size());
    for (std::size_t i = 0; i + 1 < chains_.size(); ++i) AddWishesFor(chains_[i], chains_.back());
    AddWishesOfBrought(chains_.back());
  }

  void RemoveLast() {
    const std::size_t first = chains_.back().first;
    chains_.pop_back();
    nodes_.resize(first);
    edges_.erase(std::remove_if(edges_.begin(), edges_.end(),
                                [&](const Edge& e) { return e.from >= first || e.to >= first; }),
                 edges_.end());
  }

  // Whether all nodes could be ordered.
  bool Sort() {
    order_.clear();
    for (Node& node : nodes_) node.done = false;
    while (order_.size() < nodes_.size()) {
      std::size_t best = nodes_.size();
      for (std::size_t i = 0; i < nodes_.size(); ++i) {
        if (nodes_[i].done || !IsReady(i)) continue;
        if (best == nodes_.size() || KeyOf(i) < KeyOf(best)) best = i;
      }
      if (best == nodes_.size()) return false;
      nodes_[best].done = true;
      order_.push_back(best);
    }
    return true;
  }

  // After a Sort() that failed: "redis -> migrate -> redis".
  std::string_view Cycle() const {
    std::size_t at = 0;
    while (nodes_[at].done) ++at;
    // Every node that is left has a predecessor that is left: going back enters a circle.
    for (std::size_t i = 0; i < nodes_.size(); ++i) at = OpenPredecessor(at);
    // It leads through what was added last, since all was well before.
    while (at < chains_.back().first) at = OpenPredecessor(at);
    std::pmr::vector<std::string_view> names(&context_.arena);
    const std::size_t start = at;
    do {
      if (names.empty() || names.back() != nodes_[at].name) names.push_back(nodes_[at].name);
      at = OpenPredecessor(at);
    } while (at != start);
    if (names.size() > 1 && names.front() == names.back()) names.pop_back();
    names.push_back(names.front());
    std::string_view text;
    // NOLINTNEXTLINE(modernize-loop-convert): clang 14 rejects range views
    for (auto name = names.rbegin(); name != names.rend(); ++name) {
      text = text.empty() ? *name : context_.Text({text, " -> ", *name});
    }
    return text;
  }

  // After a Sort() that succeeded.
  void FillPlaces() {
    std::uint32_t slot = 0;
    std::uint32_t rank = 0;
    for (const std::size_t index : order_) {
      const Node& node = nodes_[index];
      if (node.zone == Zone::kPod) {
        ++slot;
      } else {
        context_.candidates[node.major].places.push_back({slot, rank++});
      }
    }
  }

 private:
  std::tuple<Zone, std::size_t, std::size_t> KeyOf(std::size_t index) const {
    const Node& node = nodes_[index];
    return {node.zone, node.major, node.minor};
  }

  bool IsReady(std::size_t index) const {
    return std::none_of(edges_.begin(), edges_.end(),
                        [&](const Edge& e) { return e.to == index && !nodes_[e.from].done; });
  }

  std::size_t OpenPredecessor(std::size_t index) const {
    for (const Edge& edge : edges_) {
      if (edge.to == index && !nodes_[edge.from].done) return edge.from;
    }
    return index;
  }

  const api::Placement& PlacementOf(const Chain& chain) const {
    return context_.candidates[chain.candidate].pattern->spec().placement;
  }

  // Edges to the Pod's containers and to the chains before `limit`; without one to a container of
  // the Pod, those of its position.
  void AddWishes(const Chain& chain, std::size_t limit) {
    bool bound = false;
    for (const std::string& name : PlacementOf(chain).before) {
      if (const auto pod = FirstPodNode(name)) {
        edges_.push_back({chain.last, *pod});
        bound = bound || !nodes_[*pod].brought;
      }
    }
    for (const std::string& name : PlacementOf(chain).after) {
      if (const auto pod = LastPodNode(name)) {
        edges_.push_back({*pod, chain.first});
        bound = bound || !nodes_[*pod].brought;
      }
    }
    for (std::size_t i = 0; i < limit; ++i) AddWishesFor(chain, chains_[i]);
    if (!bound) AddPosition(chain);
  }

  void AddWishesFor(const Chain& chain, const Chain& other) {
    const std::string_view name = context_.candidates[other.candidate].name;
    if (other.candidate == chain.candidate) return;
    const auto& [mode, position, before, after] = PlacementOf(chain);
    if (IsNamed(before, name)) edges_.push_back({chain.last, other.first});
    if (IsNamed(after, name)) edges_.push_back({other.last, chain.first});
  }

  // They bind the second call as they have bound the first.
  void AddWishesOfBrought(const Chain& chain) {
    const std::string_view name = context_.candidates[chain.candidate].name;
    for (const Candidate& brought : context_.candidates) {
      const api::Placement* const wishes = PlacementOfBrought(context_, brought);
      const auto first = wishes == nullptr ? std::nullopt : FirstPodNode(brought.name);
      if (!first) continue;
      if (IsNamed(wishes->before, name)) {
        edges_.push_back({*LastPodNode(brought.name), chain.first});
      }
      if (IsNamed(wishes->after, name)) edges_.push_back({chain.last, *first});
    }
  }

  // Among the Pod's own: what earlier calls have brought is no part of it.
  void AddPosition(const Chain& chain) {
    const std::size_t count = context_.pod.init_containers.size();
    const std::size_t foreign = LeadingForeign(context_.pod);
    const bool early = IsBeforeInit(context_.candidates[chain.candidate]);
    std::size_t before = early ? foreign : count;
    while (before > 0 && nodes_[before - 1].brought) --before;
    if (before > 0) edges_.push_back({before - 1, chain.first});
    if (early && foreign < count) edges_.push_back({chain.last, foreign});
  }

  std::optional<std::size_t> FirstPodNode(std::string_view name) const {
    for (std::size_t i = 0; i < context_.pod.init_containers.size(); ++i) {
      if (nodes_[i].name == name) return i;
    }
    return std::nullopt;
  }

  std::optional<std::size_t> LastPodNode(std::string_view name) const {
    for (std::size_t i = context_.pod.init_containers.size(); i-- > 0;) {
      if (nodes_[i].name == name) return i;
    }
    return std::nullopt;
  }

  Context& context_;
  std::pmr::vector<Node> nodes_;  // the Pod's first
  std::pmr::vector<Edge> edges_;
  std::pmr::vector<Chain> chains_;
  std::pmr::vector<std::size_t> order_;
};

// Candidates are added in the order of decision: of two that clash, the earlier stays.
void PlaceByGraph(Context& context) {
  Graph graph(context);
  for (std::size_t i = 0; i < context.candidates.size(); ++i) {
    Candidate& candidate = context.candidates[i];
    if (!IsPlaced(candidate)) continue;
    const std::size_t length = ChainLength(context, candidate);
    if (length == 0) continue;
    graph.Add(i, length);
    if (graph.Sort()) continue;
    Refuse(candidate, Reason::kOrderCycle,
           Sentence(context, candidate,
                    {" cannot be placed: each of ", graph.Cycle(),
                     " is to start before the next; change spec.placement"}));
    graph.RemoveLast();
  }
  graph.Sort();
  graph.FillPlaces();
}

}  // namespace

bool IsBeforeInit(const Candidate& candidate) {
  const auto& position = candidate.pattern->spec().placement.position;
  if (position) return *position == api::PlacementPosition::kBeforeInit;
  return candidate.kind == api::PatternKind::kAmbassador;
}

// An init container that keeps running. An Adapter waits for its target and so is a regular
// container, but where that would keep a Pod from ending.
bool IsNative(const Context& context, const Candidate& candidate) {
  const auto& mode = candidate.pattern->spec().placement.mode;
  if (mode) return *mode == api::PlacementMode::kNative;
  return candidate.kind != api::PatternKind::kAdapter || context.pod.restart_policy != "Always";
}

bool NeedsWait(const Context& context, const Candidate& candidate) {
  const CompiledPattern& pattern = *candidate.pattern;
  return IsOutbound(candidate) && pattern.spec().wait_seconds > 0 && !pattern.has_startup_probe &&
         IsNative(context, candidate) &&
         std::any_of(pattern.endpoints.begin(), pattern.endpoints.end(),
                     [](const CompiledEndpoint& endpoint) {
                       return endpoint.transport == Transport::kTcp;
                     });
}

void ResolveOrder(Context& context) {
  const auto& candidates = context.candidates;
  if (std::none_of(candidates.begin(), candidates.end(), IsPlaced)) return;
  const bool wishes =
      std::any_of(candidates.begin(), candidates.end(), [&](const Candidate& candidate) {
        if (IsPlaced(candidate)) return HasWishes(candidate.pattern->spec().placement);
        const api::Placement* const brought = PlacementOfBrought(context, candidate);
        return brought != nullptr && HasWishes(*brought);
      });
  if (wishes) {
    PlaceByGraph(context);
  } else {
    PlaceByZone(context);
  }
  for (Candidate& candidate : context.candidates) {
    if (IsPlaced(candidate)) GoAroundLeftovers(context, candidate);
  }
}

}  // namespace remora::injection
