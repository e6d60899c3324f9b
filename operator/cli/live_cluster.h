// LiveCluster: an API server, asked as kubectl would ask it, and what the engine needs of it.
//
// Contract
//   - The first Connect() prepares the HTTP library; a process that has called it ends as EndProcess()
//     does. Nothing is written but what a caller writes by client().
//   - What the user may not read of a namespace's surroundings (its limits, the catalog) counts as
//     absent, with a complaint; what cannot be done without is an Error.
// Thread-safety: owner thread only.
// Errors: one sentence each. Invalid: the kubeconfig. NotFound: with the nearest name.
//   PermissionDenied: with the right that is missing. Unavailable, DeadlineExceeded: the API server.
//
// Example
//   auto cluster = LiveCluster::Connect(options);
//   auto object = (*cluster)->Get({"apps", "v1", "deployments"}, {"shop", "cart"});
//   ClusterView view(environment);
//   auto told = (*cluster)->Tell({"shop", PodOf(workload, *object)}, view);
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "operator/api/pattern.h"
#include "operator/base/result.h"
#include "operator/cli/cluster_view.h"
#include "operator/cli/live_options.h"
#include "operator/kube/client.h"
#include "operator/kube/config.h"
#include "operator/kube/resource.h"

namespace remora::cli {

// The Pods for whose sake a ClusterView is filled.
struct PodNeeds {
  std::string namespace_name;
  nlohmann::json pod;  // patterns that its annotations name elsewhere are read, too; may be null
};

class LiveCluster {
 public:
  static Result<std::unique_ptr<LiveCluster>> Connect(const LiveOptions& options);

  kube::Client& client() { return *client_; }
  // The one of -n, else of the context.
  const std::string& namespace_name() const { return namespace_name_; }
  const std::string& server() const { return config_.server; }
  // One sentence for each thing that may not be read and counts as absent.
  const std::vector<std::string>& complaints() const { return complaints_; }

  Result<nlohmann::json> Get(const kube::Resource& resource, const kube::ObjectKey& key);
  // Those of a namespace, or of all; with the labels that the scope names.
  Result<std::vector<nlohmann::json>> List(const kube::Resource& resource, kube::Scope scope);
  // As List(); what may not be read is a complaint, and nothing.
  Result<std::vector<nlohmann::json>> ListIfAllowed(const kube::Resource& resource,
                                                    kube::Scope scope);

  // Tells the view the Namespace, LimitRanges and quotas of the Pod, and the patterns of its
  // namespace, of the catalog, and those that it names.
  Result<void> Tell(const PodNeeds& needs, ClusterView& view);

  // The Error of a call, as a sentence about what was tried: "read Pod shop/cart".
  Error Describe(const Error& error, const std::string& what) const;

 private:
  LiveCluster(kube::Config config, std::unique_ptr<kube::Client> client,
              std::string namespace_name);
  Result<void> TellPatterns(const PodNeeds& needs, ClusterView& view);
  Result<void> TellNamed(const PodNeeds& needs, ClusterView& view);
  Result<void> TellRevisions(const std::string& namespace_name, ClusterView& view);
  // Lists what may be read of a namespace into the view.
  Result<void> TellList(const kube::Resource& resource, kube::Scope scope, ClusterView& view);
  // Once.
  void Complain(const std::string& sentence);
  // What to say of an object that is not there.
  Error NotThere(const kube::Resource& resource, const kube::ObjectKey& key);

  kube::Config config_;
  std::unique_ptr<kube::Client> client_;
  std::string namespace_name_;
  std::vector<std::string> complaints_;
};

kube::Resource PatternResource(api::PatternKind kind);

// Ends the process where an API server was asked; returns `exit_code` where none was. The streams
// are flushed by the caller.
int EndProcess(int exit_code);

}  // namespace remora::cli
