#include "webhook/http_connection.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <cstring>
#include <iterator>

#include "operator/base/log.h"

namespace remora::webhook {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using std::chrono::milliseconds;

constexpr std::size_t kReadBytes = std::size_t{16} * 1024;  // one TLS record
constexpr std::size_t kKeptBytes = std::size_t{64} * 1024;  // of an idle connection's buffers
constexpr std::size_t kSmallBodyBytes = std::size_t{128} * 1024;
constexpr std::size_t kLoggedPathBytes = 128;
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
constexpr std::string_view kHttpsOnly =
    "HTTP/1.0 400 Bad Request\r\nContent-Type: text/plain\r\n\r\nthis port speaks HTTPS only\n";

thread_local Handler* this_threads_handler = nullptr;

// Leaving between two requests is what clients do.
bool IsGoodbye(error_code error) {
  return error == asio::error::eof || error == asio::ssl::error::stream_truncated ||
         error == asio::error::connection_reset || error == asio::error::broken_pipe ||
         error == asio::error::operation_aborted || error == asio::error::bad_descriptor;
}

void GiveBack(std::string& text) {
  text.clear();
  if (text.capacity() > kKeptBytes) text.shrink_to_fit();
}

std::string_view ReasonPhrase(int status) {
  switch (status) {
    case 200: return "OK";
    case 400: return "Bad Request";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 411: return "Length Required";
    case 413: return "Content Too Large";
    case 415: return "Unsupported Media Type";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 503: return "Service Unavailable";
    default: return "";  // RFC 9112 §4: it may be empty
  }
}

std::string_view PhaseName(bool in_body) { return in_body ? "inside a body" : "inside a header"; }

}  // namespace

std::string EndpointText(const tcp::endpoint& endpoint) {
  asio::ip::address address = endpoint.address();
  // An IPv4 client of a socket for both families: shown as people know it.
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
  }
  return address.is_v6() ? fmt::format("[{}]:{}", address.to_string(), endpoint.port())
                         : fmt::format("{}:{}", address.to_string(), endpoint.port());
}

bool ConnectionTable::TakeBodyMemory(std::size_t bytes) {
  if (large_body_bytes_.fetch_add(bytes) + bytes <= options_.max_large_body_bytes) return true;
  large_body_bytes_ -= bytes;
  return false;
}

void ConnectionTable::Add(const std::shared_ptr<HttpConnection>& connection) {
  MutexLock lock(mutex_);
  connections_.emplace(connection.get(), connection);
}

void ConnectionTable::Remove(HttpConnection* connection) {
  {
    MutexLock lock(mutex_);
    connections_.erase(connection);
  }
  left_();
}

std::size_t ConnectionTable::size() const {
  MutexLock lock(mutex_);
  return connections_.size();
}

std::vector<std::shared_ptr<HttpConnection>> ConnectionTable::All() const {
  std::vector<std::shared_ptr<HttpConnection>> all;
  MutexLock lock(mutex_);
  all.reserve(connections_.size());
  for (const auto& [key, connection] : connections_) {
    if (auto alive = connection.lock()) all.push_back(std::move(alive));
  }
  return all;
}

HttpConnection::HttpConnection(ConnectionTable& table, Socket socket, asio::ssl::context context)
    : table_(table),
      stream_(std::move(socket), context),
      peer_([this] {
        error_code ignored;
        return stream_.next_layer().remote_endpoint(ignored);
      }()),
      reader_(table.options().request),
      input_(table.options().request.header_bytes + kReadBytes) {}

HttpConnection::~HttpConnection() {
  ReturnBodyMemory();
  table_.Remove(this);
}

void HttpConnection::UseHandlerOnThisThread(Handler* handler) { this_threads_handler = handler; }

void HttpConnection::Enter(Phase phase, milliseconds limit) {
  phase_ = phase;
  deadline_.store(Clock::now() + limit, std::memory_order_relaxed);
}

void HttpConnection::CloseSocket() {
  error_code ignored;
  stream_.next_layer().close(ignored);  // what is pending ends with operation_aborted
}

void HttpConnection::CutIfLate(Clock::time_point now) {
  if (now < deadline_.load(std::memory_order_relaxed)) return;
  asio::post(stream_.get_executor(), [self = shared_from_this(), now] {
    // In between it may have got further.
    if (now < self->deadline_.load(std::memory_order_relaxed)) return;
    self->late_ = true;
    self->CloseSocket();
  });
}

void HttpConnection::CloseIfIdle() {
  asio::post(stream_.get_executor(), [self = shared_from_this()] {
    if (self->phase_ != Phase::kIdle) return;
    self->Enter(Phase::kIdle, self->time().linger);
    error_code ignored;
    self->stream_.next_layer().cancel(ignored);
  });
}

void HttpConnection::Cut() {
  asio::post(stream_.get_executor(), [self = shared_from_this()] { self->CloseSocket(); });
}

bool HttpConnection::IsSquatter(Clock::time_point now) const {
  return !asked_ && now - opened_ > time().handshake;
}

void HttpConnection::Start() {
  Enter(Phase::kHandshake, time().handshake);
  error_code ignored;
  stream_.next_layer().set_option(tcp::no_delay(true), ignored);
  // A connection's handlers never run at once, whichever worker runs them.
  asio::dispatch(stream_.get_executor(), [self = shared_from_this()] {
    self->stream_.async_handshake(asio::ssl::stream_base::server,
                                  [self](error_code error) { self->OnHandshake(error); });
  });
}

void HttpConnection::OnHandshake(error_code error) {
  if (!error) return AwaitRequest();
  phase_ = Phase::kEnd;
  if (late_) return LogBroken("the client was too slow", "in the TLS handshake");
  if (error.category() == asio::error::get_ssl_category() &&
      ERR_GET_REASON(static_cast<unsigned long>(error.value())) == SSL_R_HTTP_REQUEST) {
    return AnswerPlainHttp();
  }
  // A port probe connects and leaves; that is no event.
  const bool silent = BIO_number_read(SSL_get_rbio(stream_.native_handle())) == 0;
  if (silent && IsGoodbye(error)) return;
  LogBroken("the TLS handshake failed", error.message());
}

void HttpConnection::AnswerPlainHttp() {
  LogBroken("the client spoke HTTP without TLS", "answered with 400");
  asio::async_write(stream_.next_layer(), asio::buffer(kHttpsOnly),
                    [self = shared_from_this()](error_code, std::size_t) {
                      error_code ignored;
                      self->stream_.next_layer().shutdown(tcp::socket::shutdown_send, ignored);
                    });
}

void HttpConnection::AwaitRequest() {
  ReturnBodyMemory();
  GiveBack(output_);
  GiveBack(response_.body);
  reader_.Next();
  // While draining, a client that has dialled for a request still gets to send it.
  Enter(Phase::kIdle, table_.closing() ? time().linger : time().idle);
  Consume();
}

void HttpConnection::Read() {
  filled_ -= taken_;
  if (taken_ > 0) std::memmove(input_.data(), input_.data() + taken_, filled_);
  taken_ = 0;
  stream_.async_read_some(asio::buffer(input_.data() + filled_, kReadBytes),
                          [self = shared_from_this()](error_code error, std::size_t bytes) {
                            self->OnRead(error, bytes);
                          });
}

void HttpConnection::OnRead(error_code error, std::size_t bytes) {
  if (error) return OnBroken(error);
  filled_ += bytes;
  if (phase_ != Phase::kLinger) return Consume();
  taken_ = filled_;
  Read();
}

void HttpConnection::OnBroken(error_code error) {
  const Phase phase = std::exchange(phase_, Phase::kEnd);
  if (phase == Phase::kLinger) return;
  if (phase == Phase::kIdle) {
    if (!IsGoodbye(error)) return LogBroken("the client broke TLS", error.message());
    return late_ ? void() : Shutdown();
  }
  const std::string_view where = PhaseName(phase == Phase::kBody);
  if (late_) return LogBroken("the client was too slow", where);
  LogBroken("the client went away", fmt::format("{}: {}", where, error.message()));
}

void HttpConnection::Consume() {
  while (taken_ < filled_) {
    if (phase_ == Phase::kIdle) {
      asked_.store(true, std::memory_order_relaxed);
      Enter(Phase::kHeader, time().header);
    }
    const std::size_t used = reader_.Feed({input_.data() + taken_, filled_ - taken_});
    taken_ += used;
    if (reader_.refusal()) return Reject(*reader_.refusal());
    if (phase_ == Phase::kHeader && reader_.stage() >= HttpRequestReader::Stage::kBody &&
        !AdmitBody()) {
      return;
    }
    if (reader_.stage() == HttpRequestReader::Stage::kDone) return Serve();
    if (used == 0) break;
  }
  Read();
}

// The header is read. False: the connection goes on elsewhere.
bool HttpConnection::AdmitBody() {
  const std::size_t length = reader_.content_length();
  if (length > kSmallBodyBytes) {
    if (!table_.TakeBodyMemory(length)) {
      Reject({503, "too many large requests at once: try again"});
      return false;
    }
    body_memory_ = length;
  }
  Enter(Phase::kBody, time().body);
  const bool waits = reader_.stage() == HttpRequestReader::Stage::kBody && taken_ == filled_ &&
                     reader_.expects_continue();
  if (waits) Continue();
  return !waits;
}

void HttpConnection::Continue() {
  asio::async_write(stream_, asio::buffer(kContinue),
                    [self = shared_from_this()](error_code error, std::size_t) {
                      return error ? self->OnBroken(error) : self->Read();
                    });
}

void HttpConnection::Serve() {
  received_ = Clock::now();
  resumed_ = false;
  Handle();
}

void HttpConnection::Handle() {
  RequestView request = reader_.request();
  request.received = received_;
  request.deadline = received_ + time().handler;
  request.resumed = resumed_;
  response_.Clear();
  this_threads_handler->Handle(request, response_);
  if (response_.wait && !resumed_) return Wait();
  if (Clock::now() > request.deadline) {
    Log(LogLevel::kWarning, "request took longer than the API server waits",
        {{"path", request.path.substr(0, kLoggedPathBytes)}, {"limit_ms", time().handler}});
  }
  if (!response_.refusal.empty()) LogRefusal(request.method, request.path);
  const bool keep_alive = reader_.keep_alive() && !table_.closing();
  after_write_ = keep_alive ? Phase::kIdle : Phase::kEnd;
  Send(keep_alive, !reader_.is_head());
}

// Nothing is pending on the socket meanwhile; the listener's tick keeps the workers alive.
void HttpConnection::Wait() {
  Enter(Phase::kWait, time().handler);
  const auto wait = std::exchange(response_.wait, nullptr);
  wait([self = shared_from_this()]() mutable {
    // Handed on, not copied: the last reference goes on the strand and not on the caller's thread.
    const auto executor = self->stream_.get_executor();
    asio::post(executor, [connection = std::move(self)] { connection->Resume(); });
  });
}

void HttpConnection::Resume() {
  if (phase_ != Phase::kWait) return;
  resumed_ = true;
  Handle();
}

// A request that could not be read: nobody knows where the next one begins.
void HttpConnection::Reject(const Refusal& refusal) {
  response_.Clear();
  Refuse(response_, refusal.status, refusal.sentence);
  LogRefusal("", "");
  after_write_ = Phase::kLinger;
  Send(false, true);
}

void HttpConnection::Send(bool keep_alive, bool with_body) {
  output_.clear();
  fmt::format_to(std::back_inserter(output_),
                 "HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\n", response_.status,
                 ReasonPhrase(response_.status), response_.content_type, response_.body.size());
  if (!response_.allow.empty()) {
    fmt::format_to(std::back_inserter(output_), "Allow: {}\r\n", response_.allow);
  }
  output_.append(keep_alive ? "\r\n" : "Connection: close\r\n\r\n");
  if (with_body) output_.append(response_.body);
  Enter(Phase::kWrite, time().write);
  asio::async_write(
      stream_, asio::buffer(output_),
      [self = shared_from_this()](error_code error, std::size_t) { self->OnWritten(error); });
}

void HttpConnection::OnWritten(error_code error) {
  if (error) {
    return LogBroken("the client did not take its answer", late_ ? "in time" : error.message());
  }
  if (after_write_ == Phase::kIdle) return AwaitRequest();
  if (after_write_ == Phase::kEnd) return Shutdown();
  // Closing a socket with unread bytes resets it, and the client may lose the answer. So what is
  // still coming is read and dropped for a moment; a client that has its answer closes.
  ReturnBodyMemory();
  Enter(Phase::kLinger, time().linger);
  taken_ = filled_;
  Read();
}

void HttpConnection::Shutdown() {
  Enter(Phase::kEnd, time().linger);
  stream_.async_shutdown([self = shared_from_this()](error_code) {});
}

void HttpConnection::ReturnBodyMemory() { table_.ReturnBodyMemory(std::exchange(body_memory_, 0)); }

void HttpConnection::LogRefusal(std::string_view method, std::string_view path) const {
  const LogLevel level = response_.status == 500 ? LogLevel::kError : LogLevel::kInfo;
  Log(level, "request refused",
      {{"peer", EndpointText(peer_)},
       {"status", response_.status},
       {"method", method.substr(0, kLoggedPathBytes)},
       {"path", path.substr(0, kLoggedPathBytes)},
       {"reason", response_.refusal}});
}

void HttpConnection::LogBroken(std::string_view message, std::string_view detail) const {
  Log(LogLevel::kInfo, message, {{"peer", EndpointText(peer_)}, {"detail", detail}});
}

}  // namespace remora::webhook
