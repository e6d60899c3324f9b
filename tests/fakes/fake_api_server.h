// FakeApiServer: an API server in this process: objects, lists with pages, watches with a history,
// and every misfortune on demand.
//
// Contract
//   - Behaves like kube-apiserver where a client can tell: resource versions grow over all
//     collections, a watch begins with the history after its version, a compacted version is 410.
//   - A dry run finds nothing wrong and stores nothing; an eviction that names the uid takes the Pod away.
//   - A collection is its cluster-wide path: "/api/v1/namespaces",
//   "/apis/remora.dev/v1alpha1/things".
//   - Every request is recorded before it is answered; verbs are RBAC's: get, list, watch, create,
//     update, patch, delete.
//   - The destructor fails the running test if a client still holds a connection.
// Thread-safety: internally synchronised.
// Lifetime: clients are destroyed first.
//
// Example
//   FakeApiServer server;
//   server.Put("/api/v1/namespaces", {{"metadata", {{"name", "shop"}}}});
//   auto client = kube::Client::Make({.server = server.url(),
//                                     .authority_pem = server.certificate().authority_pem});
//     server.FailNext("list", {.status = 500});
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "operator/base/mutex.h"
#include "tests/fakes/https_server.h"
#include "tests/fakes/test_certificate.h"

namespace remora::testing {

class FakeApiServer {
 public:
  struct Fault {
    int status = 0;  // answer with a Status of this number
    std::string reason = {};
    std::string raw = {};                    // and with this body instead of a Status
    std::string headers = {};                // and with these, each ended by CR LF
    bool silent = false;                     // never answer
    bool cut = false;                        // close instead of answering
    std::function<void()> before = nullptr;  // called first
    std::string collection = {};             // waits for a request of this one; empty: of any
  };
  struct Recorded {
    std::string verb;
    HttpRequest request;
  };

  FakeApiServer();
  ~FakeApiServer();

  std::string url() const { return "https://127.0.0.1:" + std::to_string(server_.port()); }
  const TestCertificate& certificate() const { return certificate_; }

  // Adds or changes an object and tells the watches. Returns its new resourceVersion.
  std::string Put(const std::string& collection, nlohmann::json object);
  void Remove(const std::string& collection, const std::string& namespace_name,
              const std::string& name);
  // Sorted by namespace and name.
  std::vector<nlohmann::json> All(const std::string& collection) const;
  // Makes a version without an event and tells it to the watches.
  std::string Bookmark(const std::string& collection);
  // Forgets the history: older versions and continue tokens are Gone from now on.
  void Compact();
  // A watch from a compacted version: an ERROR event instead of HTTP 410.
  void TellGoneByEvent();

  // The next request of this verb. Faults queue up. One that asks for nothing lets the request pass.
  void FailNext(const std::string& verb, Fault fault);
  // Any other bearer token gets 401. Empty: all are welcome.
  void RequireToken(const std::string& token);

  // To all open watches: bytes as they are, in one chunk.
  void SendToWatches(std::string_view bytes);
  // Events go out in pieces of so many bytes.
  void SplitEvents(std::size_t bytes);
  // The watches that are open now hear of nothing any more.
  void MuteWatches();
  // As if etcd were restored from a backup of that version; the objects stay as they are.
  void Restore(long version);
  void EndWatches();  // cleanly
  void CutWatches();
  void CutAllConnections() { server_.CutAll(); }

  int Count(const std::string& verb) const;
  std::vector<Recorded> recorded() const;
  // False when it does not happen within two seconds.
  bool WaitForOpenWatches(int count) const;
  bool WaitForCount(const std::string& verb, int count) const;
  // Asks again whenever there was a request or a change. False when it does not come to hold in time.
  bool WaitUntil(std::chrono::seconds patience, const std::function<bool()>& holds) const;
  bool WaitForConnections(int count) const { return server_.WaitForConnections(count); }

  // A line of a watch, newline included.
  static std::string EventLine(std::string_view type, const nlohmann::json& object);

 private:
  // What a path names.
  struct Target {
    std::string collection;
    std::string namespace_name;
    std::string name;
    std::string subresource;
  };
  struct Change {
    long version;
    std::string collection;
    std::string namespace_name;
    std::string line;
  };
  struct Watch {
    std::string collection;
    std::string namespace_name;
    Connection* connection;
    std::deque<std::string> outbox;
    long from = 0;
    bool ended = false;
    bool muted = false;
  };
  using Answer = std::pair<int, nlohmann::json>;
  using Objects = std::map<std::pair<std::string, std::string>, nlohmann::json>;

  static Target Parse(const std::string& path);
  static Answer Status(int code, const std::string& reason, const std::string& message);

  void Handle(const HttpRequest& request, Connection& connection);
  bool Misfortune(const std::string& verb, const HttpRequest& request, Connection& connection);
  std::optional<Fault> TakeFault(const std::string& verb, const std::string& collection)
      REQUIRES(mutex_);
  Answer Serve(const std::string& verb, const Target& target, const HttpRequest& request)
      EXCLUDES(mutex_);
  Answer Create(const Target& target, nlohmann::json object) REQUIRES(mutex_);
  Answer Evict(const Target& target, const nlohmann::json& body, bool is_dry_run) REQUIRES(mutex_);
  void Erase(const std::string& collection, Objects::iterator at) REQUIRES(mutex_);
  struct Modification {
    bool merge;
    bool dry_run;
  };
  Answer Modify(const Target& target, const nlohmann::json& body, const Modification& how)
      REQUIRES(mutex_);
  Answer List(const Target& target, const HttpRequest& request) REQUIRES(mutex_);
  void ServeWatch(const Target& target, const HttpRequest& request, Connection& connection);
  bool SendOutbox(Watch& watch, Connection& connection);
  nlohmann::json Store(const std::string& collection, nlohmann::json object) REQUIRES(mutex_);
  static bool Concerns(const Change& change, const Watch& watch);
  void Announce(Change change) REQUIRES(mutex_);
  int CountLocked(const std::string& verb) const REQUIRES(mutex_);

  const TestCertificate certificate_ = MakeTestCertificate();
  mutable Mutex mutex_;
  mutable CondVar changed_;
  long version_ GUARDED_BY(mutex_) = 100;
  long news_ GUARDED_BY(mutex_) = 0;
  long compacted_ GUARDED_BY(mutex_) = 0;
  bool gone_by_event_ GUARDED_BY(mutex_) = false;
  std::size_t split_bytes_ GUARDED_BY(mutex_) = 0;
  std::string token_ GUARDED_BY(mutex_);
  std::map<std::string, Objects> collections_ GUARDED_BY(mutex_);
  std::vector<Change> history_ GUARDED_BY(mutex_);
  std::map<std::string, std::deque<Fault>> faults_ GUARDED_BY(mutex_);
  std::vector<Recorded> recorded_ GUARDED_BY(mutex_);
  std::list<Watch> watches_ GUARDED_BY(mutex_);
  HttpsServer server_;  // last: its threads use the above
};

}  // namespace remora::testing
