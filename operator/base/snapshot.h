// Snapshot<T>: one immutable value that a writer replaces whole while readers hold on to theirs.
//
// Contract
//   - Load() returns the value of one moment; it stays valid and unchanged for as long as it is
//     held.
//   - Publish() hands over a new value; the old one dies with its last reader, outside the lock.
//   - Never empty: built with a value, and null may not be published.
// Thread-safety: internally synchronised. A mutex and not std::atomic<std::shared_ptr>, in which
//   ThreadSanitizer reports a race of libstdc++ 12's own. A Load is two uncontended atomics.
// Errors: none; a null pointer is a broken invariant.
//
// Example
//   Snapshot<PatternIndex> index(std::make_shared<const PatternIndex>());
//   index.Publish(std::move(builder).Build());
//   std::shared_ptr<const PatternIndex> now = index.Load();
#pragma once

#include <memory>
#include <utility>

#include "operator/base/mutex.h"
#include "operator/base/result.h"

namespace remora {

template <typename T>
class Snapshot {
 public:
  explicit Snapshot(std::shared_ptr<const T> value) : value_(std::move(value)) {
    REMORA_CHECK(value_ != nullptr);
  }
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;

  std::shared_ptr<const T> Load() const EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return value_;
  }

  void Publish(std::shared_ptr<const T> value) EXCLUDES(mutex_) {
    REMORA_CHECK(value != nullptr);
    MutexLock lock(mutex_);
    value_.swap(value);
    // `value`, now the old one, is a parameter: it is destroyed after `lock`, thus unlocked.
  }

 private:
  mutable Mutex mutex_;
  std::shared_ptr<const T> value_ GUARDED_BY(mutex_);
};

}  // namespace remora
