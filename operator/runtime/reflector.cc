#include "operator/runtime/reflector.h"

#include <iterator>
#include <utility>

#include "operator/base/log.h"

namespace remora::runtime {

namespace {

// A watch that lived this long was healthy, even if nothing happened on it: its end is not yet a
// reason to wait longer before the next one.
constexpr std::chrono::seconds kHealthyWatch{10};

}  // namespace

Reflector::Reflector(Options options)
    : options_(std::move(options)), backoff_(options_.backoff, options_.random) {}

void Reflector::Run(const std::stop_token& stop) {
  while (!stop.stop_requested()) Step(stop);
}

void Reflector::Step(const std::stop_token& stop) {
  state_ = std::visit([&](auto& state) { return StepFrom(std::move(state), stop); }, state_);
}

Reflector::State Reflector::StepFrom(Empty&& /*state*/, const std::stop_token& /*stop*/) {
  ++lists_;
  return Listing{};
}

Reflector::State Reflector::StepFrom(Listing&& state, const std::stop_token& stop) {
  auto page = options_.source.List(state.continue_token, stop);
  if (!page.ok()) {
    Fail("list", page.error(), stop);
    // An expired continue token is the one failure that makes the pages so far worthless.
    if (page.error().code() == ErrorCode::kGone) return Empty{};
    return std::move(state);
  }
  NoteContact();
  state.objects.insert(state.objects.end(), std::make_move_iterator(page->items.begin()),
                       std::make_move_iterator(page->items.end()));
  state.continue_token = page->continue_token;
  if (!state.continue_token.empty()) return std::move(state);
  const std::size_t count = state.objects.size();
  options_.sink.Replace(std::move(state.objects), page->resource_version);
  Log(LogLevel::kInfo, "listed",
      {{"resource", options_.name},
       {"objects", count},
       {"resource_version", page->resource_version}});
  return Watching{.resource_version = page->resource_version, .stream = nullptr};
}

Reflector::State Reflector::StepFrom(Watching&& state, const std::stop_token& stop) {
  if (!state.stream) return Open(std::move(state), stop);
  auto event = state.stream->Next(stop);
  if (event.ok() && event->has_value()) {
    Apply(**event, state);
    backoff_.Reset();
    return std::move(state);
  }
  state.stream.reset();
  const bool healthy = options_.clock.Now() - state.opened >= kHealthyWatch;
  if (healthy) backoff_.Reset();
  if (!event.ok()) {
    Fail("watch", event.error(), stop);
    if (event.error().code() == ErrorCode::kGone) return Empty{};
  } else if (!healthy) {
    // The server ends a watch at its time-out, minutes after its start. One that accepts and ends
    // at once must not be asked again at once.
    Fail("watch", Error(ErrorCode::kUnavailable, "the server ended the watch early"), stop);
  }
  return std::move(state);
}

Reflector::State Reflector::Open(Watching&& state, const std::stop_token& stop) {
  auto stream = options_.source.Watch(state.resource_version, stop);
  if (!stream.ok()) {
    Fail("watch", stream.error(), stop);
    if (stream.error().code() == ErrorCode::kGone) return Empty{};
    return std::move(state);
  }
  ++watches_;
  if (state.resumed) ++restarts_;
  if (backoff_.failures() > 0) {
    Log(LogLevel::kInfo, "watching again",
        {{"resource", options_.name}, {"resource_version", state.resource_version}});
  }
  state.resumed = true;
  state.stream = *std::move(stream);
  state.opened = options_.clock.Now();
  return std::move(state);
}

void Reflector::Apply(const kube::WatchEvent& event, Watching& state) {
  NoteContact();
  if (event.type != kube::WatchEventType::kBookmark) {
    ++events_;
    options_.sink.Apply(event);
  }
  // Last, so that an event is not passed over if the sink should ever fail half-way.
  const std::string version = event.ResourceVersion();
  if (!version.empty()) state.resource_version = version;
}

void Reflector::NoteContact() { last_contact_ = options_.clock.WallNow(); }

void Reflector::Fail(const char* what, const Error& error, const std::stop_token& stop) {
  if (error.code() == ErrorCode::kCancelled && stop.stop_requested()) return;
  ++failures_;
  const std::chrono::milliseconds delay = backoff_.Next();
  const bool unknown_kind = error.code() == ErrorCode::kNotFound;
  Log(LogLevel::kWarning,
      unknown_kind ? "the API server does not serve this kind yet: apply its CRD; trying again"
                   : "API server call failed; trying again",
      {{"resource", options_.name},
       {"call", what},
       {"code", ErrorCodeName(error.code())},
       {"reason", error.message()},
       {"retry_in_ms", delay}});
  options_.clock.SleepFor(delay, stop);
}

ReflectorMetrics Reflector::metrics() const {
  return {.lists = lists_,
          .watches = watches_,
          .restarts = restarts_,
          .failures = failures_,
          .events = events_,
          .last_contact = last_contact_};
}

}  // namespace remora::runtime
