#include "operator/cli/dialer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>
#include <system_error>
#include <utility>

namespace remora::cli {

namespace {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;

  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

class Socket {
 public:
  explicit Socket(int domain)
      : fd_(::socket(domain, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {}
  ~Socket() {
    if (fd_ >= 0) ::close(fd_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  int fd() const { return fd_; }

 private:
  int fd_;
};

std::optional<SocketAddress> MakeAddress(const std::string& address, std::uint16_t port) {
  SocketAddress result;
  sockaddr_in v4{};
  if (::inet_pton(AF_INET, address.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::memcpy(&result.storage, &v4, sizeof v4);
    result.size = sizeof v4;
    return result;
  }
  sockaddr_in6 v6{};
  if (::inet_pton(AF_INET6, address.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    std::memcpy(&result.storage, &v6, sizeof v6);
    result.size = sizeof v6;
    return result;
  }
  return std::nullopt;
}

Error SystemError(int error_number) {
  return Error(ErrorCode::kUnavailable, std::generic_category().message(error_number));
}

// A port in the range from which the kernel takes the caller's own: sooner or later it takes the
// very one that is dialled, and the socket is connected to itself.
bool IsConnectedToItself(int fd) {
  SocketAddress own;
  SocketAddress peer;
  own.size = peer.size = sizeof own.storage;
  return ::getsockname(fd, own.get(), &own.size) == 0 &&
         ::getpeername(fd, peer.get(), &peer.size) == 0 && own.size == peer.size &&
         std::memcmp(&own.storage, &peer.storage, own.size) == 0;
}

Result<void> AwaitConnection(int fd, std::chrono::milliseconds timeout) {
  pollfd waiting{fd, POLLOUT, 0};
  const int ready = ::poll(&waiting, 1, static_cast<int>(timeout.count()));
  if (ready == 0) return SystemError(ETIMEDOUT);
  if (ready < 0) return SystemError(errno);
  int error_number = 0;
  socklen_t size = sizeof error_number;
  ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error_number, &size);
  if (error_number != 0) return SystemError(error_number);
  return {};
}

Result<void> DialOne(SocketAddress address, std::chrono::milliseconds timeout) {
  const Socket socket(address.storage.ss_family);
  if (socket.fd() < 0) return SystemError(errno);
  if (::connect(socket.fd(), address.get(), address.size) != 0) {
    if (errno != EINPROGRESS) return SystemError(errno);
    if (auto connected = AwaitConnection(socket.fd(), timeout); !connected.ok()) return connected;
  }
  if (!IsConnectedToItself(socket.fd())) return {};
  // Closed by a reset, it leaves no TIME_WAIT that would keep the listener from its port.
  const linger reset{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(socket.fd(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  return SystemError(ECONNREFUSED);
}

Error BadUrl(std::string_view url) {
  return Error(ErrorCode::kInvalid,
               '"' + std::string(url) +
                   "\" is no endpoint; expected tcp://HOST:PORT, where HOST is an IPv4 address, an "
                   "IPv6 address in brackets or localhost");
}

}  // namespace

Result<Endpoint> ParseEndpoint(std::string_view url) {
  constexpr std::string_view kScheme = "tcp://";
  if (!url.starts_with(kScheme)) return BadUrl(url);
  const std::string_view authority = url.substr(kScheme.size());
  const std::size_t colon = authority.rfind(':');
  if (colon == std::string_view::npos) return BadUrl(url);
  std::string host(authority.substr(0, colon));
  const std::string_view digits = authority.substr(colon + 1);
  Endpoint endpoint;
  const bool is_number = !digits.empty() && digits.find_first_not_of("0123456789") == digits.npos;
  if (!is_number) return BadUrl(url);
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), endpoint.port);
  if (parsed.ec != std::errc() || endpoint.port == 0) {
    return Error(ErrorCode::kInvalid, '"' + std::string(url) + "\": there is no port " +
                                          std::string(digits) + "; expected one of 1 to 65535");
  }
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (host == "localhost" && !bracketed) {
    endpoint.addresses = {"127.0.0.1", "::1"};
    return endpoint;
  }
  const auto address = MakeAddress(host, endpoint.port);
  if (!address || bracketed != (address->storage.ss_family == AF_INET6)) return BadUrl(url);
  endpoint.addresses.push_back(std::move(host));
  return endpoint;
}

Result<void> TcpDialer::Dial(const Endpoint& endpoint, std::chrono::milliseconds timeout) {
  Result<void> first_failure;
  for (const std::string& text : endpoint.addresses) {
    const auto address = MakeAddress(text, endpoint.port);
    REMORA_CHECK(address.has_value());
    auto dialled = DialOne(*address, timeout);
    if (dialled.ok()) return dialled;
    if (first_failure.ok()) first_failure = std::move(dialled);
  }
  return first_failure;
}

}  // namespace remora::cli
