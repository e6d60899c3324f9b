#include "operator/runtime/reflector.h"

#include <exception>
#include <functional>
#include <new>
#include <utility>

#include "operator/base/log.h"

namespace remora::runtime {

namespace {

// A watch that lived this long was healthy, even if nothing happened on it: its end is not yet a
// reason to wait longer before the next one.
constexpr std::chrono::seconds kHealthyWatch{10};
// The API server sends a bookmark a minute, and one before it ends a watch. A watch that lived
// longer and heard nothing, or several short ones in a row, may have begun at a version that does not
// exist yet: after etcd was restored from a backup nothing is sent until that version has come by.
constexpr std::chrono::seconds kBookmarkDue{120};
constexpr int kSilentWatches = 5;

// Resource versions count up (KEP-5504). One that is no number is not older than anything.
bool IsOlder(const std::string& version, const std::string& than) {
  const auto is_number = [](const std::string& text) {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
  };
  if (!is_number(version) || !is_number(than)) return false;
  return version.size() == than.size() ? version < than : version.size() < than.size();
}

// A sink that throws must not end the process: this thread is nobody else's.
Result<void> Safely(const std::function<void()>& call) {
  try {
    call();
    return {};
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& exception) {
    return Error(ErrorCode::kInternal, exception.what());
  }
}

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
    const bool is_absent = page.error().code() == ErrorCode::kNotFound;
    if (is_absent && options_.absent_is_empty && !has_contents_) {
      (void)HandOn({}, kWholeList);
    }
    Fail("list", page.error(), stop);
    // An expired continue token is the one failure that makes the pages so far worthless.
    if (page.error().code() == ErrorCode::kGone) return Empty{};
    return std::move(state);
  }
  NoteContact();
  const PagePlace place{.first = state.continue_token.empty(),
                        .last = page->continue_token.empty()};
  state.objects += page->items.size();
  state.continue_token = page->continue_token;
  if (auto taken = HandOn(std::move(page->items), place); !taken.ok()) {
    Fail("list", taken.error(), stop);
    return Empty{};
  }
  if (!place.last) return std::move(state);
  Log(LogLevel::kInfo, "listed",
      {{"resource", options_.name},
       {"objects", state.objects},
       {"resource_version", page->resource_version}});
  return Watching{.resource_version = page->resource_version, .stream = nullptr};
}

Result<void> Reflector::HandOn(std::vector<nlohmann::json> objects, PagePlace place) {
  auto taken = Safely([&] { options_.sink.TakePage(std::move(objects), place); });
  if (taken.ok() && place.last) has_contents_ = true;
  return taken;
}

Reflector::State Reflector::StepFrom(Watching&& state, const std::stop_token& stop) {
  if (!state.stream) return Open(std::move(state), stop);
  auto event = state.stream->Next(stop);
  if (event.ok() && event->has_value()) {
    if (!Apply(**event, state)) {
      const Error error(ErrorCode::kGone, "the API server went back behind version " +
                                              state.resource_version + "; listing again");
      Fail("watch", error, stop);
      return Empty{};
    }
    backoff_.Reset();
    return std::move(state);
  }
  return Ended(std::move(state), event, stop);
}

Reflector::State Reflector::Ended(Watching&& state,
                                  const Result<std::optional<kube::WatchEvent>>& event,
                                  const std::stop_token& stop) {
  state.stream.reset();
  const auto lived = options_.clock.Now() - state.opened;
  const bool healthy = lived >= kHealthyWatch;
  if (healthy) backoff_.Reset();
  if (!event.ok()) {
    Fail("watch", event.error(), stop);
    if (event.error().code() == ErrorCode::kGone) return Empty{};
  } else if (!healthy) {
    // The server ends a watch at its time-out, minutes after its start. One that accepts and ends
    // at once must not be asked again at once.
    Fail("watch", Error(ErrorCode::kUnavailable, "the server ended the watch early"), stop);
  }
  state.silent = state.heard ? 0 : state.silent + 1;
  if (!state.heard && (lived >= kBookmarkDue || state.silent >= kSilentWatches)) {
    Log(LogLevel::kInfo, "nothing was heard on the watch: listing again",
        {{"resource", options_.name}, {"resource_version", state.resource_version}});
    return Empty{};
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
  state.heard = false;
  state.stream = *std::move(stream);
  state.opened = options_.clock.Now();
  return std::move(state);
}

bool Reflector::Apply(const kube::WatchEvent& event, Watching& state) {
  NoteContact();
  const std::string version = event.ResourceVersion();
  if (IsOlder(version, state.resource_version)) return false;
  state.heard = true;
  if (event.type != kube::WatchEventType::kBookmark) {
    ++events_;
    if (auto applied = Safely([&] { options_.sink.Apply(event); }); !applied.ok()) {
      Log(LogLevel::kError, "an event is passed over: what it brings cannot be digested",
          {{"resource", options_.name},
           {"resource_version", version},
           {"reason", applied.error().message()}});
    }
  }
  // Last, so that an event is not passed over if the sink should ever fail half-way.
  if (!version.empty()) state.resource_version = version;
  return true;
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
