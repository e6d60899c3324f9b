// RawClient: a client that says exactly the bytes it is told to, over TCP and then, if asked, TLS.
//
// Contract
//   - Trusts every certificate; looks at it afterwards if the test wants to know.
//   - Every wait ends after five seconds, as if the peer had closed.
// Thread-safety: owner thread only.
//
// Example
//   RawClient client(port);
//   ASSERT_TRUE(client.Handshake());
//   client.Send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
//   EXPECT_EQ(client.Read()->status, 200);
#pragma once

#include <openssl/types.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace remora::testing {

struct HttpAnswer {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

class RawClient {
 public:
  explicit RawClient(std::uint16_t port);
  ~RawClient();
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  bool connected() const { return socket_ >= 0; }
  bool Handshake(int max_version = 0);
  // Over TLS after the handshake. False when the connection is broken.
  bool Send(std::string_view bytes);
  // One HTTP answer; nothing when the connection ends first. `with_body` false: of a HEAD.
  std::optional<HttpAnswer> Read(bool with_body = true);
  // Whether the peer closes; whatever it still sends is dropped.
  bool WaitForClose();
  std::string certificate_pem() const;  // the peer's

 private:
  bool ReadMore();

  int socket_ = -1;
  std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context_;
  std::unique_ptr<SSL, void (*)(SSL*)> tls_;
  std::string received_;
  bool goodbye_ = false;  // TLS close_notify has come
};

}  // namespace remora::testing
