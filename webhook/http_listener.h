// HttpListener: the HTTPS port. It accepts, limits, hands requests to Handlers, and drains.
//
// Contract
//   - HTTP/1.1 over TLS with keep-alive and pipelining; one request of a connection at a time.
//   - Every limit of ListenerOptions holds for every client; who passes one gets a 4xx or a closed
//     connection, and one log line. Nothing a client sends ends the process.
//   - Handle() runs on the worker's thread that read the request, on that thread's own Handler.
//   - Each new connection asks the ContextSource for its TLS context.
// Thread-safety: port(), AnnounceClose() and Drain() from any thread, Drain() once.
// Errors: Unavailable: the address cannot be listened on, with the system's reason.
// Lifetime: what `context` and `handlers` refer to outlives the HttpListener.
//
// Example
//   auto listener = HttpListener::Start({.port = 0}, [&] { return certificate.context(); },
//                                       [] { return std::make_unique<Hello>(); });
//     if (!listener.ok()) return listener.error();
//   Serve((*listener)->port());
//   (*listener)->AnnounceClose();                    // clients go elsewhere on their own
//   (*listener)->Drain(std::chrono::seconds(5));     // then no connection is left
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "operator/base/result.h"
#include "webhook/handler.h"
#include "webhook/http_request_reader.h"

struct ssl_ctx_st;  // OpenSSL's SSL_CTX

namespace remora::webhook {

struct TimeLimits {
  std::chrono::milliseconds handshake{5'000};
  std::chrono::milliseconds header{10'000};  // from its first byte
  std::chrono::milliseconds body{10'000};
  std::chrono::milliseconds idle{120'000};   // longer than the 90 s of the API server's idle pool
  std::chrono::milliseconds handler{4'000};  // the API server gives up after its timeoutSeconds, 5
  std::chrono::milliseconds write{10'000};
  std::chrono::milliseconds linger{2'000};  // for a client to read what it was told, and to go
};

struct ListenerOptions {
  std::string address = "::";  // both families; 0.0.0.0 where the machine has no IPv6
  std::uint16_t port = 10250;  // 0: any free one
  int threads = 0;             // 0: one a core, at most 4
  std::size_t max_connections = 512;
  // Bodies above 128 KiB share this: 512 connections of 8 MiB each would be 4 GiB.
  std::size_t max_large_body_bytes = std::size_t{64} * 1024 * 1024;
  RequestLimits request = {};
  TimeLimits time = {};
};

using ContextSource = std::function<std::shared_ptr<ssl_ctx_st>()>;

class HttpListener {
 public:
  static Result<std::unique_ptr<HttpListener>> Start(ListenerOptions options, ContextSource context,
                                                     const HandlerFactory& handlers);
  ~HttpListener();  // drains without waiting; NOLINT(bugprone-exception-escape)
  HttpListener(const HttpListener&) = delete;
  HttpListener& operator=(const HttpListener&) = delete;

  std::uint16_t port() const;
  const std::string& address() const;  // as bound: "[::]:10250"

  // From now on every answer says `Connection: close`. New connections are still accepted.
  void AnnounceClose();

  // Accepts no more, closes idle connections, lets the others finish their request, and returns
  // when none is left or `limit` is over; what is left then is cut.
  void Drain(std::chrono::milliseconds limit);

 private:
  class Impl;
  explicit HttpListener(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace remora::webhook
