#include "operator/runtime/leader_elector.h"

#include <algorithm>
#include <utility>

#include "operator/base/log.h"
#include "operator/base/timestamp.h"

namespace remora::runtime {

namespace {

using nlohmann::json;

std::string TextAt(const json& spec, const char* name) {
  const auto at = spec.find(name);
  return at != spec.end() && at->is_string() ? at->get<std::string>() : std::string();
}

std::int64_t NumberAt(const json& spec, const char* name) {
  const auto at = spec.find(name);
  return at != spec.end() && at->is_number_integer() ? at->get<std::int64_t>() : 0;
}

json SpecOf(const json& lease) {
  const auto at = lease.find("spec");
  return at != lease.end() && at->is_object() ? *at : json::object();
}

}  // namespace

LeaderElector::LeaderElector(Options options) : options_(std::move(options)) {}

bool LeaderElector::HoldsLease() const { return options_.clock.Now() < valid_until_.load(); }

bool LeaderElector::Acquire(const std::stop_token& stop) {
  std::string told;
  while (!TryOnce(stop)) {
    if (stop.stop_requested()) return false;
    if (told != holder_) {
      told = holder_;
      Log(LogLevel::kInfo, "another process is the leader; waiting", {{"holder", holder_}});
    }
    if (!options_.clock.SleepFor(Spread(options_.retry_period), stop)) return false;
  }
  Log(LogLevel::kInfo, "this process is the leader",
      {{"identity", options_.identity}, {"lease", options_.lease.ToString()}});
  return true;
}

void LeaderElector::Hold(const std::stop_token& stop) {
  // A renewal that has failed is tried again sooner, and all are spread: in step with an outage that
  // comes and goes, every one would fail.
  constexpr int kSooner = 4;
  bool renewed = true;
  while (HoldsLease()) {
    // Not beyond the end of what we hold, so that the loss is noticed when it happens.
    const Clock::Duration left = valid_until_.load() - options_.clock.Now();
    const Clock::Duration period =
        renewed ? Spread(options_.retry_period) : Spread(options_.retry_period) / kSooner;
    if (!options_.clock.SleepFor(std::min(period, left), stop)) return;
    renewed = TryOnce(stop, valid_until_.load());
    if (holder_ != options_.identity) break;
  }
  valid_until_ = Clock::TimePoint::min();
  Log(LogLevel::kError, "the lease is lost", {{"holder", holder_}});
}

void LeaderElector::Release() {
  if (holder_ != options_.identity) return;
  valid_until_ = Clock::TimePoint::min();
  const auto current =
      options_.client.Get(resource_, options_.lease, {.deadline = options_.retry_period});
  if (!current.ok()) return;
  json spec = SpecOf(*current);
  if (TextAt(spec, "holderIdentity") != options_.identity) return;
  json lease = *current;
  lease["spec"]["holderIdentity"] = "";
  lease["spec"]["leaseDurationSeconds"] = 1;
  holder_.clear();
  const auto written =
      options_.client.Update(resource_, lease, {.deadline = options_.retry_period});
  Log(LogLevel::kInfo, "the lease is given back", {{"written", written.ok()}});
}

bool LeaderElector::TryOnce(const std::stop_token& stop) {
  return TryOnce(stop, options_.clock.Now() + options_.renew_deadline);
}

bool LeaderElector::TryOnce(const std::stop_token& stop, Clock::TimePoint until) {
  const auto ours = Attempt(stop, until);
  if (ours.ok()) return *ours;
  const ErrorCode code = ours.error().code();
  // Another was faster.
  if (code == ErrorCode::kConflict || code == ErrorCode::kAlreadyExists) return false;
  if (code != ErrorCode::kCancelled) {
    Log(LogLevel::kWarning, "the lease cannot be read or written; trying again",
        {{"lease", options_.lease.ToString()}, {"reason", ours.error().message()}});
  }
  return false;
}

kube::Call LeaderElector::CallUntil(const std::stop_token& stop, Clock::TimePoint until) const {
  const auto left = std::chrono::floor<std::chrono::milliseconds>(until - options_.clock.Now());
  return {.stop = stop, .deadline = std::max(left, std::chrono::milliseconds::zero())};
}

Result<bool> LeaderElector::Attempt(const std::stop_token& stop, Clock::TimePoint until) {
  const auto current = options_.client.Get(resource_, options_.lease, CallUntil(stop, until));
  if (!current.ok() && current.error().code() != ErrorCode::kNotFound) return current.error();
  if (!current.ok()) return Write(nullptr, stop, until);
  holder_ = TextAt(SpecOf(*current), "holderIdentity");
  const bool free = holder_.empty() || holder_ == options_.identity || IsExpired(*current);
  return free ? Write(&*current, stop, until) : Result<bool>(false);
}

Result<bool> LeaderElector::Write(const json* current, const std::stop_token& stop,
                                  Clock::TimePoint until) {
  const bool is_new = current == nullptr;
  json lease =
      is_new ? json{{"apiVersion", "coordination.k8s.io/v1"},
                    {"kind", "Lease"},
                    {"metadata",
                     {{"namespace", options_.lease.namespace_name}, {"name", options_.lease.name}}}}
             : *current;
  json spec = SpecOf(lease);
  const std::string now = FormatMicroTime(options_.clock.WallNow());
  if (TextAt(spec, "holderIdentity") != options_.identity) {
    spec["leaseTransitions"] = NumberAt(spec, "leaseTransitions") + (is_new ? 0 : 1);
    spec["acquireTime"] = now;
  }
  spec["holderIdentity"] = options_.identity;
  spec["leaseDurationSeconds"] = options_.lease_duration.count();
  spec["renewTime"] = now;
  lease["spec"] = std::move(spec);
  // Measured from before the request: whoever sees the Lease sees it later.
  const auto begun = options_.clock.Now();
  const kube::Call call = CallUntil(stop, until);
  if (call.deadline == std::chrono::milliseconds::zero()) {
    return Error(ErrorCode::kDeadlineExceeded, "no time is left to write the Lease");
  }
  const auto written = is_new ? options_.client.Create(resource_, lease, call)
                              : options_.client.Update(resource_, lease, call);
  if (!written.ok()) return written.error();
  holder_ = options_.identity;
  valid_until_ = begun + options_.renew_deadline;
  return true;
}

bool LeaderElector::IsExpired(const json& lease) {
  const auto metadata = lease.find("metadata");
  const std::string version = TextAt(*metadata, "resourceVersion");
  const auto now = options_.clock.Now();
  if (version != seen_version_) {
    seen_version_ = version;
    seen_at_ = now;
    return false;
  }
  const std::chrono::seconds duration(
      std::clamp<std::int64_t>(NumberAt(SpecOf(lease), "leaseDurationSeconds"), 1, 3600));
  return now - seen_at_ >= duration;
}

// As client-go does, so that those who wait do not ask in step.
Clock::Duration LeaderElector::Spread(std::chrono::milliseconds period) const {
  constexpr double kSpread = 0.2;
  return std::chrono::duration_cast<Clock::Duration>(std::chrono::duration<double>(period) *
                                                     (1.0 + kSpread * options_.random()));
}

}  // namespace remora::runtime
