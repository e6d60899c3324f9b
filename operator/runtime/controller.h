// Reconciler<Key>: brings one object to the state it should have. Controller<Key>: calls it.
//
// Contract
//   - Level-based: a Reconciler is told which object, not what happened. It reads, decides, writes
//     what differs, and may be called at any time, also when nothing has changed.
//   - Of a result: a time, and it is called again then; nothing, and it is called when the key is
//     added; an error, and it is called again after a back-off that grows for this key alone.
//     Conflict and Cancelled are no news and are not logged as failures.
//   - An exception is a failure like any other: one poison object stops neither the thread nor the
//     other keys.
//   - Nothing is reconciled while `may_run` says no (not the leader); the key waits a second.
// Thread-safety: Run() may be called on several threads; the queue keeps them off the same key.
// Errors: none come out.
// Lifetime: what the Options refer to outlives it.
//
// Example
//   Controller<PatternKey> controller({.name = "patterns", .queue = queue, .reconciler = reconciler});
//   manager.Add("patterns", [&](std::stop_token stop) { controller.Run(stop); });
#pragma once

#include <chrono>
#include <exception>
#include <functional>
#include <new>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>

#include "operator/base/clock.h"
#include "operator/base/log.h"
#include "operator/base/result.h"
#include "operator/runtime/work_queue.h"

namespace remora::runtime {

// After which time to come again; nothing: when there is news.
using Requeue = std::optional<Clock::Duration>;

template <typename Key>
class Reconciler {
 public:
  virtual ~Reconciler() = default;
  virtual Result<Requeue> Reconcile(const Key& key, std::stop_token stop) = 0;
};

template <typename Key>
class Controller {
 public:
  struct Options {
    std::string name;
    WorkQueue<Key>& queue;
    Reconciler<Key>& reconciler;
    std::function<bool()> may_run = [] { return true; };
  };

  explicit Controller(Options options) : options_(std::move(options)) {}

  void Run(const std::stop_token& stop) {
    while (const auto key = options_.queue.Get(stop)) Process(*key, stop);
  }

  // For tests: one key, if one is due.
  bool ProcessNext(const std::stop_token& stop) {
    const auto key = options_.queue.TryGet();
    if (key) Process(*key, stop);
    return key.has_value();
  }

 private:
  static constexpr std::chrono::seconds kNotNow{1};

  void Process(const Key& key, const std::stop_token& stop) {
    if (options_.may_run()) {
      Settle(key, Call(key, stop));
    } else {
      options_.queue.AddAfter(key, kNotNow);
    }
    options_.queue.Done(key);
  }

  Result<Requeue> Call(const Key& key, const std::stop_token& stop) {
    try {
      return options_.reconciler.Reconcile(key, stop);
    } catch (const std::bad_alloc&) {
      throw;
    } catch (const std::exception& exception) {
      return Error(ErrorCode::kInternal, exception.what());
    }
  }

  // The whole retry policy.
  void Settle(const Key& key, const Result<Requeue>& result) {
    if (result.ok()) {
      options_.queue.Forget(key);
      if (*result) options_.queue.AddAfter(key, **result);
      return;
    }
    switch (result.error().code()) {
      case ErrorCode::kCancelled:        // the process ends, or the call is made again anyway
      case ErrorCode::kConflict: break;  // somebody else wrote: read again
      default:
        Log(LogLevel::kWarning, "reconciling failed; trying again",
            {{"controller", options_.name},
             {"object", key.ToString()},
             {"code", ErrorCodeName(result.error().code())},
             {"reason", result.error().message()}});
    }
    options_.queue.AddRateLimited(key);
  }

  const Options options_;
};

}  // namespace remora::runtime
