#include "tests/fakes/fake_api_server.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <sstream>
#include <utility>

namespace remora::testing {

namespace {

using nlohmann::json;

constexpr std::chrono::seconds kPatience{2};

std::vector<std::string> Split(const std::string& path) {
  std::vector<std::string> parts;
  std::istringstream stream(path.substr(1));
  for (std::string part; std::getline(stream, part, '/');) parts.push_back(part);
  return parts;
}

std::string QueryOf(const HttpRequest& request, const std::string& name) {
  const auto at = request.query.find(name);
  return at == request.query.end() ? std::string() : at->second;
}

std::string MetaOf(const json& object, const char* name) {
  const json metadata = object.value("metadata", json::object());
  return metadata.value(name, std::string());
}

std::string VerbOf(const HttpRequest& request, bool named) {
  if (request.method == "POST") return "create";
  if (request.method == "PUT") return "update";
  if (request.method == "PATCH") return "patch";
  if (request.method == "DELETE") return "delete";
  if (QueryOf(request, "watch") == "true") return "watch";
  return named ? "get" : "list";
}

}  // namespace

FakeApiServer::FakeApiServer()
    : server_(certificate_, [this](const HttpRequest& request, Connection& connection) {
        Handle(request, connection);
      }) {}

FakeApiServer::~FakeApiServer() {
  server_.Stop();
  MutexLock lock(mutex_);
  EXPECT_TRUE(watches_.empty()) << "watches are still open";
}

FakeApiServer::Target FakeApiServer::Parse(const std::string& path) {
  std::vector<std::string> parts = Split(path);
  const std::size_t root = !parts.empty() && parts[0] == "apis" ? 3 : 2;  // apis/G/V or api/V
  if (parts.size() <= root) return {};
  Target target;
  for (std::size_t i = 0; i < root; ++i) target.collection += "/" + parts[i];
  std::size_t at = root;
  // …/namespaces/N/PLURAL is something in a namespace, …/namespaces/N the namespace itself.
  if (parts[at] == "namespaces" && parts.size() > at + 2) {
    target.namespace_name = parts[at + 1];
    at += 2;
  }
  target.collection += "/" + parts[at];
  if (parts.size() > at + 1) target.name = parts[at + 1];
  if (parts.size() > at + 2) target.subresource = parts[at + 2];
  return target;
}

FakeApiServer::Answer FakeApiServer::Status(int code, const std::string& reason,
                                            const std::string& message) {
  return {code,
          {{"kind", "Status"},
           {"apiVersion", "v1"},
           {"status", code < 300 ? "Success" : "Failure"},
           {"reason", reason},
           {"message", message},
           {"code", code}}};
}

std::string FakeApiServer::EventLine(std::string_view type, const json& object) {
  return json{{"type", type}, {"object", object}}.dump() + "\n";
}

void FakeApiServer::Handle(const HttpRequest& request, Connection& connection) {
  const Target target = Parse(request.path);
  const std::string verb = VerbOf(request, !target.name.empty());
  {
    MutexLock lock(mutex_);
    recorded_.push_back({verb, request});
    ++news_;
    changed_.NotifyAll();
  }
  if (Misfortune(verb, request, connection)) return;
  if (verb == "watch") {
    ServeWatch(target, request, connection);
    return;
  }
  const auto [code, body] = Serve(verb, target, request);
  connection.Respond(code, body.dump());
}

json FakeApiServer::Store(const std::string& collection, json object) {
  object["metadata"]["resourceVersion"] = std::to_string(++version_);
  const std::pair key(MetaOf(object, "namespace"), MetaOf(object, "name"));
  Objects& objects = collections_[collection];
  const bool known = objects.contains(key);
  objects[key] = object;
  Announce({version_, collection, key.first, EventLine(known ? "MODIFIED" : "ADDED", object)});
  return object;
}

bool FakeApiServer::Concerns(const Change& change, const Watch& watch) {
  return change.collection == watch.collection && !watch.muted && change.version > watch.from &&
         (watch.namespace_name.empty() || watch.namespace_name == change.namespace_name);
}

void FakeApiServer::Announce(Change change) {
  for (Watch& watch : watches_) {
    if (!Concerns(change, watch)) continue;
    watch.outbox.push_back(change.line);
    watch.connection->Wake();
  }
  history_.push_back(std::move(change));
  ++news_;
  changed_.NotifyAll();
}

FakeApiServer::Answer FakeApiServer::Serve(const std::string& verb, const Target& target,
                                           const HttpRequest& request) {
  MutexLock lock(mutex_);
  if (verb == "list") return List(target, request);
  const json body = request.body.empty() ? json::object() : json::parse(request.body);
  const bool is_dry_run = QueryOf(request, "dryRun") == "All";
  if (target.subresource == "eviction") return Evict(target, body, is_dry_run);
  if (verb == "create" && is_dry_run) return {201, body};
  if (verb == "create") return Create(target, body);
  Objects& objects = collections_[target.collection];
  const auto at = objects.find({target.namespace_name, target.name});
  if (at == objects.end()) return Status(404, "NotFound", "\"" + target.name + "\" not found");
  if (verb == "get" || (verb == "delete" && is_dry_run)) return {200, at->second};
  if (verb == "update") return Modify(target, body, {.merge = false, .dry_run = is_dry_run});
  if (verb == "patch") return Modify(target, body, {.merge = true, .dry_run = is_dry_run});
  const json preconditions = body.value("preconditions", json::object());
  if (preconditions.contains("resourceVersion") &&
      preconditions["resourceVersion"] != MetaOf(at->second, "resourceVersion")) {
    return Status(409, "Conflict", "the precondition does not hold");
  }
  Erase(target.collection, at);
  return Status(200, "", "");
}

FakeApiServer::Answer FakeApiServer::Create(const Target& target, json object) {
  const std::pair key(target.namespace_name, MetaOf(object, "name"));
  if (collections_[target.collection].contains(key)) {
    return Status(409, "AlreadyExists", "\"" + key.second + "\" already exists");
  }
  return {201, Store(target.collection, std::move(object))};
}

// No budget forbids it.
FakeApiServer::Answer FakeApiServer::Evict(const Target& target, const json& body,
                                           bool is_dry_run) {
  Objects& pods = collections_[target.collection];
  const auto at = pods.find({target.namespace_name, target.name});
  if (at == pods.end()) return Status(404, "NotFound", "\"" + target.name + "\" not found");
  const json uid = body["deleteOptions"]["preconditions"]["uid"];
  if (uid != MetaOf(at->second, "uid")) return Status(409, "Conflict", "the uid differs");
  if (!is_dry_run) Erase(target.collection, at);
  return {201, Status(201, "", "").second};
}

void FakeApiServer::Erase(const std::string& collection, Objects::iterator at) {
  json last = std::move(at->second);
  last["metadata"]["resourceVersion"] = std::to_string(++version_);
  Announce({version_, collection, at->first.first, EventLine("DELETED", last)});
  collections_[collection].erase(at);
}

FakeApiServer::Answer FakeApiServer::Modify(const Target& target, const json& body,
                                            const Modification& how) {
  const json& current = collections_[target.collection][{target.namespace_name, target.name}];
  const std::string version = body.is_object() ? MetaOf(body, "resourceVersion") : "";
  if (!version.empty() && version != MetaOf(current, "resourceVersion")) {
    return Status(409, "Conflict", "the object has been modified");
  }
  json next = current;
  if (how.merge && body.is_array()) {
    try {
      next = current.patch(body);
    } catch (const json::exception&) {  // a test that does not hold, or a path that is not there
      return Status(422, "Invalid",
                    "the server rejected our request due to an error in our request");
    }
  } else if (how.merge) {
    next.merge_patch(body);
  } else {
    next = body;
  }
  return {200, how.dry_run ? next : Store(target.collection, std::move(next))};
}

FakeApiServer::Answer FakeApiServer::List(const Target& target, const HttpRequest& request) {
  // A continue token is VERSION:OFFSET.
  std::size_t offset = 0;
  long version = version_;
  if (const std::string token = QueryOf(request, "continue"); !token.empty()) {
    version = std::stol(token);
    offset = std::stoul(token.substr(token.find(':') + 1));
    if (version < compacted_) return Status(410, "Expired", "the continue token is too old");
  }
  const std::string limit_text = QueryOf(request, "limit");
  const std::size_t limit = limit_text.empty() ? 0 : std::stoul(limit_text);
  json items = json::array();
  std::size_t index = 0;
  std::string next;
  for (const auto& [key, object] : collections_[target.collection]) {
    if (!target.namespace_name.empty() && key.first != target.namespace_name) continue;
    if (index++ < offset) continue;
    if (limit != 0 && items.size() == limit) {
      next = std::to_string(version) + ":" + std::to_string(offset + limit);
      break;
    }
    items.push_back(object);
  }
  json metadata = {{"resourceVersion", std::to_string(version)}};
  if (!next.empty()) metadata["continue"] = next;
  return {200,
          {{"kind", "ThingList"}, {"apiVersion", "v1"}, {"metadata", metadata}, {"items", items}}};
}

void FakeApiServer::ServeWatch(const Target& target, const HttpRequest& request,
                               Connection& connection) {
  const std::string from_text = QueryOf(request, "resourceVersion");
  std::list<Watch>::iterator watch;
  bool gone = false;
  bool by_event = false;
  {
    MutexLock lock(mutex_);
    const long from = from_text.empty() ? version_ : std::stol(from_text);
    gone = from < compacted_;
    by_event = gone_by_event_;
    watch = watches_.insert(watches_.end(),
                            {target.collection, target.namespace_name, &connection, {}, from});
    for (const Change& change : history_) {
      if (Concerns(change, *watch)) watch->outbox.push_back(change.line);
    }
    changed_.NotifyAll();
  }
  const json expired = Status(410, "Expired", "too old resource version: " + from_text).second;
  if (gone && !by_event) {
    connection.Respond(410, expired.dump());
  } else if (gone) {
    connection.StartChunks();
    connection.SendChunk(EventLine("ERROR", expired));
    connection.EndChunks();
  } else if (connection.StartChunks()) {
    while (SendOutbox(*watch, connection) && connection.WaitForWake()) {
    }
  }
  MutexLock lock(mutex_);
  const bool ended = watch->ended;
  watches_.erase(watch);
  changed_.NotifyAll();
  if (!gone && !ended) connection.Cut();
}

// False when the watch is over.
bool FakeApiServer::SendOutbox(Watch& watch, Connection& connection) {
  while (true) {
    std::string bytes;
    std::size_t piece;
    {
      MutexLock lock(mutex_);
      if (watch.outbox.empty()) {
        if (!watch.ended) return true;
        break;
      }
      bytes = std::move(watch.outbox.front());
      watch.outbox.pop_front();
      piece = split_bytes_ == 0 ? bytes.size() : split_bytes_;
    }
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
      if (!connection.SendChunk(std::string_view(bytes).substr(at, piece))) return false;
    }
  }
  connection.EndChunks();
  return false;
}

std::string FakeApiServer::Put(const std::string& collection, json object) {
  MutexLock lock(mutex_);
  return MetaOf(Store(collection, std::move(object)), "resourceVersion");
}

void FakeApiServer::Remove(const std::string& collection, const std::string& namespace_name,
                           const std::string& name) {
  EXPECT_EQ(Serve("delete", {collection, namespace_name, name, {}}, HttpRequest()).first, 200);
}

std::string FakeApiServer::Bookmark(const std::string& collection) {
  MutexLock lock(mutex_);
  const std::string version = std::to_string(++version_);
  for (Watch& watch : watches_) {
    if (watch.collection != collection || watch.muted) continue;
    watch.outbox.push_back(EventLine("BOOKMARK", {{"metadata", {{"resourceVersion", version}}}}));
    watch.connection->Wake();
  }
  return version;
}

std::vector<json> FakeApiServer::All(const std::string& collection) const {
  MutexLock lock(mutex_);
  std::vector<json> all;
  const auto at = collections_.find(collection);
  if (at == collections_.end()) return all;
  for (const auto& [key, object] : at->second) all.push_back(object);
  return all;
}

int FakeApiServer::CountLocked(const std::string& verb) const {
  return static_cast<int>(std::count_if(recorded_.begin(), recorded_.end(),
                                        [&](const Recorded& one) { return one.verb == verb; }));
}

int FakeApiServer::Count(const std::string& verb) const {
  MutexLock lock(mutex_);
  return CountLocked(verb);
}

std::vector<FakeApiServer::Recorded> FakeApiServer::recorded() const {
  MutexLock lock(mutex_);
  return recorded_;
}

bool FakeApiServer::WaitForOpenWatches(int count) const {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  MutexLock lock(mutex_);
  return changed_.WaitUntil(mutex_, std::stop_token(), deadline, [&]() REQUIRES(mutex_) {
    return static_cast<int>(watches_.size()) == count;
  });
}

bool FakeApiServer::WaitForCount(const std::string& verb, int count) const {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  MutexLock lock(mutex_);
  return changed_.WaitUntil(mutex_, std::stop_token(), deadline,
                            [&]() REQUIRES(mutex_) { return CountLocked(verb) >= count; });
}

bool FakeApiServer::WaitUntil(std::chrono::seconds patience,
                              const std::function<bool()>& holds) const {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (true) {
    long seen;
    {
      MutexLock lock(mutex_);
      seen = news_;
    }
    if (holds()) return true;
    MutexLock lock(mutex_);
    const auto is_news = [&]() REQUIRES(mutex_) { return news_ != seen; };
    if (!changed_.WaitUntil(mutex_, std::stop_token(), deadline, is_news)) return false;
  }
}

}  // namespace remora::testing
