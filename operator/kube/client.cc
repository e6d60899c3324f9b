#include "operator/kube/client.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <utility>

#include "operator/base/mutex.h"
#include "operator/kube/internal/http_transport.h"
#include "operator/kube/internal/object_text.h"
#include "operator/kube/status.h"

namespace remora::kube {

namespace {

using internal::Exchange;
using internal::HttpRequest;
using internal::HttpTransport;
using nlohmann::json;

constexpr std::string_view kJsonContent = "application/json";
// The second is for kinds that cannot be cut down to their metadata, if there ever are any.
constexpr std::string_view kMetadataList =
    "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";
constexpr std::string_view kMetadata =
    "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json";

// RFC 3986: all but unreserved characters, since names, selectors and tokens come from outside.
std::string PercentEncode(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool unreserved = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                            (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
    if (unreserved) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

std::string PathOf(const Resource& resource, const ObjectKey& key) {
  std::string path =
      resource.group.empty() ? "/api/" : "/apis/" + PercentEncode(resource.group) + "/";
  path += PercentEncode(resource.version);
  if (!key.namespace_name.empty()) path += "/namespaces/" + PercentEncode(key.namespace_name);
  path += "/" + PercentEncode(resource.plural);
  if (!key.name.empty()) path += "/" + PercentEncode(key.name);
  if (!resource.subresource.empty()) path += "/" + PercentEncode(resource.subresource);
  return path;
}

class Query {
 public:
  explicit Query(std::string path) : text_(std::move(path)) {}
  // Empty values are left out.
  Query& Add(std::string_view name, std::string_view value) {
    if (value.empty()) return *this;
    text_ += std::exchange(separator_, '&');
    text_ += fmt::format("{}={}", name, PercentEncode(value));
    return *this;
  }
  Query& Add(const Scope& scope) {
    return Add("labelSelector", scope.label_selector).Add("fieldSelector", scope.field_selector);
  }
  Query& Add(const WriteOptions& write) {
    return Add("dryRun", write.dry_run ? "All" : "")
        .Add("fieldValidation", write.strict ? "Strict" : "");
  }
  const std::string& Text() const { return text_; }

 private:
  std::string text_;
  char separator_ = '?';
};

Result<ObjectKey> KeyOf(const json& object) {
  const auto text = [&](const char* name) {
    const auto pointer = json::json_pointer(std::string("/metadata/") + name);
    if (!object.is_object() || !object.contains(pointer) || !object.at(pointer).is_string()) {
      return std::string();
    }
    return object.at(pointer).get<std::string>();
  };
  ObjectKey key{text("namespace"), text("name")};
  if (key.name.empty() && text("generateName").empty()) {
    return Error(ErrorCode::kInvalid, "the object has no metadata.name");
  }
  return key;
}

// The document as text; bytes that are not UTF-8 are replaced rather than thrown upon.
std::string TextOf(const json& document) {
  return document.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string_view ContentTypeOf(PatchType type) {
  switch (type) {
    case PatchType::kJson: return "application/json-patch+json";
    case PatchType::kMerge: return "application/merge-patch+json";
    case PatchType::kStrategicMerge: return "application/strategic-merge-patch+json";
    case PatchType::kApply: return "application/apply-patch+yaml";  // JSON is YAML
  }
  return "";
}

std::string TextAt(const json& object, const char* name) {
  const auto at = object.find(name);
  return at != object.end() && at->is_string() ? at->get<std::string>() : std::string();
}

// The items of a built-in kind come without the two fields that say what they are.
void NameKindOfItems(const json& list, std::vector<json>& items) {
  constexpr std::string_view kSuffix = "List";
  const std::string api_version = TextAt(list, "apiVersion");
  std::string kind = TextAt(list, "kind");
  if (!kind.ends_with(kSuffix)) return;
  kind.resize(kind.size() - kSuffix.size());
  for (json& item : items) {
    if (!item.is_object()) continue;
    item.emplace("apiVersion", api_version);
    item.emplace("kind", kind);
  }
}

Result<ListPage> ReadPage(json list) {
  const auto items = list.find("items");
  const auto metadata = list.find("metadata");
  // `items: null` is how Go writes an empty list that nobody made.
  const bool readable = items != list.end() && (items->is_array() || items->is_null()) &&
                        metadata != list.end() && metadata->is_object();
  if (!readable) return Error(ErrorCode::kUnavailable, "expected a list with items and metadata");
  ListPage page;
  page.resource_version = TextAt(*metadata, "resourceVersion");
  page.continue_token = TextAt(*metadata, "continue");
  if (items->is_array()) {
    page.items.assign(std::make_move_iterator(items->begin()),
                      std::make_move_iterator(items->end()));
  }
  NameKindOfItems(list, page.items);
  return page;
}

}  // namespace

class Client::Impl {
 public:
  enum class Effect { kReads, kWrites };

  Impl(Config config, Options options, std::unique_ptr<HttpTransport> transport)
      : config_(std::move(config)),
        options_(std::move(options)),
        transport_(std::move(transport)) {}

  const Options& options() const { return options_; }

  // Sends `request` and waits for the answer's status. Another status than success is an Error.
  Result<std::unique_ptr<Exchange>> Open(HttpRequest request, const Call& call,
                                         Effect effect = Effect::kReads) {
    const auto deadline = std::chrono::steady_clock::now() + call.deadline;
    request.user_agent = options_.user_agent;
    bool may_repeat = !config_.token_file.empty();
    while (true) {
      request.bearer_token = Token();
      if (effect == Effect::kWrites && options_.may_write && !options_.may_write()) {
        return Error(ErrorCode::kCancelled,
                     "nothing may be written any more: the Lease is not ours");
      }
      std::unique_ptr<Exchange> exchange = transport_->Start(request);
      const auto status = exchange->WaitStatus(call.stop, deadline);
      if (!status.ok()) return status.error();
      if (IsSuccess(*status)) return exchange;
      // The kubelet may have replaced the token between our reading and the server's check.
      if (IsUnauthenticated(*status) && std::exchange(may_repeat, false)) continue;
      const auto body = ReadBody(*exchange, call.stop, deadline);
      if (!body.ok()) return body.error();
      return ErrorFromStatus(*status, *body);
    }
  }

  Result<json> Send(HttpRequest request, const Call& call, const Form& form = {},
                    Effect effect = Effect::kReads) {
    const auto deadline = std::chrono::steady_clock::now() + call.deadline;
    auto exchange = Open(std::move(request), call, effect);
    if (!exchange.ok()) return exchange.error();
    const auto body = ReadBody(**exchange, call.stop, deadline);
    if (!body.ok()) return body.error();
    return internal::ParseObject(*body, form.drops);
  }

  Result<json> Write(HttpRequest request, Call call, const WriteOptions& write = {}) {
    if (write.dry_run) return Send(std::move(request), call);
    call.deadline = std::min(call.deadline, options_.longest_write);
    return Send(std::move(request), call, {}, Effect::kWrites);
  }

 private:
  static Result<std::string> ReadBody(Exchange& exchange, const std::stop_token& stop,
                                      Exchange::Deadline deadline) {
    std::string body;
    while (true) {
      auto piece = exchange.WaitPiece(stop, deadline);
      if (!piece.ok()) return piece.error();
      if (!piece->has_value()) return body;
      body += **piece;
    }
  }

  // Read for every request: tens of microseconds beside a millisecond, and never out of date. What
  // was read last stands in while the file is away.
  std::string Token() {
    if (config_.token_file.empty()) return config_.token;
    std::ifstream file(config_.token_file);
    std::string token{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    while (!token.empty() && (token.back() == '\n' || token.back() == '\r')) token.pop_back();
    MutexLock lock(mutex_);
    if (token.empty()) return last_token_;
    last_token_ = token;
    return token;
  }

  const Config config_;
  const Options options_;
  const std::unique_ptr<HttpTransport> transport_;
  Mutex mutex_;
  std::string last_token_ GUARDED_BY(mutex_);
};

Client::Client(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Client::~Client() = default;

Result<std::unique_ptr<Client>> Client::Make(const Config& config) {
  return Make(config, Options());
}

Result<std::unique_ptr<Client>> Client::Make(const Config& config, Options options) {
  auto transport = HttpTransport::Make(config);
  if (!transport.ok()) return transport.error();
  return std::unique_ptr<Client>(
      new Client(std::make_unique<Impl>(config, std::move(options), *std::move(transport))));
}

Result<json> Client::Get(const Resource& resource, const ObjectKey& key, const Call& call) {
  return impl_->Send({.method = "GET", .path = PathOf(resource, key)}, call);
}

Result<ListPage> Client::List(const Resource& resource, const ListOptions& options,
                              const Call& call) {
  std::string path = Query(PathOf(resource, {.namespace_name = options.scope.namespace_name}))
                         .Add(options.scope)
                         .Add("limit", options.limit > 0 ? std::to_string(options.limit) : "")
                         .Add("continue", options.continue_token)
                         .Add("resourceVersion", options.resource_version)
                         .Add("resourceVersionMatch", options.resource_version_match)
                         .Text();
  auto list = impl_->Send({.method = "GET",
                           .path = std::move(path),
                           .accept = std::string(options.form.metadata_only ? kMetadataList : "")},
                          call, options.form);
  if (!list.ok()) return list.error();
  return ReadPage(*std::move(list));
}

Result<json> Client::Create(const Resource& resource, const json& object, const Call& call,
                            const WriteOptions& write) {
  auto key = KeyOf(object);
  if (!key.ok()) return key.error();
  return impl_->Write(
      {.method = "POST",
       .path = Query(PathOf(resource, resource.subresource.empty()
                                          ? ObjectKey{.namespace_name = key->namespace_name}
                                          : *key))
                   .Add("fieldManager", impl_->options().field_manager)
                   .Add(write)
                   .Text(),
       .body = TextOf(object),
       .content_type = std::string(kJsonContent),
       .fresh_connection = true},
      call, write);
}

Result<json> Client::Update(const Resource& resource, const json& object, const Call& call,
                            const WriteOptions& write) {
  auto key = KeyOf(object);
  if (!key.ok()) return key.error();
  if (key->name.empty()) return Error(ErrorCode::kInvalid, "the object has no metadata.name");
  return impl_->Write({.method = "PUT",
                       .path = Query(PathOf(resource, *key))
                                   .Add("fieldManager", impl_->options().field_manager)
                                   .Add(write)
                                   .Text(),
                       .body = TextOf(object),
                       .content_type = std::string(kJsonContent)},
                      call, write);
}

Result<json> Client::Patch(const Resource& resource, const ObjectKey& key, const PatchBody& body,
                           const Call& call) {
  return impl_->Write({.method = "PATCH",
                       .path = Query(PathOf(resource, key))
                                   .Add("fieldManager", impl_->options().field_manager)
                                   .Add("force", body.force ? "true" : "")
                                   .Add(body.write)
                                   .Text(),
                       .body = TextOf(body.patch),
                       .content_type = std::string(ContentTypeOf(body.type)),
                       // `add` to a list is not idempotent; the other types are.
                       .fresh_connection = body.type == PatchType::kJson},
                      call, body.write);
}

Result<void> Client::Delete(const Resource& resource, const ObjectKey& key,
                            const DeleteOptions& options, const Call& call) {
  json preconditions = json::object();
  if (!options.uid.empty()) preconditions["uid"] = options.uid;
  if (!options.resource_version.empty())
    preconditions["resourceVersion"] = options.resource_version;
  json body = {{"apiVersion", "v1"}, {"kind", "DeleteOptions"}};
  if (!preconditions.empty()) body["preconditions"] = std::move(preconditions);
  const auto answer = impl_->Write({.method = "DELETE",
                                    .path = PathOf(resource, key),
                                    .body = TextOf(body),
                                    .content_type = std::string(kJsonContent)},
                                   call);
  if (!answer.ok()) return answer.error();
  return {};
}

Result<json> Client::Review(const Resource& resource, const json& question, const Call& call) {
  return impl_->Send({.method = "POST",
                      .path = PathOf(resource, {}),
                      .body = TextOf(question),
                      .content_type = std::string(kJsonContent)},
                     call);
}

Result<json> Client::Version(const Call& call) {
  return impl_->Send({.method = "GET", .path = "/version"}, call);
}

Result<std::unique_ptr<WatchStream>> Client::Watch(const Resource& resource,
                                                   const WatchOptions& options, const Call& call) {
  std::string path = Query(PathOf(resource, {.namespace_name = options.scope.namespace_name}))
                         .Add("watch", "true")
                         .Add(options.scope)
                         .Add("resourceVersion", options.resource_version)
                         .Add("allowWatchBookmarks", "true")
                         .Add("timeoutSeconds", std::to_string(options.server_timeout.count()))
                         .Text();
  auto exchange = impl_->Open({.method = "GET",
                               .path = std::move(path),
                               .accept = std::string(options.form.metadata_only ? kMetadata : "")},
                              call);
  if (!exchange.ok()) return exchange.error();
  return std::make_unique<WatchStream>(*std::move(exchange),
                                       options.server_timeout + impl_->options().watch_slack,
                                       options.form.drops);
}

}  // namespace remora::kube
