#include "webhook/http_listener.h"

#include <algorithm>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <optional>
#include <thread>

#include <fmt/format.h>
#include <openssl/ssl.h>

#include "operator/base/log.h"
#include "webhook/http_connection.h"

namespace remora::webhook {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using std::chrono::milliseconds;
using std::chrono::steady_clock;
using Timer = asio::basic_waitable_timer<steady_clock, asio::wait_traits<steady_clock>, Strand>;

constexpr int kMaxDefaultThreads = 4;      // one serves 20,000 requests a second: more idle away
constexpr milliseconds kLongestTick{250};  // how late a missed deadline may be noticed
constexpr milliseconds kShortestTick{10};
constexpr milliseconds kAcceptPause{1000};  // when the process is out of descriptors

int ThreadCount(int asked) {
  if (asked > 0) return asked;
  return std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 1, kMaxDefaultThreads);
}

milliseconds TickFor(const TimeLimits& time) {
  const milliseconds shortest =
      std::min({time.handshake, time.header, time.body, time.idle, time.write, time.linger});
  return std::clamp(shortest / 4, kShortestTick, kLongestTick);
}

Error CannotListen(const std::string& address, std::uint16_t port, error_code error) {
  return Error(ErrorCode::kUnavailable,
               fmt::format("cannot listen on {} port {}: {}", address, port, error.message()));
}

}  // namespace

class HttpListener::Impl {
 public:
  Impl(ListenerOptions options, ContextSource context)
      : options_(std::move(options)), context_(std::move(context)) {}

  Result<void> Listen();
  void Run(const HandlerFactory& handlers);
  void AnnounceClose() { table_.AnnounceClose(); }
  void Drain(milliseconds limit);
  const tcp::endpoint& endpoint() const { return endpoint_; }
  const std::string& address() const { return address_; }

 private:
  error_code Bind(const asio::ip::address& address);
  void Accept();
  void OnAccept(error_code error, Socket socket);
  void OnLeft();
  void Tick();
  void Close(steady_clock::time_point limit);

  const ListenerOptions options_;
  const ContextSource context_;
  tcp::endpoint endpoint_;
  std::string address_;
  ConnectionTable table_{options_, [this] { OnLeft(); }};
  std::vector<std::unique_ptr<Handler>> handlers_;
  asio::io_context io_;
  Strand strand_ = asio::make_strand(io_);  // for the members below, once the workers run
  asio::basic_socket_acceptor<tcp, Strand> acceptor_{strand_};
  Timer tick_{strand_};
  Timer pause_{strand_};
  bool full_ = false;
  std::optional<steady_clock::time_point> drain_limit_;
  std::vector<std::jthread> workers_;
};

Result<void> HttpListener::Impl::Listen() {
  error_code error;
  const auto address = asio::ip::make_address(options_.address, error);
  if (error) return CannotListen(options_.address, options_.port, error);
  error = Bind(address);
  if (error == asio::error::address_family_not_supported &&
      address == asio::ip::address_v6::any()) {
    error = Bind(asio::ip::address_v4::any());
  }
  if (error) return CannotListen(options_.address, options_.port, error);
  endpoint_ = acceptor_.local_endpoint(error);
  address_ = EndpointText(endpoint_);
  return {};
}

error_code HttpListener::Impl::Bind(const asio::ip::address& address) {
  const tcp::endpoint endpoint(address, options_.port);
  error_code error;
  acceptor_.close(error);
  if (acceptor_.open(endpoint.protocol(), error)) return error;
  if (acceptor_.set_option(tcp::acceptor::reuse_address(true), error)) return error;
  if (address.is_v6() && acceptor_.set_option(asio::ip::v6_only(false), error)) return error;
  if (acceptor_.bind(endpoint, error)) return error;
  return acceptor_.listen(tcp::acceptor::max_listen_connections, error);
}

void HttpListener::Impl::Run(const HandlerFactory& handlers) {
  const int count = ThreadCount(options_.threads);
  Accept();
  Tick();
  for (int i = 0; i < count; ++i) {
    handlers_.push_back(handlers());
    workers_.emplace_back([this, handler = handlers_.back().get()] {
      HttpConnection::UseHandlerOnThisThread(handler);
      io_.run();  // until the acceptor is closed and the last connection has ended
    });
  }
}

void HttpListener::Impl::Accept() {
  acceptor_.async_accept(
      asio::make_strand(io_.get_executor()),
      [this](error_code error, Socket socket) { OnAccept(error, std::move(socket)); });
}

void HttpListener::Impl::OnAccept(error_code error, Socket socket) {
  if (error == asio::error::operation_aborted || drain_limit_) return;
  if (error) {
    Log(LogLevel::kError, "cannot accept a connection", {{"error", error.message()}});
    pause_.expires_after(kAcceptPause);
    pause_.async_wait([this](error_code aborted) {
      if (!aborted) Accept();
    });
    return;
  }
  const auto context = context_();
  SSL_CTX_up_ref(context.get());  // asio's context gives this reference back
  auto connection = std::make_shared<HttpConnection>(table_, std::move(socket),
                                                     asio::ssl::context(context.get()));
  table_.Add(connection);
  connection->Start();
  if (table_.size() < options_.max_connections) return Accept();
  // The next client waits in the kernel's queue until somebody leaves: see Tick() and OnLeft().
  full_ = true;
  Log(LogLevel::kWarning, "connection limit reached", {{"limit", options_.max_connections}});
}

void HttpListener::Impl::OnLeft() {
  asio::post(strand_, [this] {
    if (drain_limit_ && table_.size() == 0) tick_.cancel();
    if (drain_limit_ || !full_ || table_.size() >= options_.max_connections) return;
    full_ = false;
    Accept();
  });
}

// One timer for all deadlines: one of its own in each connection would cost two system timers a
// request, and all that it buys is precision.
void HttpListener::Impl::Tick() {
  const auto now = steady_clock::now();
  const bool over = drain_limit_ && now >= *drain_limit_;
  const auto connections = table_.All();
  for (const auto& connection : connections) {
    // While others wait, whoever holds a place without ever having asked for anything leaves.
    if (over || (full_ && connection->IsSquatter(now))) {
      connection->Cut();
    } else {
      connection->CutIfLate(now);
    }
  }
  if (drain_limit_ && connections.empty()) return;
  tick_.expires_after(TickFor(options_.time));
  tick_.async_wait([this](error_code) { Tick(); });
}

void HttpListener::Impl::Close(steady_clock::time_point limit) {
  drain_limit_ = limit;
  error_code ignored;
  acceptor_.close(ignored);
  pause_.cancel();
  tick_.cancel();
  for (const auto& connection : table_.All()) connection->CloseIfIdle();
}

void HttpListener::Impl::Drain(milliseconds limit) {
  AnnounceClose();
  asio::post(strand_, [this, limit] { Close(steady_clock::now() + limit); });
  workers_.clear();  // joins: io_ runs out of work when the last connection has ended
}

Result<std::unique_ptr<HttpListener>> HttpListener::Start(ListenerOptions options,
                                                          ContextSource context,
                                                          const HandlerFactory& handlers) {
  auto impl = std::make_unique<Impl>(std::move(options), std::move(context));
  if (auto listening = impl->Listen(); !listening.ok()) return listening.error();
  impl->Run(handlers);
  return std::unique_ptr<HttpListener>(new HttpListener(std::move(impl)));
}

HttpListener::HttpListener(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

// Only bad_alloc may come out, and that ends the process. NOLINTNEXTLINE(bugprone-exception-escape)
HttpListener::~HttpListener() { impl_->Drain(milliseconds(0)); }

std::uint16_t HttpListener::port() const { return impl_->endpoint().port(); }

const std::string& HttpListener::address() const { return impl_->address(); }

void HttpListener::AnnounceClose() { impl_->AnnounceClose(); }

void HttpListener::Drain(milliseconds limit) { impl_->Drain(limit); }

}  // namespace remora::webhook
