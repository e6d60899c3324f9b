// Client: the API server's verbs, as blocking calls that can be stopped.
//
// Contract
//   - Get, List, Create, Update, Patch, Delete, Watch, and two more: Review and Version. Every call ends at its deadline, and
//     within milliseconds of a stop; what was under way then may or may not have happened.
//   - Nothing is sent twice, except after 401 (which did nothing): with a token file, the token is
//     read again and the call tried once more. What is idempotent may be repeated by the transport
//     on a kept connection that turns out closed; Create and a JSON patch use a fresh one and
//     cannot be.
//   - With Options::may_write, a write that it does not allow is never sent (Cancelled). It is asked for
//     each one, right before it is sent; dry runs are not writes.
//   - Trusts the Config's authority and no other, follows no redirect, ignores proxy variables.
// Thread-safety: internally synchronised; one Client per process is enough.
// Errors: by the table of status.h. Besides:
//   Unavailable       cannot be reached, cut, or the answer was not understood
//   DeadlineExceeded  Call::deadline has passed
//   Cancelled         Call::stop, or Options::may_write said no
//   Invalid           an object without metadata.name where one is needed
// Lifetime: calls must have returned before it is destroyed. A process that used it ends with
//   FlushLog(), std::fflush and _exit(): returning from main crashes now and then in the
//   destructors of the HTTP library's thread pool (3 of 150 runs).
//
// Example
//   kube::InitializeThreads(2);  // the first line of main
//   auto client = kube::Client::Make(config);
//   auto page = (*client)->List({"", "v1", "namespaces"}, {.limit = 500}, {.stop = stop});
//   if (!page.ok()) return page.error();
//   for (const nlohmann::json& item : page->items) Use(item);
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "operator/base/result.h"
#include "operator/kube/config.h"
#include "operator/kube/resource.h"
#include "operator/kube/watch_stream.h"

namespace remora::kube {

// Prepares the HTTP library, as the first line of main. Its default of 40 threads costs 23 % of
// throughput and eleven times the p99 latency on two cores; and unless told otherwise it loads the
// system's authorities for every connection (45 ms): SSL_CERT_FILE is set to an empty file here.
void InitializeThreads(int count);

// What every call takes.
struct Call {
  std::stop_token stop = {};
  std::chrono::milliseconds deadline{30'000};
};

// Which objects of a resource. Empty members do not restrict.
struct Scope {
  std::string namespace_name = {};
  std::string label_selector = {};
  std::string field_selector = {};
};

// How objects come.
struct Form {
  bool metadata_only = false;  // as PartialObjectMetadata: apiVersion, kind and metadata
  // Members of objects with such a name, at any depth, are dropped as they are read. Null: none.
  bool (*drops)(std::string_view member) = nullptr;
};

struct ListOptions {
  Scope scope = {};
  Form form = {};
  int limit = 500;                          // objects on a page; 0: all at once
  std::string continue_token = {};          // ListPage::continue_token of the page before
  std::string resource_version = {};        // empty: the most recent state
  std::string resource_version_match = {};  // "Exact" or "NotOlderThan", with resource_version
};

struct ListPage {
  std::vector<nlohmann::json> items;  // each with its apiVersion and kind
  std::string resource_version;       // of the whole list: watch from here
  std::string continue_token;         // empty on the last page
};

struct WatchOptions {
  Scope scope = {};
  Form form = {};
  std::string resource_version = {};  // events after this version
  // The server ends the stream then; the client takes a longer silence for death.
  std::chrono::seconds server_timeout{300};
};

// Of Create, Update and Patch.
struct WriteOptions {
  bool dry_run = false;  // everything is checked, admission included, and nothing stored
  bool strict = false;   // a field that the server does not know, or that stands twice, is Invalid
};

enum class PatchType { kJson, kMerge, kStrategicMerge, kApply };

struct PatchBody {
  PatchType type;
  nlohmann::json patch;
  bool force = false;  // kApply: take over fields that others own
  WriteOptions write = {};
};

struct DeleteOptions {
  std::string uid = {};               // delete only this very object
  std::string resource_version = {};  // and only in this version
};

class Client {
 public:
  struct Options {
    std::string user_agent = "remora";
    std::string field_manager = "remora";  // the owner of the fields we write
    // The silence after `server_timeout` that a watch is allowed.
    std::chrono::milliseconds watch_slack{15'000};
    // Whether what is about to be written still may be (the Lease is ours, say). Null: yes.
    std::function<bool()> may_write = nullptr;
    // No write lasts longer, whatever its Call says: what is sent while may_write says yes has ended
    // that much later.
    std::chrono::milliseconds longest_write = std::chrono::hours(1);
  };

  // Invalid when the Config's certificates or key cannot be used.
  [[nodiscard]] static Result<std::unique_ptr<Client>> Make(const Config& config, Options options);
  [[nodiscard]] static Result<std::unique_ptr<Client>> Make(const Config& config);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  [[nodiscard]] Result<nlohmann::json> Get(const Resource& resource, const ObjectKey& key,
                                           const Call& call = {});
  // One page.
  [[nodiscard]] Result<ListPage> List(const Resource& resource, const ListOptions& options = {},
                                      const Call& call = {});
  // Namespace and name are those of object.metadata; of a subresource (an eviction), the object's whose
  // it is.
  [[nodiscard]] Result<nlohmann::json> Create(const Resource& resource,
                                              const nlohmann::json& object, const Call& call = {},
                                              const WriteOptions& write = {});
  // Conflict unless object.metadata.resourceVersion is the current one, or absent.
  [[nodiscard]] Result<nlohmann::json> Update(const Resource& resource,
                                              const nlohmann::json& object, const Call& call = {},
                                              const WriteOptions& write = {});
  [[nodiscard]] Result<nlohmann::json> Patch(const Resource& resource, const ObjectKey& key,
                                             const PatchBody& body, const Call& call = {});
  [[nodiscard]] Result<void> Delete(const Resource& resource, const ObjectKey& key,
                                    const DeleteOptions& options = {}, const Call& call = {});
  // What is asked by creating it, has no name and is never stored: an access review.
  [[nodiscard]] Result<nlohmann::json> Review(const Resource& resource,
                                              const nlohmann::json& question,
                                              const Call& call = {});
  // Of the API server: {"gitVersion": "v1.36.4", ...}.
  [[nodiscard]] Result<nlohmann::json> Version(const Call& call = {});
  // Returns when the server has accepted the watch; Call::deadline is for that alone.
  [[nodiscard]] Result<std::unique_ptr<WatchStream>> Watch(const Resource& resource,
                                                           const WatchOptions& options,
                                                           const Call& call = {});

 private:
  class Impl;
  explicit Client(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace remora::kube
