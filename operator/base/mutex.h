// Mutex, MutexLock, CondVar: std::mutex and its friends, visible to clang's -Wthread-safety.
//
// Contract
//   - A member marked GUARDED_BY(mutex_) is touched under that lock only; clang reports the rest at
//     compile time (std::mutex carries no annotations in libstdc++, hence these). Under g++ the
//     macros vanish.
//   - CondVar waits end at once when the stop_token asks for it.
// Thread-safety: internally synchronised.
// Errors: none.
//
// Example
//   Mutex mutex_;
//   CondVar changed_;
//   int jobs_ GUARDED_BY(mutex_) = 0;
//
//   MutexLock lock(mutex_);
//   bool some = changed_.Wait(mutex_, stop, [this]() REQUIRES(mutex_) { return jobs_ > 0; });
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <utility>

#if defined(__clang__)
#define REMORA_THREAD_ANNOTATION(x) __attribute__((x))
#else
#define REMORA_THREAD_ANNOTATION(x)
#endif

#define CAPABILITY(x) REMORA_THREAD_ANNOTATION(capability(x))
#define SCOPED_CAPABILITY REMORA_THREAD_ANNOTATION(scoped_lockable)
#define GUARDED_BY(x) REMORA_THREAD_ANNOTATION(guarded_by(x))
#define PT_GUARDED_BY(x) REMORA_THREAD_ANNOTATION(pt_guarded_by(x))
#define REQUIRES(...) REMORA_THREAD_ANNOTATION(requires_capability(__VA_ARGS__))
#define EXCLUDES(...) REMORA_THREAD_ANNOTATION(locks_excluded(__VA_ARGS__))
#define ACQUIRE(...) REMORA_THREAD_ANNOTATION(acquire_capability(__VA_ARGS__))
#define RELEASE(...) REMORA_THREAD_ANNOTATION(release_capability(__VA_ARGS__))
#define NO_THREAD_SAFETY_ANALYSIS REMORA_THREAD_ANNOTATION(no_thread_safety_analysis)

namespace remora {

class CAPABILITY("mutex") Mutex {
 public:
  Mutex() = default;
  ~Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  // Lower case: the BasicLockable names that the standard library asks for. Prefer MutexLock.
  void lock() ACQUIRE() { mutex_.lock(); }
  void unlock() RELEASE() { mutex_.unlock(); }

 private:
  std::mutex mutex_;
};

class SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
  ~MutexLock() RELEASE() { mutex_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

class CondVar {
 public:
  CondVar() = default;
  ~CondVar() = default;
  CondVar(const CondVar&) = delete;
  CondVar& operator=(const CondVar&) = delete;

  void NotifyOne() { condition_.notify_one(); }
  void NotifyAll() { condition_.notify_all(); }

  // Waits until `ready()` holds or a stop is asked for. Returns `ready()`.
  template <typename Predicate>
  bool Wait(Mutex& mutex, std::stop_token stop, Predicate ready)
      REQUIRES(mutex) NO_THREAD_SAFETY_ANALYSIS {
    return condition_.wait(mutex, std::move(stop), std::move(ready));
  }

  // The same, and no longer than until `deadline`.
  template <typename Predicate>
  bool WaitUntil(Mutex& mutex, std::stop_token stop, std::chrono::steady_clock::time_point deadline,
                 Predicate ready) REQUIRES(mutex) NO_THREAD_SAFETY_ANALYSIS {
    return condition_.wait_until(mutex, std::move(stop), deadline, std::move(ready));
  }

 private:
  std::condition_variable_any condition_;
};

}  // namespace remora
