#include "operator/reconcilers/pattern_reconciler.h"

#include <initializer_list>
#include <set>
#include <string>
#include <utility>

#include "operator/api/annotations.h"
#include "operator/base/log.h"
#include "operator/reconcilers/pattern_status.h"

namespace remora::reconcilers {

namespace {

using nlohmann::json;

// Well within what is left of a lease when a write begins: see runtime/leader_elector.h.
constexpr std::chrono::seconds kWriteDeadline{4};

constexpr std::chrono::milliseconds kUntilPodsAreRead{200};
// A little more than the matcher gathers changes for.
constexpr std::chrono::milliseconds kUntilMatched{60};

runtime::Requeue Earliest(std::initializer_list<runtime::Requeue> times) {
  runtime::Requeue earliest;
  for (const runtime::Requeue& time : times) {
    if (time && (!earliest || *time < *earliest)) earliest = time;
  }
  return earliest;
}

// Of this version alone: an object that has taken the place of this one gets nothing of it. (An API server
// does not compare the uid in what is applied to a status.)
json StatusPatch(const PatternObject& pattern, const json& status) {
  const PatternKey& key = pattern.key;
  return {{"apiVersion", std::string(api::kGroup) + "/" + std::string(api::kVersion)},
          {"kind", std::string(PatternKindName(key.kind))},
          {"metadata",
           {{"namespace", key.namespace_name},
            {"name", key.name},
            {"resourceVersion", pattern.resource_version}}},
          {"status", status}};
}

}  // namespace

bool PatternReconciler::IsWritten(const PatternObject& pattern, const json& status) {
  MutexLock lock(mutex_);
  const auto at = written_.find(pattern.key);
  return pattern.status == status ||
         (at != written_.end() && at->second.before == pattern.resource_version &&
          at->second.status == status);
}

Result<runtime::Requeue> PatternReconciler::Reconcile(const PatternKey& key, std::stop_token stop) {
  const std::shared_ptr<const PatternObject> pattern = options_.patterns.Find(key);
  if (!pattern) {
    options_.acceptance.Forget(key);
    MutexLock lock(mutex_);
    written_.erase(key);
    return runtime::Requeue();
  }
  const auto acceptance = options_.acceptance.Accept(*pattern, stop);
  if (!acceptance.ok()) return acceptance.error();
  if (!options_.pods.HasSynced()) return runtime::Requeue(kUntilPodsAreRead);
  if (!options_.matcher.HasMatched(*pattern)) return runtime::Requeue(kUntilMatched);
  const Census census = options_.pods.Count(key, pattern->created);
  const json status = BuildStatus({*pattern, census, *acceptance, options_.clock.WallNow()});
  const auto written = Write(*pattern, status, stop);
  if (!written.ok()) return written.error();
  std::set<std::string> in_use = {pattern->live->wanted, acceptance->current_revision};
  for (const auto& [revision, pods] : census.revisions) in_use.insert(revision);
  const auto trimmed = options_.history.Trim(*pattern, in_use, stop);
  if (!trimmed.ok()) return trimmed.error();
  return Earliest({*written, *trimmed, acceptance->again});
}

Result<runtime::Requeue> PatternReconciler::Write(const PatternObject& pattern, const json& status,
                                                  const std::stop_token& stop) {
  const PatternKey& key = pattern.key;
  if (IsWritten(pattern, status)) return runtime::Requeue();
  const Clock::TimePoint now = options_.clock.Now();
  {
    MutexLock lock(mutex_);
    const auto at = written_.find(key);
    if (at != written_.end() && now < at->second.at + options_.interval) {
      return runtime::Requeue(at->second.at + options_.interval - now);
    }
  }
  kube::Resource resource = PatternResource(key.kind);
  resource.subresource = "status";
  kube::PatchBody body{
      .type = kube::PatchType::kApply, .patch = StatusPatch(pattern, status), .force = true};
  const kube::Call call{.stop = stop, .deadline = kWriteDeadline};
  auto written = options_.client.Patch(resource, key.object(), body, call);
  if (!written.ok() && written.error().code() == ErrorCode::kInvalid) {
    // The workloads are what strangers have named: they do not hold up the rest.
    Log(LogLevel::kError, "a status was refused; it is written without its workloads",
        {{"pattern", key.ToString()}, {"reason", written.error().message()}});
    body.patch["status"].erase("workloads");
    written = options_.client.Patch(resource, key.object(), body, call);
  }
  if (!written.ok() && written.error().code() != ErrorCode::kNotFound) return written.error();
  MutexLock lock(mutex_);
  // A write that has failed does not count: how long to wait then is the queue's business.
  written_[key] = {status, pattern.resource_version, now};
  return runtime::Requeue();
}

}  // namespace remora::reconcilers
