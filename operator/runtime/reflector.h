// Reflector: keeps an ObjectSink equal to one resource of the API server.
//
// Contract
//   - One state and one step. Empty → Listing (page by page) → Watching. A watch that ends or is cut
//     is resumed from the last version seen (bookmarks count) without another list. So a healthy
//     Reflector makes one LIST and one WATCH.
//   - Back to Empty leads what says that the version seen is worth nothing: Gone, an event older than
//     it, and watches on which nothing is heard for longer than bookmarks take, since an API server
//     whose etcd was restored from a backup sends nothing until that version comes by again.
//   - The sink sees the pages of a list, then Apply for every event, in order, all from
//     the thread that runs the Reflector.
//   - A sink that throws ends nothing: its event is passed over, its list made again after the back-off.
//     What one object can spoil, the sink should confine to that object.
//   - Failures are logged and retried with base/backoff for ever; a kind that the API server does
//     not serve (404: its CRD is not installed) is a failure like any other, with a sentence of its
//     own. The sink keeps its last contents meanwhile. With Options::absent_is_empty, a sink that has
//     none yet is told of an empty list then, so that nobody waits for a kind that is not installed.
// Thread-safety: Run and Step: owner thread only. metrics(): any thread.
// Errors: none come out.
// Lifetime: `source`, `sink` and `clock` outlive it.
//
// Example
//   Store<Namespace> store(&DecodeNamespace);
//   KubeListerWatcher source(client, {"", "v1", "namespaces"});
//   Reflector reflector({.name = "namespaces", .source = source, .sink = store, .clock = clock});
//   manager.Add("reflector namespaces", [&](std::stop_token stop) { reflector.Run(stop); });
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <variant>
#include <vector>

#include "operator/base/backoff.h"
#include "operator/base/clock.h"
#include "operator/runtime/lister_watcher.h"

namespace remora::runtime {

// Counted since the Reflector was made.
struct ReflectorMetrics {
  std::uint64_t lists = 0;                 // lists begun (not pages)
  std::uint64_t watches = 0;               // watches opened
  std::uint64_t restarts = 0;              // watches opened again after an end or a cut
  std::uint64_t failures = 0;              // failed calls and cut streams
  std::uint64_t events = 0;                // events applied, without bookmarks
  Clock::WallTimePoint last_contact = {};  // the last list or event, bookmarks too; epoch: never
};

class Reflector {
 public:
  struct Options {
    std::string name;  // for logs: the resource's plural
    ListerWatcher& source;
    ObjectSink& sink;
    Clock& clock;
    bool absent_is_empty = false;
    Backoff::Options backoff = {};
    RandomSource random = SystemRandom();
  };

  explicit Reflector(Options options);

  // Steps until a stop is asked for.
  void Run(const std::stop_token& stop);
  // One transition: one call to the source, or one event. Blocks as long as that takes, and for the
  // back-off after a failure.
  void Step(const std::stop_token& stop);

  ReflectorMetrics metrics() const;

 private:
  struct Empty {};
  struct Listing {
    std::string continue_token = {};  // empty: before the first page
    std::size_t objects = 0;          // of the pages so far
  };
  struct Watching {
    std::string resource_version;         // the last one seen
    std::unique_ptr<EventSource> stream;  // null: to be opened
    Clock::TimePoint opened = {};
    bool resumed = false;  // there was a stream before
    bool heard = false;    // on this stream: an event or a bookmark
    int silent = 0;        // streams in a row that ended without
  };
  using State = std::variant<Empty, Listing, Watching>;

  // Each does one step from its state and returns the next state.
  State StepFrom(Empty&& state, const std::stop_token& stop);
  State StepFrom(Listing&& state, const std::stop_token& stop);
  State StepFrom(Watching&& state, const std::stop_token& stop);
  State Ended(Watching&& state, const Result<std::optional<kube::WatchEvent>>& end,
              const std::stop_token& stop);
  State Open(Watching&& state, const std::stop_token& stop);
  // Internal: the sink could not digest the page.
  Result<void> HandOn(std::vector<nlohmann::json> objects, PagePlace place);
  // False: nothing was applied, for its version is older than what has been seen.
  bool Apply(const kube::WatchEvent& event, Watching& state);
  void NoteContact();
  // Logs, counts, and waits for the back-off.
  void Fail(const char* what, const Error& error, const std::stop_token& stop);

  Options options_;
  Backoff backoff_;
  State state_;
  bool has_contents_ = false;  // the sink: a whole list has come

  std::atomic<std::uint64_t> lists_ = 0;
  std::atomic<std::uint64_t> watches_ = 0;
  std::atomic<std::uint64_t> failures_ = 0;
  std::atomic<std::uint64_t> events_ = 0;
  std::atomic<std::uint64_t> restarts_ = 0;
  std::atomic<Clock::WallTimePoint> last_contact_ = Clock::WallTimePoint{};
};

}  // namespace remora::runtime
