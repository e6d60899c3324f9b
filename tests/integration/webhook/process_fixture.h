// WebhookProcessTest: a fake API server, and flags with which the shipped binary serves it.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "tests/fakes/fake_api_server.h"
#include "tests/fakes/test_certificate.h"
#include "tests/integration/webhook/raw_client.h"
#include "tests/integration/webhook/requests.h"
#include "tests/integration/webhook/temporary_folder.h"
#include "tests/integration/webhook/webhook_process.h"

namespace remora::testing {

inline constexpr const char* kSidecars = "/apis/patterns.remora.dev/v1alpha1/sidecars";

inline nlohmann::json Sidecar(const std::string& image) {
  return {{"apiVersion", "patterns.remora.dev/v1alpha1"},
          {"kind", "Sidecar"},
          {"metadata", {{"namespace", "shop"}, {"name", "saver"}}},
          {"spec", {{"container", {{"image", image}}}}}};
}

class WebhookProcessTest : public ::testing::Test {
 protected:
  WebhookProcessTest() {
    const TestCertificate certificate = MakeTestCertificate();
    authority_ = folder_.Write("ca.crt", server_.certificate().authority_pem);
    flags_ = {"--kubeconfig=" + WriteKubeconfig(),
              "--bind-address=127.0.0.1",
              "--port=0",
              "--threads=2",
              "--drain-seconds=0",
              "--tls-cert-file=" + folder_.Write("tls.crt", certificate.certificate_pem),
              "--tls-private-key-file=" + folder_.Write("tls.key", certificate.key_pem)};
    server_.Put("/api/v1/namespaces", {{"kind", "Namespace"}, {"metadata", {{"name", "shop"}}}});
  }

  std::string WriteKubeconfig() {
    const nlohmann::json config = {
        {"apiVersion", "v1"},
        {"kind", "Config"},
        {"clusters",
         {{{"name", "fake"},
           {"cluster", {{"server", server_.url()}, {"certificate-authority", authority_}}}}}},
        {"users", {{{"name", "me"}, {"user", {{"token", "t"}}}}}},
        {"contexts", {{{"name", "c"}, {"context", {{"cluster", "fake"}, {"user", "me"}}}}}},
        {"current-context", "c"}};
    return folder_.Write("kubeconfig", config.dump());  // JSON is YAML
  }

  std::vector<std::string> FlagsWith(const std::string& flag) const {
    std::vector<std::string> flags = flags_;
    const std::string name = flag.substr(0, flag.find('=') + 1);
    std::erase_if(flags, [&](const std::string& old) { return old.starts_with(name); });
    flags.push_back(flag);
    return flags;
  }

  static HttpAnswer Ask(std::uint16_t port, const std::string& request) {
    RawClient client(port);
    EXPECT_TRUE(client.Handshake());
    client.Send(request);
    return client.Read().value_or(HttpAnswer{});
  }

  static bool WaitUntilReady(std::uint16_t port) {
    for (int i = 0; i < 1000; ++i) {
      if (Ask(port, Get("/readyz")).status == 200) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  }

  static std::string PatchOf(std::uint16_t port) {
    const nlohmann::json review = PodReview("u1", {{"patterns.remora.dev/sidecar", "saver"}});
    const HttpAnswer answer = Ask(port, Post(review.dump()));
    return nlohmann::json::parse(answer.body)["response"].value("patch", "");
  }

  FakeApiServer server_;
  TemporaryFolder folder_;
  std::string authority_;
  std::vector<std::string> flags_;
};

}  // namespace remora::testing
