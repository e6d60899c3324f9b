// The certificate reconciler alone, in a loop, with lives of seconds: for tests/e2e/.
//
// usage: certificates_driver --dns-name=NAME [--namespace=NAMESPACE] [--authority-seconds=N] ...

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <stop_token>
#include <thread>

#include "operator/base/clock.h"
#include "operator/base/log.h"
#include "operator/kube/client.h"
#include "operator/kube/config.h"
#include "operator/reconcilers/certificate_reconciler.h"

namespace remora::reconcilers {
namespace {

using std::chrono::seconds;

struct Flags {
  CertificateReconciler::Options options{.namespace_name = "default", .poll = seconds(1)};
  int authority_seconds = 80;
  int leaf_seconds = 80;
  int settle_seconds = 1;
  int retire_seconds = 3;
  bool cert_manager = false;
};

bool Parse(int argc, char** argv, Flags& flags) {
  CLI::App app("Runs the certificate reconciler");
  CertificateOptions& certificates = flags.options.certificates;
  certificates.renew_after = 0.1;
  app.add_option("--namespace", flags.options.namespace_name);
  app.add_option("--dns-name", certificates.dns_names)->required();
  app.add_option("--authority-seconds", flags.authority_seconds);
  app.add_option("--leaf-seconds", flags.leaf_seconds);
  app.add_option("--renew-after", certificates.renew_after);
  app.add_option("--settle-seconds", flags.settle_seconds);
  app.add_option("--retire-seconds", flags.retire_seconds);
  app.add_flag("--cert-manager", flags.cert_manager);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    app.exit(error);
    return false;
  }
  certificates.authority_life = seconds(flags.authority_seconds);
  certificates.leaf_life = seconds(flags.leaf_seconds);
  certificates.settle = seconds(flags.settle_seconds);
  certificates.retire_after = seconds(flags.retire_seconds);
  if (flags.cert_manager) flags.options.source = CertificateSource::kCertManager;
  return true;
}

int Run(const Flags& flags, const sigset_t& signals) {
  const auto config = kube::LoadConfig({});
  if (!config.ok()) return 2;
  const auto client = kube::Client::Make(*config);
  if (!client.ok()) return 2;
  SystemClock clock;
  const std::jthread loop([&](const std::stop_token& stop) {
    CertificateReconciler reconciler(**client, clock, flags.options);
    do {
      const auto wait = reconciler.Reconcile(stop);
      if (!wait.ok() && wait.error().code() != ErrorCode::kCancelled) {
        Log(LogLevel::kError, "certificates", {{"error", wait.error().message()}});
      }
      if (!clock.SleepFor(wait.ok() ? *wait : seconds(1), stop)) return;
    } while (!stop.stop_requested());
  });
  int signal = 0;
  sigwait(&signals, &signal);
  return 0;
}

}  // namespace
}  // namespace remora::reconcilers

int main(int argc, char** argv) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  remora::kube::InitializeThreads(2);
  remora::reconcilers::Flags flags;
  const int code =
      remora::reconcilers::Parse(argc, argv, flags) ? remora::reconcilers::Run(flags, signals) : 2;
  remora::FlushLog();
  std::fflush(nullptr);
  _exit(code);  // not return: see kube/client.h
}
