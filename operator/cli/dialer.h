// Dialer: does something listen there?
//
// Contract
//   - Only addresses and `localhost`: no name is looked up, so that a broken DNS cannot hold a Pod.
//   - A socket that met itself (the kernel had given it the port it dialled) does not count, and
//     leaves nothing behind that would keep the listener from its port.
// Thread-safety: TcpDialer is immutable.
// Errors: ParseEndpoint(): Invalid. Dial(): Unavailable, with what the system said.
//
// Example
//   auto endpoint = ParseEndpoint("tcp://127.0.0.1:6379");
//   if (TcpDialer().Dial(*endpoint, 1s).ok()) return;  // it listens
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "operator/base/result.h"

namespace remora::cli {

struct Endpoint {
  std::vector<std::string> addresses;  // tried in this order; more than one for localhost
  std::uint16_t port = 0;
};

// tcp://HOST:PORT; HOST is an IPv4 address, an IPv6 address in brackets, or localhost.
Result<Endpoint> ParseEndpoint(std::string_view url);

class Dialer {
 public:
  virtual ~Dialer() = default;
  // Ok: a connection came about, and is closed again.
  virtual Result<void> Dial(const Endpoint& endpoint, std::chrono::milliseconds timeout) = 0;
};

class TcpDialer final : public Dialer {
 public:
  Result<void> Dial(const Endpoint& endpoint, std::chrono::milliseconds timeout) override;
};

}  // namespace remora::cli
