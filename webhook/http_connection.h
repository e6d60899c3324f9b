// HttpConnection: one client of the HttpListener, from its TLS handshake to its last answer.
//
// Internal to the listener: asio's types are not for the rest of the house.
//
// Contract
//   - Handshake, then request after request: Idle → Header → Body → Wait → Write, where only a request
//     whose Handler waits for something passes through Wait. Each has a deadline, and
//     who misses it is cut off by CutIfLate(), with one log line.
//   - It keeps itself alive while an operation is pending and leaves its ConnectionTable when the
//     last one is done.
// Thread-safety: all handlers run on the connection's strand; the public functions may be called
//   from any thread.
#pragma once

#include <utility>  // before any asio include: without it g++ 12 does not compile asio in C++20

#include <atomic>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/strand.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "operator/base/mutex.h"
#include "webhook/handler.h"
#include "webhook/http_listener.h"
#include "webhook/http_request_reader.h"

namespace remora::webhook {

// The concrete type spares each operation the type erasure of asio::any_io_executor.
using Strand = boost::asio::strand<boost::asio::io_context::executor_type>;
using Socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, Strand>;

class HttpConnection;

// "10.0.0.1:443", "[::1]:443".
std::string EndpointText(const boost::asio::ip::tcp::endpoint& endpoint);

// All connections of one listener and what they share.
class ConnectionTable {
 public:
  // `left` runs whenever a connection has ended, on any worker.
  ConnectionTable(const ListenerOptions& options, std::function<void()> left)
      : options_(options), left_(std::move(left)) {}

  const ListenerOptions& options() const { return options_; }
  bool closing() const { return closing_; }
  void AnnounceClose() { closing_ = true; }

  bool TakeBodyMemory(std::size_t bytes);
  void ReturnBodyMemory(std::size_t bytes) { large_body_bytes_ -= bytes; }

  void Add(const std::shared_ptr<HttpConnection>& connection) EXCLUDES(mutex_);
  void Remove(HttpConnection* connection) EXCLUDES(mutex_);
  std::size_t size() const EXCLUDES(mutex_);
  std::vector<std::shared_ptr<HttpConnection>> All() const EXCLUDES(mutex_);

 private:
  const ListenerOptions& options_;
  const std::function<void()> left_;
  std::atomic<bool> closing_ = false;
  std::atomic<std::size_t> large_body_bytes_ = 0;
  mutable Mutex mutex_;
  std::unordered_map<HttpConnection*, std::weak_ptr<HttpConnection>> connections_
      GUARDED_BY(mutex_);
};

class HttpConnection : public std::enable_shared_from_this<HttpConnection> {
 public:
  using Clock = std::chrono::steady_clock;

  HttpConnection(ConnectionTable& table, Socket socket, boost::asio::ssl::context context);
  ~HttpConnection();
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;

  // Sets the Handler of the worker that calls this; requests read on its thread go there.
  static void UseHandlerOnThisThread(Handler* handler);

  void Start();
  void CutIfLate(Clock::time_point now);
  void CloseIfIdle();
  void Cut();
  // Whether it has held a place for a while without ever asking for anything.
  bool IsSquatter(Clock::time_point now) const;

 private:
  enum class Phase { kHandshake, kIdle, kHeader, kBody, kWait, kWrite, kLinger, kEnd };

  const TimeLimits& time() const { return table_.options().time; }
  void Enter(Phase phase, std::chrono::milliseconds limit);
  void CloseSocket();
  void OnHandshake(boost::system::error_code error);
  void AnswerPlainHttp();
  void AwaitRequest();
  void Read();
  void OnRead(boost::system::error_code error, std::size_t bytes);
  void OnBroken(boost::system::error_code error);
  void Consume();
  bool AdmitBody();
  void Continue();
  void Serve();
  void Handle();
  void Wait();
  void Resume();
  void Reject(const Refusal& refusal);
  void Send(bool keep_alive, bool with_body);
  void OnWritten(boost::system::error_code error);
  void Shutdown();
  void ReturnBodyMemory();
  void LogRefusal(std::string_view method, std::string_view path) const;
  void LogBroken(std::string_view message, std::string_view detail) const;

  ConnectionTable& table_;
  const Clock::time_point opened_ = Clock::now();
  std::atomic<Clock::time_point> deadline_ = Clock::time_point::max();
  std::atomic<bool> asked_ = false;

  // On the strand only:
  boost::asio::ssl::stream<Socket> stream_;
  const boost::asio::ip::tcp::endpoint peer_;
  Phase phase_ = Phase::kHandshake;
  bool late_ = false;
  HttpRequestReader reader_;
  std::vector<char> input_;  // [taken_, filled_) is read and not yet consumed
  std::size_t taken_ = 0;
  std::size_t filled_ = 0;
  Clock::time_point received_ = {};  // the whole request
  bool resumed_ = false;
  std::size_t body_memory_ = 0;  // taken from the table's share for large bodies
  Response response_;
  std::string output_;
  Phase after_write_ = Phase::kIdle;
};

}  // namespace remora::webhook
