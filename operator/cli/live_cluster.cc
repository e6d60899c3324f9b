#include "operator/cli/live_cluster.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <iterator>
#include <set>
#include <string_view>
#include <utility>

#include "operator/api/annotations.h"
#include "operator/api/pattern.h"
#include "operator/base/log.h"

namespace remora::cli {

namespace {

using kube::ObjectKey;
using kube::Resource;
using nlohmann::json;
using Pointer = json::json_pointer;

constexpr int kHttpThreads = 2;
// Somebody waits in front of it.
constexpr std::chrono::seconds kDeadline{10};

constexpr std::array<api::PatternKind, 3> kPatternKinds = {
    api::PatternKind::kAmbassador, api::PatternKind::kSidecar, api::PatternKind::kAdapter};

bool has_connected = false;

// "pods cart in namespace shop"
std::string Name(const Resource& resource, const ObjectKey& key) {
  std::string text = resource.ToString();
  if (!key.name.empty()) text += ' ' + key.name;
  if (!key.namespace_name.empty()) text += " in namespace " + key.namespace_name;
  return text;
}

// "deployment cart in namespace shop"
std::string SingularName(Resource resource, const ObjectKey& key) {
  resource.group.clear();
  if (resource.plural.ends_with('s')) resource.plural.pop_back();
  return Name(resource, key);
}

// A pattern that a Pod names in a namespace.
struct NamedPattern {
  api::PatternKind kind;
  ObjectKey key;
};

// Those with a namespace; what cannot be read is the engine's to refuse.
std::vector<NamedPattern> NamedElsewhere(const json& pod) {
  std::vector<NamedPattern> found;
  for (const api::PatternKind kind :
       {api::PatternKind::kAmbassador, api::PatternKind::kSidecar, api::PatternKind::kAdapter}) {
    const std::string list =
        StringAt(pod, Pointer("/metadata/annotations") / std::string(api::ListKey(kind)));
    std::string_view rest = list;
    while (!rest.empty()) {
      const std::size_t comma = std::min(rest.find(','), rest.size());
      std::string_view item = rest.substr(0, comma);
      rest.remove_prefix(std::min(comma + 1, rest.size()));
      item.remove_prefix(std::min(item.find_first_not_of(' '), item.size()));
      item = item.substr(0, item.find_last_not_of(' ') + 1);
      const std::size_t slash = item.find('/');
      if (slash == item.npos) continue;
      const std::string_view space = item.substr(0, slash);
      const std::string_view name = item.substr(slash + 1);
      if (!api::IsDnsLabel(space) || !api::IsPatternName(name)) continue;
      found.push_back({kind, {std::string(space), std::string(name)}});
    }
  }
  return found;
}

}  // namespace

Resource PatternResource(api::PatternKind kind) {
  return {std::string(api::kGroup), std::string(api::kVersion),
          std::string(PatternKindPlural(kind))};
}

LiveCluster::LiveCluster(kube::Config config, std::unique_ptr<kube::Client> client,
                         std::string namespace_name)
    : config_(std::move(config)),
      client_(std::move(client)),
      namespace_name_(std::move(namespace_name)) {}

Result<std::unique_ptr<LiveCluster>> LiveCluster::Connect(const LiveOptions& options) {
  auto config =
      kube::LoadConfig({.kubeconfig_flag = options.kubeconfig, .context = options.context});
  if (!config.ok()) return config.error();
  if (!std::exchange(has_connected, true)) kube::InitializeThreads(kHttpThreads);
  auto client =
      kube::Client::Make(*config, {.user_agent = "remora-cli", .field_manager = "remora-cli"});
  if (!client.ok()) return client.error();
  std::string namespace_name =
      options.namespace_name.empty() ? config->namespace_name : options.namespace_name;
  return std::unique_ptr<LiveCluster>(
      new LiveCluster(*std::move(config), *std::move(client), std::move(namespace_name)));
}

Error LiveCluster::Describe(const Error& error, const std::string& what) const {
  switch (error.code()) {
    case ErrorCode::kPermissionDenied:
      return Error(error.code(), "no right to " + what + ": " + error.message());
    case ErrorCode::kUnavailable:
    case ErrorCode::kDeadlineExceeded:
      return Error(error.code(), "cannot " + what + ": the API server " + config_.server + " (" +
                                     config_.source + "): " + error.message());
    default: return Error(error.code(), "cannot " + what + ": " + error.message());
  }
}

Result<json> LiveCluster::Get(const Resource& resource, const ObjectKey& key) {
  auto object = client_->Get(resource, key, {.deadline = kDeadline});
  if (object.ok()) return object;
  if (object.error().code() == ErrorCode::kNotFound) return NotThere(resource, key);
  return Describe(object.error(), "get " + Name(resource, key));
}

Error LiveCluster::NotThere(const Resource& resource, const ObjectKey& key) {
  const auto nearest_of = [&](const Resource& of, const ObjectKey& missing) -> std::string {
    const auto all = List(of, {missing.namespace_name});
    if (!all.ok()) return {};
    std::vector<std::string> names;
    for (const json& object : *all) names.push_back(StringAt(object, Pointer("/metadata/name")));
    const std::string nearest(api::NearestName(missing.name, {names.begin(), names.end()}));
    return nearest.empty() ? "" : "; did you mean " + nearest + "?";
  };
  const Resource namespaces{"", "v1", "namespaces"};
  if (!key.namespace_name.empty()) {
    const ObjectKey own{.name = key.namespace_name};
    const auto found = client_->Get(namespaces, own, {.deadline = kDeadline});
    if (!found.ok() && found.error().code() == ErrorCode::kNotFound) {
      return Error(ErrorCode::kNotFound,
                   "there is no namespace " + key.namespace_name + nearest_of(namespaces, own));
    }
  }
  return Error(ErrorCode::kNotFound,
               "there is no " + SingularName(resource, key) + nearest_of(resource, key));
}

Result<std::vector<json>> LiveCluster::List(const Resource& resource, kube::Scope scope) {
  std::vector<json> all;
  const std::string namespace_name = scope.namespace_name;
  kube::ListOptions options{.scope = std::move(scope)};
  do {
    auto page = client_->List(resource, options, {.deadline = kDeadline});
    if (!page.ok()) {
      const std::string what = "list " + Name(resource, {.namespace_name = namespace_name});
      // A collection is always there, unless nobody serves it.
      if (page.error().code() != ErrorCode::kNotFound) return Describe(page.error(), what);
      return Error(ErrorCode::kNotFound, "the API server " + config_.server + " does not serve " +
                                             resource.ToString() + "; is Remora installed?");
    }
    std::move(page->items.begin(), page->items.end(), std::back_inserter(all));
    options.continue_token = std::move(page->continue_token);
  } while (!options.continue_token.empty());
  return all;
}

Result<std::vector<json>> LiveCluster::ListIfAllowed(const Resource& resource, kube::Scope scope) {
  auto all = List(resource, std::move(scope));
  if (all.ok() || all.error().code() != ErrorCode::kPermissionDenied) return all;
  Complain(all.error().message() + "; what is there counts as absent");
  return std::vector<json>();
}

void LiveCluster::Complain(const std::string& sentence) {
  const auto said = std::find(complaints_.begin(), complaints_.end(), sentence);
  if (said == complaints_.end()) complaints_.push_back(sentence);
}

Result<void> LiveCluster::Tell(const PodNeeds& needs, ClusterView& view) {
  const auto own = Get({"", "v1", "namespaces"}, {.name = needs.namespace_name});
  if (own.ok()) {
    view.Add(*own, {needs.namespace_name, server(), true});
  } else if (own.error().code() == ErrorCode::kPermissionDenied) {
    Complain(own.error().message() + "; its labels and defaults count as absent");
  } else {
    return own.error();
  }
  for (const char* plural : {"limitranges", "resourcequotas"}) {
    auto told = TellList({"", "v1", plural}, {needs.namespace_name}, view);
    if (!told.ok()) return told;
  }
  if (auto told = TellPatterns(needs, view); !told.ok()) return told;
  return TellNamed(needs, view);
}

Result<void> LiveCluster::TellList(const Resource& resource, kube::Scope scope, ClusterView& view) {
  const std::string namespace_name = scope.namespace_name;
  const auto all = ListIfAllowed(resource, std::move(scope));
  if (!all.ok()) return all.error();
  for (const json& object : *all) view.Add(object, {namespace_name, server(), true});
  return {};
}

Result<void> LiveCluster::TellPatterns(const PodNeeds& needs, ClusterView& view) {
  const std::string& catalog = view.environment().catalog_namespace;
  for (const api::PatternKind kind : kPatternKinds) {
    const auto own = List(PatternResource(kind), {needs.namespace_name});
    if (!own.ok()) return own.error();
    for (const json& object : *own) view.Add(object, {needs.namespace_name, server(), true});
    if (catalog == needs.namespace_name) continue;
    auto told = TellList(PatternResource(kind), {catalog}, view);
    if (!told.ok()) return told;
  }
  return {};
}

Result<void> LiveCluster::TellNamed(const PodNeeds& needs, ClusterView& view) {
  // Whose revisions may be served.
  std::set<std::string> spaces = {needs.namespace_name, view.environment().catalog_namespace};
  for (const NamedPattern& named : NamedElsewhere(needs.pod)) {
    const std::string& space = named.key.namespace_name;
    if (space == needs.namespace_name || space == view.environment().catalog_namespace) continue;
    const Resource resource = PatternResource(named.kind);
    const auto object = client_->Get(resource, named.key, {.deadline = kDeadline});
    if (object.ok()) {
      view.Add(*object, {space, server(), true});
      spaces.insert(space);
      continue;
    }
    if (object.error().code() == ErrorCode::kNotFound) continue;
    const Error error = Describe(object.error(), "get " + Name(resource, named.key));
    if (error.code() != ErrorCode::kPermissionDenied) return error;
    Complain(error.message() + "; it counts as absent");
  }
  for (const std::string& space : spaces) {
    auto told = TellRevisions(space, view);
    if (!told.ok()) return told;
  }
  return {};
}

Result<void> LiveCluster::TellRevisions(const std::string& namespace_name, ClusterView& view) {
  return TellList(
      {"apps", "v1", "controllerrevisions"},
      {.namespace_name = namespace_name, .label_selector = std::string(api::kPatternLabel)}, view);
}

int EndProcess(int exit_code) {
  if (!has_connected) return exit_code;
  FlushLog();
  std::fflush(nullptr);
  ::_exit(exit_code);
}

}  // namespace remora::cli
