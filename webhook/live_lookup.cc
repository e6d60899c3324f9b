#include "webhook/live_lookup.h"

#include <exception>
#include <new>
#include <utility>

#include <fmt/format.h>

namespace remora::webhook {

namespace {

// From here on, what nobody can be waiting for any more is dropped. A name costs some 200 bytes.
constexpr std::size_t kManyEntries = 1024;
constexpr std::chrono::seconds kNobodyWaits{5};

}  // namespace

LiveLookup::LiveLookup(Fetch fetch, const Clock& clock, Options options)
    : fetch_(std::move(fetch)), clock_(clock), options_(options) {
  for (int i = 0; i < options_.threads; ++i) {
    threads_.emplace_back([this](const std::stop_token& stop) { Work(stop); });
  }
}

bool LiveLookup::IsFresh(const Entry& entry) const {
  const bool found =
      entry.pattern != nullptr && entry.pattern->refusal != api::Reason::kDeadlineExceeded;
  return clock_.Now() - entry.at < (found ? options_.found_kept : options_.missing_kept);
}

bool LiveLookup::Read(std::span<const PatternKey> keys, Age age,
                      std::vector<Pattern>& found) const {
  std::vector<Pattern> patterns;
  MutexLock lock(mutex_);
  for (const PatternKey& key : keys) {
    const auto at = entries_.find(key);
    if (at == entries_.end() || at->second.pending) return false;
    if (age == Age::kFresh && !IsFresh(at->second)) return false;
    if (at->second.pattern) patterns.push_back(at->second.pattern);
  }
  found.insert(found.end(), patterns.begin(), patterns.end());
  return true;
}

void LiveLookup::Ask(std::span<const PatternKey> keys, std::function<void()> done) {
  auto waiter = std::make_shared<Waiter>(Waiter{0, std::move(done)});
  bool all_known = false;
  {
    MutexLock lock(mutex_);
    ForgetOld();
    for (const PatternKey& key : keys) {
      const auto [at, made] = entries_.try_emplace(key);
      Entry& entry = at->second;
      if (!made && !entry.pending && IsFresh(entry)) continue;
      const bool asked = !made && entry.pending;
      if (!asked && (stopped_ || queue_.size() >= options_.max_queue)) {
        entry.pending = false;
        entry.at = clock_.Now();
        entry.pattern = Unread(key, "too many names wait for the API server already");
        continue;
      }
      if (!asked) {
        entry.pending = true;
        entry.at = clock_.Now();
        queue_.push_back({key, entry.at});
      }
      entry.waiters.push_back(waiter);
      ++waiter->open;
    }
    all_known = waiter->open == 0;
  }
  changed_.NotifyAll();
  if (all_known) waiter->done();
}

void LiveLookup::ForgetOld() {
  if (entries_.size() < kManyEntries) return;
  const auto now = clock_.Now();
  std::erase_if(entries_, [now](const auto& item) {
    return !item.second.pending && now - item.second.at > kNobodyWaits;
  });
}

// After a stop it works off the queue: with a stopped token every call ends at once.
void LiveLookup::Work(const std::stop_token& stop) {
  while (true) {
    Job job;
    {
      MutexLock lock(mutex_);
      const auto ready = [this]() REQUIRES(mutex_) { return !queue_.empty(); };
      if (!changed_.Wait(mutex_, stop, ready)) return;
      job = std::move(queue_.front());
      queue_.pop_front();
    }
    Finish(job.key, Look(job, stop));
  }
}

// All that runs now was asked before what waits, and so ends before it is due: a thread is free then.
LiveLookup::Pattern LiveLookup::Look(const Job& job, const std::stop_token& stop) const {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
      options_.limit - (clock_.Now() - job.asked));
  if (left.count() <= 0 || stop.stop_requested()) {
    return Unread(job.key, fmt::format("there was no time to ask the API server within {} ms",
                                       options_.limit.count()));
  }
  try {
    auto fetched = fetch_(job.key, left, stop);
    if (fetched.ok()) return *std::move(fetched);
    const Error& error = fetched.error();
    if (error.code() == ErrorCode::kNotFound) return nullptr;
    if (error.code() != ErrorCode::kDeadlineExceeded) {
      return Unread(job.key, "the API server could not be asked: " + error.message());
    }
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& exception) {
    return Unread(job.key,
                  std::string("the API server's answer is no pattern: ") + exception.what());
  }
  return Unread(job.key,
                fmt::format("the API server did not answer within {} ms", options_.limit.count()));
}

LiveLookup::Pattern LiveLookup::Unread(const PatternKey& key, std::string complaint) const {
  auto stored = std::make_shared<injection::StoredPattern>();
  stored->kind = key.kind;
  stored->namespace_name = key.namespace_name;
  stored->name = key.name;
  stored->complaint = std::move(complaint);
  stored->refusal = api::Reason::kDeadlineExceeded;
  return stored;
}

void LiveLookup::Finish(const PatternKey& key, Pattern pattern) {
  std::vector<std::shared_ptr<Waiter>> complete;
  {
    MutexLock lock(mutex_);
    Entry& entry = entries_[key];
    entry.pending = false;
    entry.at = clock_.Now();
    entry.pattern = std::move(pattern);
    for (auto& waiter : entry.waiters) {
      if (--waiter->open == 0) complete.push_back(std::move(waiter));
    }
    entry.waiters.clear();
  }
  for (const auto& waiter : complete) waiter->done();
}

void LiveLookup::Stop() {
  {
    MutexLock lock(mutex_);
    stopped_ = true;
  }
  for (std::jthread& thread : threads_) thread.request_stop();
  threads_.clear();  // joins
}

}  // namespace remora::webhook
