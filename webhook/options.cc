#include "webhook/options.h"

#include <CLI/CLI.hpp>

#include "operator/runtime/process_flags.h"

namespace remora::webhook {

namespace {

constexpr int kMaxThreads = 64;
constexpr int kMaxPort = 65535;
constexpr int kMaxDrainSeconds = 600;

void AddOptions(CLI::App& app, Options& options, int& drain_seconds) {
  runtime::AddKubeconfigFlag(app, options.kubeconfig);
  app.add_option("--bind-address", options.bind_address, "Address to listen on")
      ->capture_default_str()
      ->type_name("ADDRESS");
  app.add_option("--port", options.port, "Port of the HTTPS listener; 0: any free one")
      ->capture_default_str()
      ->check(CLI::Range(0, kMaxPort))
      ->type_name("PORT");
  app.add_option("--tls-cert-file", options.tls_cert_file, "Certificate, PEM; followed")
      ->capture_default_str()
      ->type_name("FILE");
  app.add_option("--tls-private-key-file", options.tls_private_key_file, "Its key, PEM; followed")
      ->capture_default_str()
      ->type_name("FILE");
  app.add_flag("--tls-wait", options.tls_wait,
               "Wait for certificate and key where they do not exist yet, instead of ending");
  app.add_option("--catalog-namespace", options.catalog_namespace,
                 "Namespace whose patterns everybody may use")
      ->capture_default_str()
      ->type_name("NAMESPACE");
  app.add_option("--wait-image", options.wait_image, "Image of the wait containers")
      ->type_name("IMAGE");
  app.add_option("--threads", options.threads, "Workers; 0: one a core, at most 4")
      ->capture_default_str()
      ->check(CLI::Range(0, kMaxThreads))
      ->type_name("COUNT");
  app.add_option("--drain-seconds", drain_seconds,
                 "Time between losing readiness and closing the port, on SIGTERM")
      ->capture_default_str()
      ->check(CLI::Range(0, kMaxDrainSeconds))
      ->type_name("SECONDS");
  runtime::AddLogFlags(app, options.log);
}

}  // namespace

Result<CommandLine> ParseCommandLine(int argc, const char* const* argv,
                                     const std::string& version) {
  CommandLine command_line;
  int drain_seconds = static_cast<int>(command_line.options.drain.count());
  CLI::App app("Answers the API server's questions about Pods that ask for companions.",
               "remora-webhook");
  app.set_version_flag("--version", version, "Print the version");
  AddOptions(app, command_line.options, drain_seconds);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    command_line.answer = app.help();
  } catch (const CLI::CallForVersion&) {
    command_line.answer = version + "\n";
  } catch (const CLI::ParseError& error) {
    return Error(ErrorCode::kInvalid, error.what());
  }
  command_line.options.drain = std::chrono::seconds(drain_seconds);
  return command_line;
}

}  // namespace remora::webhook
