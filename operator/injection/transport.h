// Transport: what a port number belongs to. One number of TCP and one of UDP are two ports.
//
// Thread-safety: pure functions.
#pragma once

#include <cstdint>
#include <string_view>

namespace remora::injection {

enum class Transport : std::uint8_t { kTcp, kUdp, kSctp };

// Of `protocol` in core/v1; absent is TCP.
constexpr Transport ParseTransport(std::string_view protocol) {
  if (protocol == "UDP") return Transport::kUdp;
  return protocol == "SCTP" ? Transport::kSctp : Transport::kTcp;
}

constexpr std::string_view TransportName(Transport transport) {
  switch (transport) {
    case Transport::kTcp: return "TCP";
    case Transport::kUdp: return "UDP";
    case Transport::kSctp: return "SCTP";
  }
  return "";
}

}  // namespace remora::injection
