#include "operator/runtime/event_recorder.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "operator/base/log.h"

namespace remora::runtime {

namespace {

using nlohmann::json;

constexpr std::chrono::seconds kCallDeadline{5};

}  // namespace

EventRecorder::EventRecorder(Options options)
    : options_(std::move(options)), backoff_({}, options_.random) {}

std::uint64_t EventRecorder::dropped() const {
  MutexLock lock(mutex_);
  return dropped_;
}

void EventRecorder::Record(Event event) {
  event.note = EventNote(event.note);
  const auto now = options_.clock.Now();
  const auto wall = options_.clock.WallNow();
  MutexLock lock(mutex_);
  auto at = all_.find(event);
  const bool waits = at != all_.end() && at->second.waits();
  if (!waits && waiting_ == options_.max_waiting) {
    ++dropped_;
    return;
  }
  if (at == all_.end()) at = all_.try_emplace(std::move(event)).first;
  Series& series = at->second;
  if (!waits && now - series.last_seen >= kWindow) series = {};
  if (series.sighting.count == 0) {
    series.sighting.name = EventName(at->first.regarding.name, Unique(wall));
    series.sighting.first = wall;
  }
  series.sighting.last = wall;
  series.last_seen = now;
  ++series.sighting.count;
  if (waits) return;
  series.due = std::max(series.due, now);
  series.turn = ++turns_;
  ++waiting_;
  changed_.NotifyOne();
}

// The time in nanoseconds, as client-go has it, but never the same one twice.
std::uint64_t EventRecorder::Unique(Clock::WallTimePoint now) {
  const auto time = std::chrono::nanoseconds(now.time_since_epoch()).count();
  last_unique_ = std::max(last_unique_ + 1, static_cast<std::uint64_t>(time));
  return last_unique_;
}

void EventRecorder::Run(const std::stop_token& stop) {
  while (AwaitWork(stop)) {
    SendOne(stop);
    if (!options_.clock.SleepFor(kRequestInterval, stop)) break;
  }
  Flush();
}

bool EventRecorder::AwaitWork(const std::stop_token& stop) {
  MutexLock lock(mutex_);
  changed_.Wait(mutex_, stop, [this]() REQUIRES(mutex_) { return waiting_ > 0; });
  return !stop.stop_requested();
}

bool EventRecorder::SendOne(const std::stop_token& stop) {
  const auto now = options_.clock.Now();
  if (now < not_before_) return false;
  AllSeries::iterator at;
  {
    MutexLock lock(mutex_);
    ForgetOld(now);
    at = FindDue(now);
    if (at == all_.end()) return false;
  }
  Send(at, {.stop = stop, .deadline = kCallDeadline});
  return true;
}

void EventRecorder::Flush() {
  const auto end = options_.clock.Now() + kFlushLimit;
  for (auto now = options_.clock.Now(); now < end; now = options_.clock.Now()) {
    AllSeries::iterator at;
    {
      MutexLock lock(mutex_);
      at = FindDue(Clock::TimePoint::max());
      if (at == all_.end()) return;
    }
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - now);
    if (Send(at, {.stop = {}, .deadline = left}) == Sent::kLater) break;
  }
  std::uint64_t lost = 0;
  {
    MutexLock lock(mutex_);
    const std::uint64_t before = dropped_;
    for (auto at = all_.begin(); at != all_.end();) {
      at = at->second.waits() ? Drop(at) : std::next(at);
    }
    lost = dropped_ - before;
  }
  Log(LogLevel::kWarning, "ending without having told all Events", {{"dropped", lost}});
}

EventRecorder::AllSeries::iterator EventRecorder::FindDue(Clock::TimePoint until) {
  auto first = all_.end();
  for (auto at = all_.begin(); at != all_.end(); ++at) {
    const Series& series = at->second;
    if (!series.waits() || series.due > until) continue;
    const bool earlier =
        first == all_.end() ||
        std::pair(series.due, series.turn) < std::pair(first->second.due, first->second.turn);
    if (earlier) first = at;
  }
  return first;
}

EventRecorder::Sent EventRecorder::Send(AllSeries::iterator at, const kube::Call& call) {
  const Event& event = at->first;  // stays, whoever records others meanwhile
  EventSighting sighting;
  bool creates = false;
  {
    MutexLock lock(mutex_);
    sighting = at->second.sighting;
    creates = !at->second.created;
  }
  const auto answer =
      creates ? options_.client.Create(EventResource(),
                                       EventObject(event, options_.reporter, sighting), call)
              : options_.client.Patch(EventResource(),
                                      {std::string(EventNamespace(event)), sighting.name},
                                      {kube::PatchType::kMerge, EventSeriesPatch(sighting)}, call);
  const Sent classified = Classify(event, answer);
  // Of a creation: there is no such namespace.
  const Sent outcome = creates && classified == Sent::kVanished ? Sent::kRefused : classified;
  MutexLock lock(mutex_);
  Settle(at, sighting.count, outcome);
  return outcome;
}

EventRecorder::Sent EventRecorder::Classify(const Event& event, const Result<json>& answer) {
  // Exists: by an attempt whose answer was lost. The name is nobody else's.
  const bool exists = !answer.ok() && answer.error().code() == ErrorCode::kAlreadyExists;
  if (answer.ok() || exists) {
    backoff_.Reset();
    complaint_.reset();
    return exists ? Sent::kExists : Sent::kTold;
  }
  const ErrorCode code = answer.error().code();
  if (code == ErrorCode::kNotFound) return Sent::kVanished;
  if (code == ErrorCode::kCancelled) return Sent::kLater;
  if (complaint_ != code) {
    complaint_ = code;
    Log(LogLevel::kWarning, "an Event cannot be told to the API server",
        {{"regarding", event.regarding.kind + " " + event.regarding.name},
         {"reason", answer.error().message()}});
  }
  const bool passes = code == ErrorCode::kUnavailable || code == ErrorCode::kDeadlineExceeded ||
                      code == ErrorCode::kConflict;
  if (!passes) return Sent::kRefused;
  not_before_ = options_.clock.Now() + backoff_.Next();
  return Sent::kLater;
}

void EventRecorder::Settle(AllSeries::iterator at, std::uint64_t sent, Sent outcome) {
  Series& series = at->second;
  switch (outcome) {
    case Sent::kTold:
      series.created = true;
      series.told = sent;
      series.failures = 0;
      series.due = options_.clock.Now() + kPatchInterval;
      break;
    case Sent::kExists:  // with the first sighting at least; a patch says the rest
      series.created = true;
      series.told = std::max<std::uint64_t>(series.told, 1);
      break;
    case Sent::kVanished: series.created = false; break;
    case Sent::kLater:
      if (++series.failures < kAttempts) break;
      [[fallthrough]];
    case Sent::kRefused: Drop(at); return;
  }
  if (!series.waits()) --waiting_;
}

EventRecorder::AllSeries::iterator EventRecorder::Drop(AllSeries::iterator at) {
  dropped_ += at->second.sighting.count - at->second.told;
  --waiting_;
  return all_.erase(at);
}

void EventRecorder::ForgetOld(Clock::TimePoint now) {
  std::erase_if(all_, [&](const auto& one) {
    return !one.second.waits() && now - one.second.last_seen >= kWindow;
  });
  while (all_.size() - waiting_ > options_.max_kept) {
    auto oldest = all_.end();
    for (auto at = all_.begin(); at != all_.end(); ++at) {
      if (at->second.waits()) continue;
      if (oldest == all_.end() || at->second.last_seen < oldest->second.last_seen) oldest = at;
    }
    all_.erase(oldest);
  }
}

MetricSource EventFamilies(const EventRecorder& recorder) {
  return [&recorder]() -> std::vector<prometheus::MetricFamily> {
    return {CounterFamily("remora_events_dropped_total",
                          "Events that were not told to the API server and will not be.",
                          {{{}, static_cast<double>(recorder.dropped())}})};
  };
}

}  // namespace remora::runtime
