// Store<T> and Lister<T>: the objects of one kind as values, written by one thread, read by all.
//
// Contract
//   - The Store is the writer: a Reflector's sink. The Lister is the reader, cheap to copy, and
//     valid after the Store's death. What is read is an immutable Contents: one moment, whole.
//   - `decode` (decoder.h) runs once per version of an object, on the Reflector's thread, so that
//     costly work happens when something changes and not when it is read. It sees apiVersion and kind.
//   - An object that cannot be decoded is out of service alone: its entry has a complaint and no
//     value. Its earlier value does not stay: what kubectl shows is what is in force, or nothing
//     is.
//   - `on_change` is called without locks, on the Reflector's thread, after the new contents can be
//     read: once per list, once per event that changed something.
// Thread-safety: Store: owner thread only. Lister and Contents: any thread.
// Errors: none; see the entries' complaints.
// Lifetime: `decode` and `on_change` are called until the Reflector has stopped.
//
// Example
//   Store<Pattern> store([](const nlohmann::json& object) { return Pattern::FromObject(object); },
//                        [&] { Rebuild(); });
//   Lister<Pattern> patterns = store.lister();
//   std::shared_ptr<const Pattern> found = patterns.Find({"shop", "cache"});
#pragma once

#include <algorithm>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "operator/base/log.h"
#include "operator/base/snapshot.h"
#include "operator/kube/resource.h"
#include "operator/runtime/decoder.h"
#include "operator/runtime/lister_watcher.h"
#include "operator/runtime/object_meta.h"

namespace remora::runtime {

using kube::ObjectKey;

template <typename T>
struct Contents {
  struct Entry {
    ObjectKey key;
    std::string resource_version;
    std::shared_ptr<const T> value;  // null: `complaint` says why
    std::string complaint;
  };

  std::vector<std::shared_ptr<const Entry>> entries;  // sorted by key
  std::uint64_t generation = 0;                       // grows with every change of a value
  bool synced = false;                                // a whole list has arrived

  // Null when there is none.
  std::shared_ptr<const Entry> Find(const ObjectKey& key) const {
    const auto at = LowerBound(entries, key);
    return at != entries.end() && (*at)->key == key ? *at : nullptr;
  }

  template <typename Entries>
  static auto LowerBound(Entries& entries, const ObjectKey& key) {
    return std::lower_bound(entries.begin(), entries.end(), key,
                            [](const auto& entry, const ObjectKey& k) { return entry->key < k; });
  }
};

template <typename T>
class Lister {
 public:
  explicit Lister(std::shared_ptr<const Snapshot<Contents<T>>> contents)
      : contents_(std::move(contents)) {}

  std::shared_ptr<const Contents<T>> Load() const { return contents_->Load(); }
  bool HasSynced() const { return Load()->synced; }
  // Null when there is no such object, or it is out of service.
  std::shared_ptr<const T> Find(const ObjectKey& key) const {
    const auto entry = Load()->Find(key);
    return entry ? entry->value : nullptr;
  }

 private:
  std::shared_ptr<const Snapshot<Contents<T>>> contents_;
};

template <typename T>
class Store final : public ObjectSink {
 public:
  using Decode = Decoder<T>;

  explicit Store(Decode decode, std::function<void()> on_change = nullptr)
      : decode_(std::move(decode)), on_change_(std::move(on_change)) {}

  Lister<T> lister() const { return Lister<T>(contents_); }

  void TakePage(std::vector<nlohmann::json> objects, PagePlace place) override {
    const std::shared_ptr<const Contents<T>> before = contents_->Load();
    if (place.first) listed_.clear();
    for (const nlohmann::json& object : objects) {
      if (EntryPointer entry = MakeEntry(object, *before)) listed_.push_back(std::move(entry));
    }
    if (!place.last) return;
    std::sort(listed_.begin(), listed_.end(),
              [](const auto& a, const auto& b) { return a->key < b->key; });
    Publish(std::exchange(listed_, {}), before->generation + 1, true);
  }

  void Apply(const kube::WatchEvent& event) override {
    const std::shared_ptr<const Contents<T>> before = contents_->Load();
    const ObjectMeta meta = ReadObjectMeta(event.object);
    if (meta.key.name.empty()) return;
    std::vector<EntryPointer> entries = before->entries;
    const auto at = Contents<T>::LowerBound(entries, meta.key);
    const bool known = at != entries.end() && (*at)->key == meta.key;
    if (event.type == kube::WatchEventType::kDeleted) {
      if (!known) return;
      entries.erase(at);
    } else {
      EntryPointer entry = MakeEntry(event.object, *before);
      if (known && *at == entry) return;  // seen already, in this version
      if (known && entry->value && entry->value == (*at)->value) {
        *at = std::move(entry);
        return Publish(std::move(entries), before->generation, before->synced);
      }
      if (known) {
        *at = std::move(entry);
      } else {
        entries.insert(at, std::move(entry));
      }
    }
    Publish(std::move(entries), before->generation + 1, before->synced);
  }

 private:
  using Entry = typename Contents<T>::Entry;
  using EntryPointer = std::shared_ptr<const Entry>;

  // Null when the object has no name. The entry of `before` when that has the same version: the API
  // server gives no version twice.
  EntryPointer MakeEntry(const nlohmann::json& object, const Contents<T>& before) const {
    ObjectMeta meta = ReadObjectMeta(object);
    if (meta.key.name.empty()) return nullptr;
    EntryPointer known = before.Find(meta.key);
    if (known && !meta.resource_version.empty() &&
        known->resource_version == meta.resource_version) {
      return known;
    }
    Entry entry{std::move(meta.key), std::move(meta.resource_version), nullptr, {}};
    auto decoded = DecodeSafely(object, known ? known->value : nullptr);
    if (decoded.ok()) {
      entry.value = *std::move(decoded);
    } else {
      entry.complaint = decoded.error().message();
      Log(LogLevel::kWarning, "object is out of service: it cannot be read",
          {{"object", entry.key.ToString()}, {"reason", entry.complaint}});
    }
    return std::make_shared<const Entry>(std::move(entry));
  }

  // The decoders use nlohmann, which throws; one object must not take the others down.
  Result<std::shared_ptr<const T>> DecodeSafely(const nlohmann::json& object,
                                                const std::shared_ptr<const T>& before) const {
    try {
      auto decoded = decode_(object, before);
      if (decoded.ok() && *decoded == nullptr) return Error(ErrorCode::kInvalid, "not understood");
      return decoded;
    } catch (const std::bad_alloc&) {
      throw;
    } catch (const std::exception& exception) {
      return Error(ErrorCode::kInvalid, exception.what());
    }
  }

  void Publish(std::vector<EntryPointer> entries, std::uint64_t generation, bool synced) {
    contents_->Publish(
        std::make_shared<const Contents<T>>(Contents<T>{std::move(entries), generation, synced}));
    if (on_change_) on_change_();
  }

  Decode decode_;
  std::function<void()> on_change_;
  std::vector<EntryPointer> listed_;  // of a list that is not complete yet
  std::shared_ptr<Snapshot<Contents<T>>> contents_ =
      std::make_shared<Snapshot<Contents<T>>>(std::make_shared<const Contents<T>>());
};

}  // namespace remora::runtime
