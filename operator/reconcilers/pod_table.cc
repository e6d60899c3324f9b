#include "operator/reconcilers/pod_table.h"

#include <algorithm>
#include <exception>
#include <new>
#include <optional>
#include <tuple>
#include <utility>

#include "operator/base/log.h"
#include "operator/base/timestamp.h"
#include "operator/runtime/object_meta.h"

namespace remora::reconcilers {

namespace {

using nlohmann::json;

// Long ago, where it does not say.
Clock::WallTimePoint CreatedAt(const json& metadata) {
  const auto at = metadata.find("creationTimestamp");
  if (at == metadata.end() || !at->is_string()) return {};
  return ParseTime(at->get_ref<const std::string&>()).value_or(Clock::WallTimePoint{});
}

bool IsIn(api::Reason reason) { return api::ClassOf(reason) == api::ReasonClass::kIn; }

}  // namespace

PodTable::PodTable(Options options) : options_(std::move(options)) {}
PodTable::~PodTable() = default;

runtime::KubeListerWatcher::Options PodListOptions() {
  return {.scope = {.field_selector = "status.phase!=Succeeded,status.phase!=Failed"},
          .form = {.metadata_only = true, .drops = &DropsFromPods}};
}

std::size_t PodTable::KeyHash::operator()(const kube::ObjectKey& key) const {
  const std::hash<std::string> hash;
  constexpr std::size_t kMix = 0x9E3779B97F4A7C15;
  return hash(key.name) * kMix ^ hash(key.namespace_name);
}

struct PodTable::Seen {
  kube::ObjectKey key;
  Clock::WallTimePoint created = {};
  std::optional<PodShape> shape = std::nullopt;  // it does not count
};

void PodTable::TakePage(std::vector<json> objects, runtime::PagePlace place) {
  std::vector<Seen> page;
  page.reserve(objects.size());
  for (const json& object : objects) page.push_back(Read(object));
  Changed changed;
  {
    MutexLock lock(mutex_);
    if (place.first) listed_.clear();
    for (Seen& seen : page) {
      listed_.insert(seen.key);
      Put(std::move(seen), changed);
    }
    if (place.last) {
      std::vector<kube::ObjectKey> gone;
      for (const auto& [key, pod] : pods_) {
        if (!listed_.contains(key)) gone.push_back(key);
      }
      for (const kube::ObjectKey& key : gone) Remove(key, changed);
      listed_.clear();
      synced_ = true;
      // Every pattern has a count now, if only of nothing.
      for (const auto& [key, groups] : by_pattern_) changed.insert(key);
    }
  }
  Tell(changed);
}

void PodTable::Apply(const kube::WatchEvent& event) {
  Seen seen = event.type == kube::WatchEventType::kDeleted
                  ? Seen{.key = runtime::ReadObjectMeta(event.object).key}
                  : Read(event.object);
  Changed changed;
  {
    MutexLock lock(mutex_);
    Put(std::move(seen), changed);
  }
  Tell(changed);
}

void PodTable::SetPatterns(std::shared_ptr<const injection::PatternIndex> patterns) {
  Changed changed;
  {
    MutexLock lock(mutex_);
    patterns_ = std::move(patterns);
    for (const auto& [identity, group] : groups_) {
      const auto before = group->outcomes;
      Match(*group);
      for (const auto& [key, outcome] : group->outcomes) {
        const auto at = before.find(key);
        if (at == before.end() || at->second.state != outcome.state) changed.insert(key);
      }
      for (const auto& [key, outcome] : before) {
        if (!group->outcomes.contains(key)) changed.insert(key);
      }
    }
  }
  Tell(changed);
}

PodTable::Seen PodTable::Read(const json& object) const {
  Seen seen{.key = runtime::ReadObjectMeta(object).key};
  if (seen.key.name.empty()) return seen;
  // nlohmann throws; one Pod must not take the others down.
  try {
    const json& metadata = object.at("metadata");
    const bool is_ending = !metadata.value("deletionTimestamp", json()).is_null();
    if (is_ending || options_.excluded_namespaces.contains(seen.key.namespace_name)) return seen;
    seen.created = CreatedAt(metadata);
    seen.shape = PodShape::FromObject(object);
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& exception) {
    Log(LogLevel::kWarning, "a Pod does not count: it cannot be read",
        {{"pod", seen.key.ToString()}, {"reason", exception.what()}});
  }
  return seen;
}

void PodTable::Put(Seen seen, Changed& changed) {
  if (!seen.shape) return Remove(seen.key, changed);
  PodShape& shape = *seen.shape;
  auto& pod = pods_[seen.key];
  if (!pod) {
    pod = std::make_unique<Pod>();
    pod->key = seen.key;
  }
  pod->created = seen.created;
  if (pod->group != nullptr && pod->group->shape.identity == shape.identity) return;
  Group& group = GroupOf(std::move(shape));
  if (pod->group != nullptr) Leave(*pod, changed);
  Enter(*pod, group, changed);
}

void PodTable::Remove(const kube::ObjectKey& key, Changed& changed) {
  const auto at = pods_.find(key);
  if (at == pods_.end()) return;
  Leave(*at->second, changed);
  pods_.erase(at);
}

PodTable::Group& PodTable::GroupOf(PodShape shape) {
  if (const auto at = groups_.find(shape.identity); at != groups_.end()) return *at->second;
  auto group = std::make_unique<Group>();
  group->shape = std::move(shape);
  Group& result = *group;
  groups_.emplace(result.shape.identity, std::move(group));
  Match(result);
  return result;
}

void PodTable::Enter(Pod& pod, Group& group, Changed& changed) {
  pod.group = &group;
  pod.place = group.pods.size();
  group.pods.push_back(&pod);
  for (const auto& [key, outcome] : group.outcomes) changed.insert(key);
}

void PodTable::Leave(Pod& pod, Changed& changed) {
  Group& group = *std::exchange(pod.group, nullptr);
  for (const auto& [key, outcome] : group.outcomes) changed.insert(key);
  Pod* const last = group.pods.back();
  group.pods[pod.place] = last;
  last->place = pod.place;
  group.pods.pop_back();
  if (!group.pods.empty()) return;
  for (const auto& [key, outcome] : group.outcomes) {
    const auto at = by_pattern_.find(key);
    at->second.erase(&group);
    if (at->second.empty()) by_pattern_.erase(at);
  }
  const auto at = groups_.find(group.shape.identity);
  const std::unique_ptr<Group> owned = std::move(at->second);  // the key's characters are its own
  groups_.erase(at);
}

void PodTable::Match(Group& group) {
  std::map<PatternKey, Outcome> outcomes;
  const PodShape& shape = group.shape;
  const auto recorded_as = [&](const PatternKey& key) -> std::int32_t {
    for (std::size_t i = 0; i < shape.recorded.size(); ++i) {
      const RecordedOutcome& recorded = shape.recorded[i];
      const bool same_place =
          recorded.namespace_name.empty() || recorded.namespace_name == key.namespace_name;
      if (recorded.kind == key.kind && recorded.name == key.name && same_place) {
        return static_cast<std::int32_t>(i);
      }
    }
    return -1;
  };
  const auto state_of = [&](std::int32_t recorded) {
    if (recorded < 0) return shape.has_foreign_record ? State::kInjected : State::kMissing;
    return IsIn(shape.recorded[static_cast<std::size_t>(recorded)].reason) ? State::kInjected
                                                                           : State::kRefused;
  };
  if (patterns_ && document_.Parse(shape.asks).ok()) {
    std::vector<injection::AskedPattern> asked;
    FindAsked({document_.root(), shape.namespace_name}, *patterns_, options_.environment,
              workspace_, asked);
    for (const auto& [pattern, automatic] : asked) {
      PatternKey key{pattern->kind, pattern->namespace_name, pattern->name};
      const std::int32_t recorded = recorded_as(key);
      outcomes[std::move(key)] = {state_of(recorded), automatic, recorded};
    }
  }
  // What was added stays, also where nothing asks for it any more.
  for (std::size_t i = 0; i < shape.recorded.size(); ++i) {
    const RecordedOutcome& recorded = shape.recorded[i];
    if (recorded.namespace_name.empty()) continue;
    const auto number = static_cast<std::int32_t>(i);
    outcomes.try_emplace({recorded.kind, recorded.namespace_name, recorded.name},
                         Outcome{state_of(number), false, number});
  }
  for (const auto& [key, outcome] : group.outcomes) {
    if (outcomes.contains(key)) continue;
    const auto at = by_pattern_.find(key);
    at->second.erase(&group);
    if (at->second.empty()) by_pattern_.erase(at);
  }
  for (const auto& [key, outcome] : outcomes) by_pattern_[key].insert(&group);
  group.outcomes = std::move(outcomes);
}

Census PodTable::Count(const PatternKey& pattern, Clock::WallTimePoint created) const {
  Census census;
  std::map<std::tuple<std::string, Workload, std::string>, WorkloadOutcome> workloads;
  MutexLock lock(mutex_);
  const auto groups = by_pattern_.find(pattern);
  if (groups == by_pattern_.end()) return census;
  for (const Group* group : groups->second) {
    const PodShape& shape = group->shape;
    const Outcome& outcome = group->outcomes.at(pattern);
    const RecordedOutcome* recorded =
        outcome.recorded < 0 ? nullptr
                             : &shape.recorded[static_cast<std::size_t>(outcome.recorded)];
    WorkloadOutcome seen{
        .namespace_name = shape.namespace_name,
        .workload = shape.workload,
        .reason = std::string(recorded != nullptr        ? ReasonName(recorded->reason)
                              : shape.has_foreign_record ? ReasonName(api::Reason::kInjected)
                                                         : "Missing"),
        .message = recorded != nullptr ? recorded->message : ""};
    for (const Pod* pod : group->pods) {
      if (outcome.state == State::kMissing) {
        if (outcome.automatic && pod->created < created) continue;
        if (census.missing_pod.name.empty() || pod->key < census.missing_pod) {
          census.missing_pod = pod->key;
        }
      }
      if (seen.pods++ == 0 || pod->created >= seen.newest) {
        seen.newest = pod->created;
        seen.newest_pod = pod->key;
      }
    }
    if (seen.pods == 0) continue;
    switch (outcome.state) {
      case State::kInjected:
        census.injected += seen.pods;
        census.revisions[recorded == nullptr ? "" : recorded->revision] += seen.pods;
        break;
      case State::kRefused: census.refused += seen.pods; break;
      case State::kMissing: census.missing += seen.pods; break;
    }
    auto& entry = workloads[{seen.namespace_name, seen.workload, seen.reason}];
    const std::int64_t pods = entry.pods + seen.pods;
    if (seen.newest >= entry.newest) entry = std::move(seen);
    entry.pods = pods;
  }
  for (auto& [key, entry] : workloads) census.workloads.push_back(std::move(entry));
  std::stable_sort(census.workloads.begin(), census.workloads.end(),
                   [](const auto& a, const auto& b) { return a.newest > b.newest; });
  return census;
}

bool PodTable::HasSynced() const {
  MutexLock lock(mutex_);
  return synced_;
}

std::size_t PodTable::pods() const {
  MutexLock lock(mutex_);
  return pods_.size();
}

std::size_t PodTable::shapes() const {
  MutexLock lock(mutex_);
  return groups_.size();
}

void PodTable::Tell(const Changed& changed) const {
  if (!options_.on_change) return;
  for (const PatternKey& key : changed) options_.on_change(key);
}

}  // namespace remora::reconcilers
