// ListerWatcher: what a Reflector asks of the API server. ObjectSink: whom it tells.
//
// Contract
//   - Declared here by their consumer; KubeListerWatcher and Store<T> are the product's
//     implementations, fakes the tests'.
//   - Every call may block, and ends soon after a stop.
// Thread-safety: called from the Reflector's thread only.
// Errors: Gone (of List: the continue token has expired; of Watch and Next: the version is
//   compacted), NotFound (the kind is not served), anything else is retried later.
// Lifetime: outlives its Reflector. An EventSource may not outlive the ListerWatcher it came from.
//
// Example
//   KubeListerWatcher namespaces(client, {"", "v1", "namespaces"});
//   auto page = namespaces.List("", stop);
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "operator/base/backoff.h"
#include "operator/base/result.h"
#include "operator/kube/client.h"

namespace remora::runtime {

class EventSource {
 public:
  virtual ~EventSource() = default;
  // As kube::WatchStream::Next.
  virtual Result<std::optional<kube::WatchEvent>> Next(std::stop_token stop) = 0;
};

class ListerWatcher {
 public:
  virtual ~ListerWatcher() = default;
  // One page: the first for an empty token.
  virtual Result<kube::ListPage> List(const std::string& continue_token, std::stop_token stop) = 0;
  virtual Result<std::unique_ptr<EventSource>> Watch(const std::string& resource_version,
                                                     std::stop_token stop) = 0;
};

// Which part of a list a page is.
struct PagePlace {
  bool first = true;
  bool last = true;
};
inline constexpr PagePlace kWholeList;

class ObjectSink {
 public:
  virtual ~ObjectSink() = default;
  // A list comes page by page, so that 10,000 Pods are never in memory as documents. With the last
  // page, the objects of the list's pages, and no others, are what there is. A first page throws away
  // what an unfinished list has brought.
  virtual void TakePage(std::vector<nlohmann::json> objects, PagePlace place) = 0;
  // Added, modified or deleted; never a bookmark.
  virtual void Apply(const kube::WatchEvent& event) = 0;
};

// One resource of one API server.
class KubeListerWatcher final : public ListerWatcher {
 public:
  struct Options {
    kube::Scope scope = {};
    kube::Form form = {};
    int page_size = 500;
    // As client-go: between five and ten minutes, spread by `random`, so that the watches of many
    // kinds and replicas do not all end in the same second.
    std::chrono::seconds shortest_watch{300};
    std::chrono::seconds longest_watch{600};
    RandomSource random = SystemRandom();
  };

  KubeListerWatcher(kube::Client& client, kube::Resource resource, Options options);
  KubeListerWatcher(kube::Client& client, kube::Resource resource)
      : KubeListerWatcher(client, std::move(resource), Options()) {}

  Result<kube::ListPage> List(const std::string& continue_token, std::stop_token stop) override;
  Result<std::unique_ptr<EventSource>> Watch(const std::string& resource_version,
                                             std::stop_token stop) override;

 private:
  kube::Client& client_;
  kube::Resource resource_;
  Options options_;
};

}  // namespace remora::runtime
