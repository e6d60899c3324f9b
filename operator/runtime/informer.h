// Informer<T>: one resource of the API server kept in memory as values: a Store, and the Reflector that
// fills it.
//
// Contract
//   - on_event is called after each event, on_list after each whole list, with the new contents in
//     place; both on the Reflector's thread. on_list is told the keys of the contents before and of those
//     now: what has changed or gone between two watches is in no event.
// Thread-safety: lister(), reflector().metrics(): any thread. The rest: owner thread.
// Errors: none; see Store and Reflector.
// Lifetime: client, clock and what the functions refer to outlive it, and it outlives the Manager.
//
// Example
//   Informer<NamespaceFacts> namespaces({.client = client, .clock = clock,
//       .resource = {"", "v1", "namespaces"}, .decode = &DecodeNamespace});
//   namespaces.RunIn(manager);
#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "operator/base/clock.h"
#include "operator/kube/client.h"
#include "operator/runtime/lister_watcher.h"
#include "operator/runtime/manager.h"
#include "operator/runtime/object_meta.h"
#include "operator/runtime/reflector.h"
#include "operator/runtime/store.h"

namespace remora::runtime {

template <typename T>
class Informer {
 public:
  using OnEvent = std::function<void(const kube::ObjectKey&)>;
  using OnList = std::function<void(const std::set<kube::ObjectKey>&)>;

  struct Options {
    kube::Client& client;
    Clock& clock;
    kube::Resource resource;
    typename Store<T>::Decode decode;
    OnEvent on_event = nullptr;
    OnList on_list = nullptr;
    bool absent_is_empty = false;  // see Reflector
    KubeListerWatcher::Options source = {};
  };

  explicit Informer(Options options)
      : name_(options.resource.plural),
        store_(std::move(options.decode)),
        sink_(store_, std::move(options.on_event), std::move(options.on_list)),
        source_(options.client, std::move(options.resource), std::move(options.source)),
        reflector_({.name = name_,
                    .source = source_,
                    .sink = sink_,
                    .clock = options.clock,
                    .absent_is_empty = options.absent_is_empty}) {}

  void RunIn(Manager& manager) {
    manager.Add(Phase::kCaches, name_,
                [this](const std::stop_token& stop) { reflector_.Run(stop); });
  }

  Lister<T> lister() const { return store_.lister(); }
  const std::string& name() const { return name_; }
  const Reflector& reflector() const { return reflector_; }

 private:
  // Says to two functions what it hands on.
  class TellingSink final : public ObjectSink {
   public:
    TellingSink(Store<T>& store, OnEvent on_event, OnList on_list)
        : store_(store), on_event_(std::move(on_event)), on_list_(std::move(on_list)) {}

    void TakePage(std::vector<nlohmann::json> objects, PagePlace place) override {
      std::set<kube::ObjectKey> keys;
      if (place.last) AddKeys(keys);
      store_.TakePage(std::move(objects), place);
      if (!place.last || !on_list_) return;
      AddKeys(keys);
      on_list_(keys);
    }
    void Apply(const kube::WatchEvent& event) override {
      store_.Apply(event);
      if (on_event_) on_event_(ReadObjectMeta(event.object).key);
    }

   private:
    void AddKeys(std::set<kube::ObjectKey>& keys) const {
      const auto contents = store_.lister().Load();
      for (const auto& entry : contents->entries) keys.insert(entry->key);
    }

    Store<T>& store_;
    const OnEvent on_event_;
    const OnList on_list_;
  };

  const std::string name_;
  Store<T> store_;
  TellingSink sink_;
  KubeListerWatcher source_;
  Reflector reflector_;
};

}  // namespace remora::runtime
