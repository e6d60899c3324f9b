#include "operator/reconcilers/revision_keeper.h"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "operator/base/log.h"
#include "operator/injection/compiled_pattern.h"

namespace remora::reconcilers {

namespace {

using api::KeptRevision;
using nlohmann::json;

constexpr std::chrono::seconds kWriteDeadline{4};
constexpr std::chrono::seconds kWrittenFor{30};

const kube::Resource& Resource() {
  static const kube::Resource kResource{"apps", "v1", "controllerrevisions"};
  return kResource;
}

kube::ObjectKey KeyOf(const PatternObject& pattern, const std::string& revision) {
  return {pattern.key.namespace_name,
          api::ControllerRevisionName(pattern.key.kind, pattern.key.name, revision)};
}

}  // namespace

Result<std::shared_ptr<const KeptRevision>> DecodeRevision(const json& object) {
  auto kept = api::ReadKeptRevision(object);
  if (!kept.ok()) return kept.error();
  kept->spec.clear();  // the operator reads none
  return std::make_shared<const KeptRevision>(*std::move(kept));
}

std::optional<PatternKey> PatternOfRevision(const kube::ObjectKey& key) {
  const std::size_t last = key.name.rfind('-');
  if (last == std::string::npos) return std::nullopt;
  for (const auto kind :
       {api::PatternKind::kAmbassador, api::PatternKind::kSidecar, api::PatternKind::kAdapter}) {
    const std::string prefix = api::ControllerRevisionName(kind, "", "");
    const std::string_view kind_part = std::string_view(prefix).substr(0, prefix.size() - 1);
    if (!key.name.starts_with(kind_part) || last < kind_part.size()) continue;
    return PatternKey{kind, key.namespace_name,
                      key.name.substr(kind_part.size(), last - kind_part.size())};
  }
  return std::nullopt;
}

std::vector<RevisionKeeper::Kept> RevisionKeeper::Of(const PatternObject& pattern) const {
  std::vector<Kept> all;
  const auto contents = revisions_.Load();
  // Their names begin alike, and the entries are sorted.
  const kube::ObjectKey first = KeyOf(pattern, "");
  for (auto at = contents->LowerBound(contents->entries, first);
       at != contents->entries.end() && (*at)->key.namespace_name == first.namespace_name &&
       (*at)->key.name.starts_with(first.name);
       ++at) {
    if ((*at)->value && (*at)->value->owner == pattern.identity()) all.push_back((*at)->value);
  }
  AddWritten(pattern, all);
  std::sort(all.begin(), all.end(),
            [](const Kept& a, const Kept& b) { return a->number < b->number; });
  return all;
}

void RevisionKeeper::AddWritten(const PatternObject& pattern, std::vector<Kept>& all) const {
  MutexLock lock(mutex_);
  const auto at = written_.find(pattern.key);
  if (at == written_.end()) return;
  const Kept written = at->second.kept;
  const auto same = std::find_if(all.begin(), all.end(), [&](const Kept& kept) {
    return kept->revision == written->revision;
  });
  const bool is_back = same != all.end() && (*same)->number >= written->number;
  // Once it is back, the cache alone says whether it is there.
  if (is_back || written->owner != pattern.identity() || clock_.Now() >= at->second.until) {
    written_.erase(at);
  } else if (same == all.end()) {
    all.push_back(written);
  } else {
    *same = written;
  }
}

bool RevisionKeeper::IsKept(const PatternObject& pattern, const std::string& revision) const {
  const auto all = Of(pattern);
  return std::any_of(all.begin(), all.end(),
                     [&](const Kept& kept) { return kept->revision == revision; });
}

bool RevisionKeeper::IsLatest(const PatternObject& pattern) const {
  const auto all = Of(pattern);
  return !all.empty() && all.back()->revision == pattern.revision();
}

bool RevisionKeeper::IsUnchecked(const PatternObject& pattern) const {
  const auto all = Of(pattern);
  return std::any_of(all.begin(), all.end(), [&](const Kept& kept) {
    return kept->revision == pattern.revision() && kept->unchecked;
  });
}

std::vector<std::string> RevisionKeeper::Known(const PatternObject& pattern) const {
  std::vector<std::string> names;
  for (const Kept& kept : Of(pattern)) names.push_back(kept->revision);
  return names;
}

Result<void> RevisionKeeper::MarkChecked(const PatternObject& pattern,
                                         const std::stop_token& stop) {
  json annotations = json::object();
  annotations[std::string(api::kUncheckedKey)] = nullptr;
  const auto patched = client_.Patch(
      Resource(), KeyOf(pattern, pattern.revision()),
      {.type = kube::PatchType::kMerge, .patch = {{"metadata", {{"annotations", annotations}}}}},
      {.stop = stop, .deadline = kWriteDeadline});
  return patched.ok() ? Result<void>() : patched.error();
}

Result<void> RevisionKeeper::Keep(const PatternObject& pattern, const std::string& unchecked,
                                  const std::stop_token& stop) {
  const auto next = NextNumber(pattern, stop);
  if (!next.ok()) return next.error();
  const std::int64_t number = *next;
  const bool is_unchecked = !unchecked.empty() || IsUnchecked(pattern);
  if (IsKept(pattern, pattern.revision())) {
    if (auto renumbered = Renumber(pattern, pattern.revision(), number, stop); !renumbered.ok()) {
      return renumbered;
    }
  } else {
    const json object = api::MakeControllerRevision(pattern.identity(), json::parse(*pattern.spec),
                                                    number, unchecked);
    const auto created =
        client_.Create(Resource(), object, {.stop = stop, .deadline = kWriteDeadline});
    if (!created.ok() && created.error().code() != ErrorCode::kAlreadyExists) {
      return created.error();
    }
    if (!created.ok()) {
      auto replaced = Replace(pattern, object, stop);
      if (!replaced.ok()) return replaced;
    }
  }
  MutexLock lock(mutex_);
  kept_at_[pattern.key] = clock_.Now();
  written_[pattern.key] = {
      std::make_shared<const KeptRevision>(KeptRevision{.owner = pattern.identity(),
                                                        .revision = pattern.revision(),
                                                        .number = number,
                                                        .created = "",
                                                        .spec = "",
                                                        .unchecked = is_unchecked}),
      clock_.Now() + kWrittenFor};
  return {};
}

Result<std::int64_t> RevisionKeeper::NextNumber(const PatternObject& pattern,
                                                const std::stop_token& stop) {
  const auto all = Of(pattern);
  if (all.empty()) return std::int64_t{1};
  if (all.back()->number < api::kLastRevisionNumber) return all.back()->number + 1;
  // Somebody wrote the last number there is. From 1 on again: none becomes larger than it was, so that
  // their order holds wherever this is interrupted.
  std::int64_t number = 0;
  for (const Kept& kept : all) {
    ++number;
    if (kept->number == number) continue;
    auto renumbered = Renumber(pattern, kept->revision, number, stop);
    if (!renumbered.ok() && renumbered.error().code() != ErrorCode::kNotFound) {
      return renumbered.error();
    }
  }
  return number + 1;
}

Result<void> RevisionKeeper::Renumber(const PatternObject& pattern, const std::string& revision,
                                      std::int64_t number, const std::stop_token& stop) {
  const auto patched =
      client_.Patch(Resource(), KeyOf(pattern, revision),
                    {.type = kube::PatchType::kMerge, .patch = {{"revision", number}}},
                    {.stop = stop, .deadline = kWriteDeadline});
  return patched.ok() ? Result<void>() : patched.error();
}

Result<void> RevisionKeeper::Replace(const PatternObject& pattern, const json& object,
                                     const std::stop_token& stop) {
  const kube::Call call{.stop = stop, .deadline = kWriteDeadline};
  const kube::ObjectKey key = KeyOf(pattern, pattern.revision());
  const auto there = client_.Get(Resource(), key, call);
  if (!there.ok()) return there.error();
  const auto kept = api::ReadKeptRevision(*there);
  if (kept.ok() && kept->owner == pattern.identity()) {  // the watch is late
    const auto number = object.at("revision").get<std::int64_t>();
    return kept->number < number ? Renumber(pattern, pattern.revision(), number, stop)
                                 : Result<void>();
  }
  Log(LogLevel::kWarning, "replacing a ControllerRevision that is not what its name says",
      {{"object", key.ToString()},
       {"reason", kept.ok() ? "it is of another pattern of that name" : kept.error().message()}});
  const auto deleted = client_.Delete(
      Resource(), key, {.uid = there->at("metadata").value("uid", std::string())}, call);
  if (!deleted.ok() && deleted.error().code() != ErrorCode::kNotFound) return deleted.error();
  const auto created = client_.Create(Resource(), object, call);
  return created.ok() ? Result<void>() : created.error();
}

std::vector<RevisionKeeper::Kept> RevisionKeeper::Excess(
    const PatternObject& pattern, const std::set<std::string>& in_use) const {
  std::vector<Kept> idle;
  for (const Kept& kept : Of(pattern)) {
    if (!in_use.contains(kept->revision)) idle.push_back(kept);
  }
  const auto limit =
      static_cast<std::size_t>(pattern.live->stored->compiled->spec().revision_history_limit);
  idle.resize(idle.size() - std::min(idle.size(), limit));
  return idle;
}

Clock::Duration RevisionKeeper::UntilQuiet(const PatternKey& key) const {
  MutexLock lock(mutex_);
  const auto at = kept_at_.find(key);
  return at == kept_at_.end() ? Clock::Duration::zero() : at->second + kQuiet - clock_.Now();
}

Result<runtime::Requeue> RevisionKeeper::Trim(const PatternObject& pattern,
                                              const std::set<std::string>& in_use,
                                              const std::stop_token& stop) {
  if (!pattern.live->stored->compiled) return runtime::Requeue();  // its limit is not known
  const std::vector<Kept> excess = Excess(pattern, in_use);
  if (excess.empty()) return runtime::Requeue();
  const Clock::Duration wait = UntilQuiet(pattern.key);
  if (wait > Clock::Duration::zero() && excess.size() < kMostExcess) return runtime::Requeue(wait);
  const kube::Call call{.stop = stop, .deadline = kWriteDeadline};
  const auto now = client_.Get(PatternResource(pattern.key.kind), pattern.key.object(), call);
  if (!now.ok()) {
    if (now.error().code() == ErrorCode::kNotFound) return runtime::Requeue();
    return now.error();
  }
  // An edit since then has its own turn.
  if (now->value(json::json_pointer("/metadata/generation"), json()) != pattern.generation()) {
    return runtime::Requeue();
  }
  for (const Kept& kept : excess) {
    const auto deleted = client_.Delete(Resource(), KeyOf(pattern, kept->revision), {}, call);
    if (!deleted.ok() && deleted.error().code() != ErrorCode::kNotFound) return deleted.error();
  }
  return runtime::Requeue();
}

void RevisionKeeper::Forget(const PatternKey& key) {
  MutexLock lock(mutex_);
  written_.erase(key);
  kept_at_.erase(key);
}

}  // namespace remora::reconcilers
