// ServedWebhook: the webhook's own listener, endpoints and engine on a free loopback port, with
// time limits that a test can wait for and patterns that are already there.
//
// Lifetime: one a test; clients may outlive it.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <utility>

#include "operator/base/clock.h"
#include "tests/fakes/test_certificate.h"
#include "tests/integration/webhook/requests.h"
#include "tests/integration/webhook/temporary_folder.h"
#include "webhook/endpoints.h"
#include "webhook/http_listener.h"
#include "webhook/metrics.h"
#include "webhook/pattern_source.h"
#include "webhook/tls_certificate.h"

namespace remora::testing {

class FixedPatterns final : public webhook::PatternSource {
 public:
  explicit FixedPatterns(std::shared_ptr<const injection::PatternIndex> index)
      : index_(std::move(index)) {}
  std::shared_ptr<const injection::PatternIndex> Current() const override { return index_; }
  std::string Missing() const override { return index_ ? "" : "sidecars"; }

 private:
  std::shared_ptr<const injection::PatternIndex> index_;
};

inline webhook::TlsFiles WriteTlsFiles(const TemporaryFolder& folder,
                                       const TestCertificate& certificate) {
  return {.certificate = folder.Write("tls.crt", certificate.certificate_pem),
          .key = folder.Write("tls.key", certificate.key_pem)};
}

// Times of a tenth of a second or so, long for a loopback exchange under a sanitizer, short for a
// test that waits for one to pass.
inline webhook::ListenerOptions TestListenerOptions() {
  using std::chrono::milliseconds;
  return {.address = "127.0.0.1",
          .port = 0,
          .threads = 2,
          .max_connections = 16,
          .request = {.header_bytes = 16 * 1024, .body_bytes = 256 * 1024},
          .time = {.handshake = milliseconds(400),
                   .header = milliseconds(400),
                   .body = milliseconds(400),
                   .idle = milliseconds(30'000),
                   .handler = milliseconds(4'000),
                   .write = milliseconds(5'000),
                   .linger = milliseconds(400)}};
}

class ServedWebhook {
 public:
  explicit ServedWebhook(webhook::ListenerOptions options = TestListenerOptions(),
                         std::shared_ptr<const injection::PatternIndex> index =
                             injection::PatternIndex::Builder().Build())
      : patterns_(std::move(index)),
        tls_(*webhook::TlsCertificate::Load(WriteTlsFiles(folder_, MakeTestCertificate()), clock_)),
        listener_(*webhook::HttpListener::Start(
            std::move(options), [this] { return tls_->context(); },
            [this] { return std::make_unique<webhook::Endpoints>(endpoints()); })) {}

  std::uint16_t port() const { return listener_->port(); }
  webhook::HttpListener& listener() { return *listener_; }
  webhook::TlsCertificate& certificate() { return *tls_; }
  webhook::Metrics& metrics() { return metrics_; }
  const TemporaryFolder& folder() const { return folder_; }

 private:
  webhook::EndpointsOptions endpoints() {
    return {.pods = {patterns_, environment_, metrics_},
            .not_ready = [this] { return patterns_.Missing(); }};
  }

  SystemClock clock_;
  TemporaryFolder folder_;
  FixedPatterns patterns_;
  injection::Environment environment_;
  webhook::Metrics metrics_;
  std::unique_ptr<webhook::TlsCertificate> tls_;
  std::unique_ptr<webhook::HttpListener> listener_;
};

}  // namespace remora::testing
