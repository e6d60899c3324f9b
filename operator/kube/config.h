// Config: where the API server is and how to prove who we are, gathered from one place.
//
// Contract
//   - LoadConfig takes the first of: `kubeconfig_flag`; $KUBECONFIG (of a list of files the first
//     one that exists; files are not merged as kubectl does); the Pod's own service account (both
//     KUBERNETES_SERVICE_* variables are set); ~/.kube/config.
//   - Certificates and keys are read into the Config; a token file is only named, since the kubelet
//     rotates it and the client reads it for every request.
//   - Refused, with the field's name: exec and auth-provider plugins, user name and password,
//     impersonation, proxies, tls-server-name, insecure-skip-tls-verify (name a
//     certificate-authority instead), http:// to anything but this machine.
// Thread-safety: a value.
// Errors: Invalid: one sentence with the file, the field and what is expected there.
//
// Example
//   auto config = kube::LoadConfig({.kubeconfig_flag = flags.kubeconfig});
//   if (!config.ok()) return Fail(config.error());
//   auto client = kube::Client::Make(*config);
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "operator/base/result.h"

namespace remora::kube {

struct Config {
  std::string server = {};         // https://host:port, no slash at the end
  std::string authority_pem = {};  // trusted for the server, alone; empty: the system's authorities
  std::string certificate_pem = {};  // ours, with `key_pem`; empty: none
  std::string key_pem = {};
  std::string token = {};                 // fixed
  std::filesystem::path token_file = {};  // read anew for every request; wins over `token`
  std::string namespace_name = "default";
  std::string source = {};  // for people: "kubeconfig /root/.kube/config, context kind"
};

// The value of an environment variable; nothing when it is not set.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;
Environment ProcessEnvironment();

struct ConfigOptions {
  std::string kubeconfig_flag = {};  // empty: not given
  std::string context = {};          // empty: the file's current-context
  Environment environment = ProcessEnvironment();
  std::filesystem::path service_account = "/var/run/secrets/kubernetes.io/serviceaccount";
};

[[nodiscard]] Result<Config> LoadConfig(const ConfigOptions& options);

}  // namespace remora::kube
