// Options: the command line of remora-webhook, as a value.
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
//   Serve(command_line->options);
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "operator/base/log.h"
#include "operator/base/result.h"

namespace remora::webhook {

struct Options {
  std::string kubeconfig;  // empty: as kube::LoadConfig finds it
  std::string bind_address = "::";
  std::uint16_t port = 10250;
  std::string tls_cert_file = "/etc/remora/tls/tls.crt";
  std::string tls_private_key_file = "/etc/remora/tls/tls.key";
  bool tls_wait = false;  // for files that do not exist yet
  std::string catalog_namespace = "remora-catalog";
  std::string wait_image;  // empty: as the engine has it
  int threads = 0;         // 0: one a core, at most 4
  LogOptions log;
  // Endpoints need a few seconds to leave everybody's tables after readiness is gone.
  std::chrono::seconds drain{5};
};

struct CommandLine {
  Options options;
  std::string answer;  // to print, then end with 0; empty: run
};

Result<CommandLine> ParseCommandLine(int argc, const char* const* argv, const std::string& version);

}  // namespace remora::webhook
