#include "operator/options.h"

#include <CLI/CLI.hpp>

#include "operator/runtime/process_flags.h"

namespace remora {

namespace {

constexpr int kMaxPort = 65535;
// client-go refuses less; longer than this nobody would wait for a new leader.
constexpr int kShortestLease = 3;
constexpr int kLongestLease = 600;

void AddWhere(CLI::App& app, OperatorOptions& options) {
  runtime::AddKubeconfigFlag(app, options.kubeconfig);
  app.add_option("--bind-address", options.bind_address, "Address of health and metrics")
      ->capture_default_str()
      ->type_name("ADDRESS");
  app.add_option("--port", options.port, "Port of health and metrics; 0: any free one")
      ->capture_default_str()
      ->check(CLI::Range(0, kMaxPort))
      ->type_name("PORT");
  app.add_option("--namespace", options.namespace_name, "Namespace of the Lease and the Secrets")
      ->capture_default_str()
      ->type_name("NAMESPACE");
  app.add_option("--identity", options.identity,
                 "Name of this process in the Lease; without it host and process id")
      ->type_name("NAME");
  app.add_option(
         "--lease-seconds", options.lease_seconds,
         "Time after which a leader that is not heard of is replaced. Below 12, a write that "
         "hangs may outlast the lease")
      ->capture_default_str()
      ->check(CLI::Range(kShortestLease, kLongestLease))
      ->type_name("SECONDS");
}

void AddWhat(CLI::App& app, OperatorOptions& options) {
  app.add_option("--catalog-namespace", options.catalog_namespace,
                 "Namespace whose patterns everybody may use")
      ->capture_default_str()
      ->type_name("NAMESPACE");
  app.add_option("--excluded-namespaces", options.excluded_namespaces,
                 "Namespaces whose Pods the webhook is never asked about")
      ->capture_default_str()
      ->delimiter(',')
      ->type_name("NAMESPACE,...");
  app.add_option(
         "--sealed-namespace", options.sealed_namespace,
         "Namespace whose quota admits no Pods, where patterns are tried as dry runs; empty: "
         "they are not")
      ->capture_default_str()
      ->type_name("NAMESPACE");
  app.add_option("--certificates", options.certificates,
                 "Who makes the webhook's certificate: own, cert-manager, or none of our business")
      ->capture_default_str()
      ->check(CLI::IsMember({"own", "cert-manager", "none"}));
  app.add_option("--certificate-secret", options.certificate_secret, "Secret with it")
      ->capture_default_str()
      ->type_name("NAME");
  app.add_option("--webhook-service", options.webhook_service,
                 "Service of the webhook, whose names the certificate is for")
      ->capture_default_str()
      ->type_name("NAME");
}

}  // namespace

Result<OperatorCommandLine> ParseOperatorCommandLine(int argc, const char* const* argv,
                                                     const std::string& version) {
  OperatorCommandLine command_line;
  CLI::App app("Keeps the status of patterns and the webhook's certificate true.",
               "remora-operator");
  app.set_version_flag("--version", version, "Print the version");
  AddWhere(app, command_line.options);
  AddWhat(app, command_line.options);
  runtime::AddLogFlags(app, command_line.options.log);
  app.add_subcommand("remove-webhooks",
                     "Remove the webhook configurations called remora, and end: what "
                     "comes before an uninstallation")
      ->fallthrough();  // the flags above are its flags, too
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    command_line.answer = app.help();
  } catch (const CLI::CallForVersion&) {
    command_line.answer = version + "\n";
  } catch (const CLI::ParseError& error) {
    return Error(ErrorCode::kInvalid, error.what());
  }
  command_line.removes_webhooks = app.got_subcommand("remove-webhooks");
  return command_line;
}

}  // namespace remora
