// LiveLookup: asks the API server for patterns that the cache does not have (yet), so that a pattern
// and a Pod that asks for it can be applied together.
//
// Contract
//   - Nobody waits on a thread: Read() and Ask() return at once, `done` is called when all is known.
//   - A name is known after Options::limit at the latest; then the API server's silence is what is
//     known of it.
//   - No flood: a name is asked for by one request, however many want it; what is not there is not
//     asked for again for a second; no more than Options::threads requests are under way.
//   - What was found is forgotten soon: by then it is in the cache, or gone again.
// Thread-safety: internally synchronised. `done` runs on a thread of the LiveLookup or in Ask().
// Errors: none; a name that could not be asked for is a StoredPattern refused by DeadlineExceeded.
// Lifetime: Stop() returns when the last `done` has. What Fetch and the Clock refer to outlives it.
//
// Example
//   std::vector<std::shared_ptr<const StoredPattern>> found;
//   if (lookup.Read(keys, LiveLookup::Age::kFresh, found)) return Use(found);
//   lookup.Ask(keys, [&] { Resume(); });
#pragma once

#include <chrono>
#include <compare>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "operator/base/clock.h"
#include "operator/base/mutex.h"
#include "operator/base/result.h"
#include "operator/injection/pattern_index.h"

namespace remora::webhook {

struct PatternKey {
  api::PatternKind kind;
  std::string namespace_name;
  std::string name;
  auto operator<=>(const PatternKey&) const = default;  // NOLINT(modernize-use-nullptr): not one
};

class LiveLookup {
 public:
  using Pattern = std::shared_ptr<const injection::StoredPattern>;
  // One GET, which ends within `limit` and soon after a stop. NotFound: there is none.
  using Fetch = std::function<Result<Pattern>(
      const PatternKey& key, std::chrono::milliseconds limit, const std::stop_token& stop)>;
  struct Options {
    std::chrono::milliseconds limit{500};
    std::chrono::milliseconds missing_kept{1'000};
    std::chrono::milliseconds found_kept{100};
    int threads = 4;
    std::size_t max_queue = 256;  // names; who comes later is told that it takes too long
  };
  enum class Age { kFresh, kAny };

  LiveLookup(Fetch fetch, const Clock& clock, Options options);
  LiveLookup(Fetch fetch, const Clock& clock) : LiveLookup(std::move(fetch), clock, Options()) {}
  ~LiveLookup() { Stop(); }
  LiveLookup(const LiveLookup&) = delete;
  LiveLookup& operator=(const LiveLookup&) = delete;

  // Appends those of the keys that exist, or could not be asked for. False: one of them is not
  // known. kAny takes what was known earlier too: for who has waited for it.
  bool Read(std::span<const PatternKey> keys, Age age, std::vector<Pattern>& found) const
      EXCLUDES(mutex_);
  void Ask(std::span<const PatternKey> keys, std::function<void()> done) EXCLUDES(mutex_);
  // Nothing is asked any more; who waits is told so.
  void Stop() EXCLUDES(mutex_);

 private:
  struct Waiter {
    std::size_t open;  // names that are not known yet
    std::function<void()> done;
  };
  struct Entry {
    bool pending = true;
    Clock::TimePoint at = {};  // asked; once known: answered
    Pattern pattern;           // null: there is none
    std::vector<std::shared_ptr<Waiter>> waiters;
  };
  struct Job {
    PatternKey key;
    Clock::TimePoint asked;
  };

  void Work(const std::stop_token& stop);
  Pattern Look(const Job& job, const std::stop_token& stop) const;
  Pattern Unread(const PatternKey& key, std::string complaint) const;
  void Finish(const PatternKey& key, Pattern pattern) EXCLUDES(mutex_);
  bool IsFresh(const Entry& entry) const;
  void ForgetOld() REQUIRES(mutex_);

  const Fetch fetch_;
  const Clock& clock_;
  const Options options_;
  mutable Mutex mutex_;
  CondVar changed_;
  std::map<PatternKey, Entry> entries_ GUARDED_BY(mutex_);
  std::deque<Job> queue_ GUARDED_BY(mutex_);
  bool stopped_ GUARDED_BY(mutex_) = false;
  std::vector<std::jthread> threads_;
};

}  // namespace remora::webhook
