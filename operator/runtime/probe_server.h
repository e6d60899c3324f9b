// ProbeServer: /healthz, /readyz and /metrics over plain HTTP, for the kubelet and for Prometheus.
//
// Contract
//   - Healthy while it answers. Ready while `not_ready` returns nothing; else 503 with what it says.
//   - Nothing secret is told here: it has no authentication, as the kubelet has none to give.
// Thread-safety: the functions are called on the server's own threads.
// Errors: Invalid: the address cannot be listened on.
// Lifetime: what the functions refer to outlives it.
//
// Example
//   auto server = ProbeServer::Start({.port = 8080, .not_ready = [&] { return Missing(); },
//                                     .metrics = [&] { return Render(); }});
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "operator/base/result.h"

namespace remora::runtime {

class ProbeServer {
 public:
  struct Options {
    std::string address = "::";
    std::uint16_t port = 8080;  // 0: any free one
    std::function<std::string()> not_ready;
    std::function<std::string()> metrics;  // text/plain; version=0.0.4
  };

  static Result<std::unique_ptr<ProbeServer>> Start(Options options);
  ~ProbeServer();
  ProbeServer(const ProbeServer&) = delete;
  ProbeServer& operator=(const ProbeServer&) = delete;

  std::uint16_t port() const;

 private:
  class Impl;
  explicit ProbeServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace remora::runtime
