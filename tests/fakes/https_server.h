// HttpsServer: HTTP/1.1 over TLS on a free loopback port, one thread a connection, for fakes.
//
// Contract
//   - The handler answers one request on the Connection it is given, on that connection's thread;
//     it may block there. Keep-alive is kept until either side closes.
//   - Plain OpenSSL and blocking sockets: simple, compiles in seconds, not for production.
//   - Stop() fails the running test if a client still holds a connection after two seconds.
// Thread-safety: Connection: its own thread, but for Cut() and Wake(). HttpsServer: any thread.
// Errors: setting up ends the process; a broken connection just ends.
// Lifetime: the handler's captures outlive the server.
//
// Example
//   HttpsServer server(MakeTestCertificate(), [](const HttpRequest& request, Connection&
//   connection) {
//     connection.Respond(200, request.body);
//   });
//   Get("https://127.0.0.1:" + std::to_string(server.port()));
#pragma once

#include <openssl/types.h>

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "operator/base/mutex.h"
#include "tests/fakes/test_certificate.h"

namespace remora::testing {

struct HttpRequest {
  std::string method;
  std::string path;
  std::map<std::string, std::string> query;    // decoded
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
  int connection = 0;  // the number of the connection it came on, from 1
};

class Connection {
 public:
  Connection(int number, int socket);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // False, here and below, when the connection is broken.
  // `headers`: more of them, each ended by CR LF.
  bool Respond(int status, std::string_view body, std::string_view headers = "");
  bool StartChunks();
  bool SendChunk(std::string_view bytes);
  bool EndChunks();
  // Blocks until Wake(); false when the peer has closed.
  bool WaitForWake();

  void Wake();
  void Cut();  // without a word: no TLS goodbye, no last chunk

 private:
  friend class HttpsServer;
  bool Handshake(SSL_CTX* context);
  bool ReadRequest(HttpRequest& request);
  bool ReadMore();
  bool Write(std::string_view bytes);
  void Close();

  const int number_;
  const int wake_;  // an eventfd
  Mutex mutex_;
  int socket_ GUARDED_BY(mutex_);  // -1 once closed
  std::unique_ptr<SSL, void (*)(SSL*)> tls_;
  std::string received_;
};

class HttpsServer {
 public:
  using Handler = std::function<void(const HttpRequest&, Connection&)>;

  HttpsServer(const TestCertificate& certificate, Handler handler);
  ~HttpsServer() { Stop(); }
  HttpsServer(const HttpsServer&) = delete;
  HttpsServer& operator=(const HttpsServer&) = delete;

  int port() const { return port_; }
  int OpenConnections() const;
  // False when that many are not reached within two seconds.
  bool WaitForConnections(int count) const;
  void CutAll();
  void Stop();

 private:
  struct Served {
    std::shared_ptr<Connection> connection;
    std::thread thread;
  };
  void Accept();
  void Serve(const std::shared_ptr<Connection>& connection);

  Handler handler_;
  std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context_;
  int listener_ = -1;
  int port_ = 0;
  mutable Mutex mutex_;
  mutable CondVar changed_;
  int open_ GUARDED_BY(mutex_) = 0;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::list<Served> served_ GUARDED_BY(mutex_);
  std::thread acceptor_;
};

}  // namespace remora::testing
