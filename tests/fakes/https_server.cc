#include "tests/fakes/https_server.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <utility>
#include <vector>

#include "operator/base/result.h"

namespace remora::testing {

namespace {

constexpr std::chrono::seconds kPatience{2};

std::string Lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

std::string PercentDecode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      out += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

void ReadTarget(std::string_view target, HttpRequest& request) {
  const std::size_t mark = target.find('?');
  request.path = PercentDecode(target.substr(0, mark));
  std::string_view rest = mark == target.npos ? std::string_view() : target.substr(mark + 1);
  while (!rest.empty()) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
    const std::size_t equals = pair.find('=');
    request.query[PercentDecode(pair.substr(0, equals))] =
        equals == pair.npos ? "" : PercentDecode(pair.substr(equals + 1));
  }
}

std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> MakeContext(const TestCertificate& certificate) {
  std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context(SSL_CTX_new(TLS_server_method()),
                                                       SSL_CTX_free);
  const auto bio = [](const std::string& text) {
    return std::unique_ptr<BIO, void (*)(BIO*)>(
        BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), BIO_free_all);
  };
  const std::unique_ptr<X509, void (*)(X509*)> leaf(
      PEM_read_bio_X509(bio(certificate.certificate_pem).get(), nullptr, nullptr, nullptr),
      X509_free);
  const std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key(
      PEM_read_bio_PrivateKey(bio(certificate.key_pem).get(), nullptr, nullptr, nullptr),
      EVP_PKEY_free);
  REMORA_CHECK(SSL_CTX_use_certificate(context.get(), leaf.get()) == 1);
  REMORA_CHECK(SSL_CTX_use_PrivateKey(context.get(), key.get()) == 1);
  return context;
}

}  // namespace

Connection::Connection(int number, int socket)
    : number_(number),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      socket_(socket),
      tls_(nullptr, SSL_free) {}

Connection::~Connection() {
  Close();
  ::close(wake_);
}

bool Connection::Handshake(SSL_CTX* context) {
  tls_.reset(SSL_new(context));
  {
    MutexLock lock(mutex_);
    SSL_set_fd(tls_.get(), socket_);
  }
  return SSL_accept(tls_.get()) == 1;
}

bool Connection::ReadMore() {
  std::array<char, 16384> buffer;
  const int count = SSL_read(tls_.get(), buffer.data(), static_cast<int>(buffer.size()));
  if (count <= 0) return false;
  received_.append(buffer.data(), static_cast<std::size_t>(count));
  return true;
}

bool Connection::ReadRequest(HttpRequest& request) {
  std::size_t end;
  while ((end = received_.find("\r\n\r\n")) == received_.npos) {
    if (!ReadMore()) return false;
  }
  std::string_view head = std::string_view(received_).substr(0, end + 2);
  const std::string line(head.substr(0, head.find("\r\n")));
  head.remove_prefix(line.size() + 2);
  const std::size_t space = line.find(' ');
  request.method = line.substr(0, space);
  ReadTarget(std::string_view(line).substr(space + 1, line.rfind(' ') - space - 1), request);
  while (!head.empty()) {
    const std::string_view header = head.substr(0, head.find("\r\n"));
    head.remove_prefix(header.size() + 2);
    const std::size_t colon = header.find(':');
    const std::size_t value = header.find_first_not_of(' ', colon + 1);
    request.headers[Lower(std::string(header.substr(0, colon)))] =
        value == header.npos ? "" : std::string(header.substr(value));
  }
  const auto length = request.headers.find("content-length");
  const std::size_t body = length == request.headers.end() ? 0 : std::stoul(length->second);
  while (received_.size() < end + 4 + body) {
    if (!ReadMore()) return false;
  }
  request.body = received_.substr(end + 4, body);
  request.connection = number_;
  received_.erase(0, end + 4 + body);
  return true;
}

bool Connection::Write(std::string_view bytes) {
  return SSL_write(tls_.get(), bytes.data(), static_cast<int>(bytes.size())) > 0;
}

bool Connection::Respond(int status, std::string_view body, std::string_view headers) {
  return Write("HTTP/1.1 " + std::to_string(status) +
               " Answer\r\nContent-Type: application/json\r\nContent-Length: " +
               std::to_string(body.size()) + "\r\n" + std::string(headers) + "\r\n" +
               std::string(body));
}

bool Connection::StartChunks() {
  return Write(
      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n");
}

bool Connection::SendChunk(std::string_view bytes) {
  std::array<char, 20> size;
  std::snprintf(size.data(), size.size(), "%zx\r\n", bytes.size());
  return Write(size.data() + std::string(bytes) + "\r\n");
}

bool Connection::EndChunks() { return Write("0\r\n\r\n"); }

bool Connection::WaitForWake() {
  int socket;
  {
    MutexLock lock(mutex_);
    socket = socket_;
  }
  std::array<pollfd, 2> ready = {{{socket, POLLIN, 0}, {wake_, POLLIN, 0}}};
  while (::poll(ready.data(), ready.size(), -1) < 0 && errno == EINTR) {
  }
  std::uint64_t wakes;
  // A client that has sent a request says nothing more: readable means closed.
  return ::read(wake_, &wakes, sizeof wakes) > 0 || ready[0].revents == 0;
}

void Connection::Wake() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(wake_, &one, sizeof one);
}

void Connection::Cut() {
  MutexLock lock(mutex_);
  if (socket_ >= 0) ::shutdown(socket_, SHUT_RDWR);
}

void Connection::Close() {
  MutexLock lock(mutex_);
  if (socket_ >= 0) ::close(std::exchange(socket_, -1));
}

HttpsServer::HttpsServer(const TestCertificate& certificate, Handler handler)
    : handler_(std::move(handler)), context_(MakeContext(certificate)) {
  std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes with write(2), also to peers that are gone
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  REMORA_CHECK(::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0);
  REMORA_CHECK(::listen(listener_, 64) == 0);
  REMORA_CHECK(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { Accept(); });
}

void HttpsServer::Accept() {
  for (int number = 1;; ++number) {
    const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) return;  // Stop() has shut the listener down
    const int yes = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    auto connection = std::make_shared<Connection>(number, socket);
    MutexLock lock(mutex_);
    if (stopping_) return;
    ++open_;
    changed_.NotifyAll();
    served_.push_back({connection, std::thread([this, connection] { Serve(connection); })});
  }
}

void HttpsServer::Serve(const std::shared_ptr<Connection>& connection) {
  if (connection->Handshake(context_.get())) {
    HttpRequest request;
    while (connection->ReadRequest(request)) {
      handler_(request, *connection);
      request = {};
    }
  }
  connection->Close();
  ERR_clear_error();
  MutexLock lock(mutex_);
  --open_;
  changed_.NotifyAll();
}

int HttpsServer::OpenConnections() const {
  MutexLock lock(mutex_);
  return open_;
}

bool HttpsServer::WaitForConnections(int count) const {
  MutexLock lock(mutex_);
  return changed_.WaitUntil(mutex_, std::stop_token(), std::chrono::steady_clock::now() + kPatience,
                            [&]() REQUIRES(mutex_) { return open_ == count; });
}

void HttpsServer::CutAll() {
  MutexLock lock(mutex_);
  for (const Served& served : served_) served.connection->Cut();
}

void HttpsServer::Stop() {
  if (!acceptor_.joinable()) return;
  EXPECT_TRUE(WaitForConnections(0)) << OpenConnections() << " connections of clients are open";
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  CutAll();
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  ::close(listener_);
  std::list<Served> served;
  {
    MutexLock lock(mutex_);
    served.swap(served_);
  }
  for (Served& one : served) {
    one.connection->Cut();
    one.connection->Wake();
    one.thread.join();
  }
}

}  // namespace remora::testing
