// HttpTransport: HTTP/1.1 over TLS to one server, with the library that does it hidden whole.
//
// Contract
//   - Start() sends a request and returns at once; the Exchange then answers with the status and
//     the pieces of the body, as they arrive.
//   - Waiting ends at once on a stop, and at the deadline; the exchange is then cancelled.
//   - Pieces are whatever the network delivered, never empty, in order.
// Thread-safety: HttpTransport: internally synchronised. Exchange: one thread waits at a time.
// Errors: Unavailable (unreachable, cut), DeadlineExceeded, Cancelled.
// Lifetime: an Exchange may outlive its transport. Its destruction closes an unfinished connection.
//
// Example
//   auto exchange = transport.Start({.method = "GET", .path = "/version"});
//   auto status = exchange->WaitStatus(stop, deadline);
//   while (status.ok()) {
//     auto piece = exchange->WaitPiece(stop, deadline);
//     if (!piece.ok() || !piece->has_value()) break;
//     body += **piece;
//   }
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "operator/base/result.h"
#include "operator/kube/config.h"

namespace remora::kube::internal {

struct HttpRequest {
  std::string method;
  std::string path;  // with its query, percent-encoded
  std::string body = {};
  std::string content_type = {};
  std::string accept = {};  // empty: JSON
  std::string bearer_token = {};
  std::string user_agent = {};
  // Never on a kept connection, where the library may send a request twice.
  bool fresh_connection = false;
};

class Exchange {
 public:
  using Deadline = std::chrono::steady_clock::time_point;

  virtual ~Exchange() = default;

  virtual Result<int> WaitStatus(std::stop_token stop, Deadline deadline) = 0;
  // Nothing at the end of the body.
  virtual Result<std::optional<std::string>> WaitPiece(std::stop_token stop, Deadline deadline) = 0;
};

class HttpTransport {
 public:
  static Result<std::unique_ptr<HttpTransport>> Make(const Config& config);
  virtual ~HttpTransport() = default;

  virtual std::unique_ptr<Exchange> Start(HttpRequest request) = 0;
};

}  // namespace remora::kube::internal
