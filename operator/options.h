// Options: the command line of remora-operator, as a value.
//
// Contract
//   - Whatever is wrong with the command line is one sentence that names the flag.
//   - --help and --version are answers, not errors: nothing else is done then.
// Thread-safety: a value; a pure function.
// Errors: Invalid.
//
// Example
//   auto command_line = ParseCommandLine(argc, argv, "0.1.0");
//   if (!command_line.ok()) return Fail(command_line.error());
//   if (!command_line->answer.empty()) return Print(command_line->answer);
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "operator/base/log.h"
#include "operator/base/result.h"

namespace remora {

struct OperatorOptions {
  std::string kubeconfig;  // empty: as kube::LoadConfig finds it
  std::string bind_address = "::";
  std::uint16_t port = 8080;
  std::string namespace_name = "remora-system";  // of the Lease and the Secrets
  std::string identity;  // of this process; empty: made of host and process id
  int lease_seconds = 15;
  std::string catalog_namespace = "remora-catalog";
  std::vector<std::string> excluded_namespaces = {"kube-system", "remora-system"};
  std::string sealed_namespace = "remora-sealed";  // where Pods are tried; empty: not at all
  std::string certificates = "own";                // own, cert-manager or none
  std::string certificate_secret = "remora-webhook-tls";
  std::string webhook_service = "remora-webhook";  // whose names the certificate is for
  LogOptions log;
};

struct OperatorCommandLine {
  OperatorOptions options;
  bool removes_webhooks = false;  // and does nothing else
  std::string answer;             // to print, then end with 0; empty: run
};

Result<OperatorCommandLine> ParseOperatorCommandLine(int argc, const char* const* argv,
                                                     const std::string& version);

}  // namespace remora
