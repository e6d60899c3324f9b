// The only file that includes cpprestsdk. Its traps, each found in its source or by measurement:
//   - An exception in a pplx task that nobody looks at ends the process: the one chain below ends
//     in a continuation that catches everything.
//   - A task must not be waited for on a pool thread: callers wait on a condition variable instead.
//   - A request on a kept connection that the server has closed meanwhile is silently sent again:
//     `fresh_connection` uses a client, and so a pool, of its own.
//   - Every new connection would trust the system's authorities: a callback replaces the context by
//     our shared one. It would parse their file, too, before it asks: see HideSystemAuthorities.
//   - Redirects would carry the bearer token elsewhere: there are none.
//   - A chunk size of -1 from the server aborts the process: we talk to the API server only.
#include "operator/kube/internal/http_transport.h"

#include <utility>  // before anything of asio or pplx, which forget it under C++20

#include <arpa/inet.h>
#include <cpprest/http_client.h>
#include <cpprest/streams.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pplx/threadpool.h>
#include <sys/socket.h>

#include <exception>
#include <string>
#include <string_view>

#include "operator/base/mutex.h"
#include "operator/kube/client.h"
#include "operator/kube/internal/tls_context.h"

namespace remora::kube {

void InitializeThreads(int count) {
  REMORA_CHECK(count > 0);
  internal::HideSystemAuthorities();
  crossplat::threadpool::initialize_with_threads(static_cast<std::size_t>(count));
}

}  // namespace remora::kube

namespace remora::kube::internal {

namespace {

namespace web_client = web::http::client;

// What the pool threads tell the thread that waits.
struct Progress {
  Mutex mutex;
  CondVar changed;
  std::optional<int> status GUARDED_BY(mutex);
  std::string received GUARDED_BY(mutex);  // not yet taken
  bool done GUARDED_BY(mutex) = false;
  std::optional<Error> failure GUARDED_BY(mutex);

  void SetStatus(int value) {
    MutexLock lock(mutex);
    status = value;
    changed.NotifyAll();
  }
  void Finish(std::optional<Error> error) {
    MutexLock lock(mutex);
    done = true;
    failure = std::move(error);
    changed.NotifyAll();
  }
};

// The write end of a stream: cpprest pushes every piece of the body as it arrives. (Reading its own
// buffer with getn would wait until that is full.)
class BodySink final : public concurrency::streams::details::streambuf_state_manager<uint8_t> {
 public:
  explicit BodySink(std::shared_ptr<Progress> progress)
      : streambuf_state_manager(std::ios_base::out), progress_(std::move(progress)) {}

  bool can_seek() const override { return false; }
  bool has_size() const override { return false; }
  size_t buffer_size(std::ios_base::openmode) const override { return 0; }
  void set_buffer_size(size_t, std::ios_base::openmode) override {}
  size_t in_avail() const override { return 0; }
  pos_type getpos(std::ios_base::openmode) const override { return pos_type(traits::eof()); }
  pos_type seekpos(pos_type, std::ios_base::openmode) override { return pos_type(traits::eof()); }
  pos_type seekoff(off_type, std::ios_base::seekdir, std::ios_base::openmode) override {
    return pos_type(traits::eof());
  }
  bool acquire(uint8_t*&, size_t&) override { return false; }
  void release(uint8_t*, size_t) override {}

 protected:
  pplx::task<int_type> _putc(uint8_t byte) override {
    return _putn(&byte, 1).then([byte](size_t) { return static_cast<int_type>(byte); });
  }
  pplx::task<size_t> _putn(const uint8_t* bytes, size_t count) override {
    // A reader this far behind has stopped reading; memory is not the place to find that out.
    constexpr std::size_t kMostUnreadBytes = std::size_t{256} * 1024 * 1024;
    MutexLock lock(progress_->mutex);
    if (progress_->received.size() + count > kMostUnreadBytes) {
      return pplx::task_from_exception<size_t>(
          web::http::http_exception("the answer is not read as fast as it comes"));
    }
    progress_->received.append(reinterpret_cast<const char*>(bytes), count);
    progress_->changed.NotifyAll();
    return pplx::task_from_result(count);
  }
  pplx::task<bool> _sync() override { return pplx::task_from_result(true); }
  uint8_t* _alloc(size_t) override { return nullptr; }
  void _commit(size_t) override {}

  pplx::task<int_type> _bumpc() override { return NothingToRead(); }
  int_type _sbumpc() override { return traits::eof(); }
  pplx::task<int_type> _getc() override { return NothingToRead(); }
  int_type _sgetc() override { return traits::eof(); }
  pplx::task<int_type> _nextc() override { return NothingToRead(); }
  pplx::task<int_type> _ungetc() override { return NothingToRead(); }
  pplx::task<size_t> _getn(uint8_t*, size_t) override { return pplx::task_from_result<size_t>(0); }
  size_t _scopy(uint8_t*, size_t) override { return 0; }

 private:
  static pplx::task<int_type> NothingToRead() {
    return pplx::task_from_result<int_type>(traits::eof());
  }

  std::shared_ptr<Progress> progress_;
};

// What went wrong, from what cpprest says. Its error codes mislead: a refused connection is "No route
// to host", a closed one "Operation not permitted".
std::string Explain(std::string_view said) {
  constexpr std::pair<std::string_view, std::string_view> kSentences[] = {
      {"Failed to connect", "nobody accepts connections there"},
      {"Error resolving address", "its name cannot be resolved"},
      {"Failed to resolve address", "its name cannot be resolved"},
      {"Failed to read", "the connection was closed before the answer was complete"},
      {"Failed to write", "the connection was closed before the request was sent"},
      {"Retrieving message chunk header",
       "the connection was closed before the answer was complete"},
  };
  for (const auto& [beginning, sentence] : kSentences) {
    if (said.starts_with(beginning)) return std::string(sentence);
  }
  return std::string(said);
}

// Rethrows and translates the exception being handled. `tls` may be null.
Error CurrentError(const std::string& server, TlsContext* tls) {
  try {
    throw;
  } catch (const web::http::http_exception& exception) {
    const std::string refusal = tls ? tls->TakeRefusal() : std::string();
    if (!refusal.empty()) {
      return Error(ErrorCode::kUnavailable, server + ": its certificate is refused: " + refusal);
    }
    std::string message = Explain(exception.what());
    // Another failure of a handshake leaves OpenSSL's code in the place of errno.
    const auto code = static_cast<unsigned long>(exception.error_code().value());
    const char* reason = ERR_GET_LIB(code) == ERR_LIB_SSL ? ERR_reason_error_string(code) : nullptr;
    if (reason != nullptr) message += std::string(": ") + reason;
    return Error(ErrorCode::kUnavailable, server + ": " + message);
  } catch (const std::exception& exception) {
    return Error(ErrorCode::kUnavailable, server + ": " + exception.what());
  }
}

class CpprestExchange final : public Exchange {
 public:
  CpprestExchange(std::shared_ptr<Progress> progress, pplx::cancellation_token_source cancel)
      : progress_(std::move(progress)), cancel_(std::move(cancel)) {}

  CpprestExchange(const CpprestExchange&) = delete;
  CpprestExchange& operator=(const CpprestExchange&) = delete;
  // Closes the connection of an answer that was not read to its end.
  ~CpprestExchange() override {
    if (!IsDone()) cancel_.cancel();
  }

  Result<int> WaitStatus(std::stop_token stop, Deadline deadline) override {
    Progress& progress = *progress_;
    MutexLock lock(progress.mutex);
    progress.changed.WaitUntil(progress.mutex, stop, deadline, [&]() REQUIRES(progress.mutex) {
      return progress.status.has_value() || progress.done;
    });
    if (progress.status) return *progress.status;
    if (progress.failure) return *progress.failure;
    return WhyNothing(stop);
  }

  Result<std::optional<std::string>> WaitPiece(std::stop_token stop, Deadline deadline) override {
    Progress& progress = *progress_;
    MutexLock lock(progress.mutex);
    progress.changed.WaitUntil(progress.mutex, stop, deadline, [&]() REQUIRES(progress.mutex) {
      return !progress.received.empty() || progress.done;
    });
    if (stop.stop_requested()) return WhyNothing(stop);
    if (!progress.received.empty()) {
      return std::optional<std::string>(std::exchange(progress.received, std::string()));
    }
    if (progress.failure) return *progress.failure;
    if (progress.done) return std::optional<std::string>();
    return WhyNothing(stop);
  }

 private:
  static Error WhyNothing(const std::stop_token& stop) {
    if (stop.stop_requested()) return Error(ErrorCode::kCancelled, "stopped");
    return Error(ErrorCode::kDeadlineExceeded, "the API server did not answer in time");
  }

  bool IsDone() const {
    MutexLock lock(progress_->mutex);
    return progress_->done;
  }

  std::shared_ptr<Progress> progress_;
  pplx::cancellation_token_source cancel_;
};

bool IsIpv4Address(const std::string& host) {
  in_addr address = {};
  return inet_pton(AF_INET, host.c_str(), &address) == 1;
}

// Lets the kernel notice a peer that vanished without a word (power, network) in a minute instead
// of at the end of the watch. cpprest hands out the socket before it is opened; only when the
// address is a literal do we know the family to open it with.
void ProbeWhenIdle(boost::asio::ip::tcp::socket& socket) {
  constexpr int kFirstProbeSeconds = 30;
  constexpr int kProbeIntervalSeconds = 10;
  constexpr int kProbes = 3;
  if (socket.is_open()) return;  // kept alive from an earlier request
  boost::system::error_code failed;
  socket.open(boost::asio::ip::tcp::v4(), failed);
  if (failed) return;
  const auto set = [&](int level, int name, int value) {
    ::setsockopt(socket.native_handle(), level, name, &value, sizeof value);
  };
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, kFirstProbeSeconds);
  set(IPPROTO_TCP, TCP_KEEPINTVL, kProbeIntervalSeconds);
  set(IPPROTO_TCP, TCP_KEEPCNT, kProbes);
}

class CpprestTransport final : public HttpTransport {
 public:
  CpprestTransport(std::string server, std::shared_ptr<TlsContext> tls)
      : server_(std::move(server)), tls_(std::move(tls)), client_(MakeClient()) {}

  std::unique_ptr<Exchange> Start(HttpRequest request) override {
    auto progress = std::make_shared<Progress>();
    pplx::cancellation_token_source cancel;
    try {
      auto client = request.fresh_connection ? MakeClient() : client_;
      client->request(MakeRequest(std::move(request), progress), cancel.get_token())
          .then([progress](const web::http::http_response& response) {
            progress->SetStatus(response.status_code());
            return response.content_ready();
          })
          .then([progress, client, server = server_,
                 tls = tls_](const pplx::task<web::http::http_response>& whole) {
            try {
              whole.get();
              progress->Finish(std::nullopt);
            } catch (...) {
              progress->Finish(CurrentError(server, tls.get()));
            }
          });
    } catch (...) {
      progress->Finish(CurrentError(server_, tls_.get()));
    }
    return std::make_unique<CpprestExchange>(std::move(progress), std::move(cancel));
  }

 private:
  using HttpClient = web_client::http_client;

  static web::http::http_request MakeRequest(HttpRequest request,
                                             const std::shared_ptr<Progress>& progress) {
    web::http::http_request message(request.method);
    message.set_request_uri(web::uri(request.path));
    web::http::http_headers& headers = message.headers();
    headers.add("Accept", request.accept.empty() ? "application/json" : request.accept);
    if (!request.user_agent.empty()) headers.add("User-Agent", request.user_agent);
    if (!request.bearer_token.empty()) {
      headers.add("Authorization", "Bearer " + request.bearer_token);
    }
    if (!request.body.empty()) message.set_body(std::move(request.body), request.content_type);
    const concurrency::streams::streambuf<uint8_t> sink(std::make_shared<BodySink>(progress));
    message.set_response_stream(sink.create_ostream());
    return message;
  }

  std::shared_ptr<HttpClient> MakeClient() const {
    const web::uri server(server_);
    web_client::http_client_config config;
    config.set_max_redirects(0);
    // Idle time, not a deadline: those are the Exchange's. This only has to be longer than all.
    config.set_timeout(std::chrono::minutes(20));
    if (tls_) {
      config.set_ssl_context_callback([tls = tls_](boost::asio::ssl::context& context) {
        SSL_CTX_up_ref(tls->get());
        context = boost::asio::ssl::context(tls->get());
      });
    }
    if (IsIpv4Address(server.host())) {
      config.set_nativehandle_options([secure = tls_ != nullptr](web_client::native_handle handle) {
        using Socket = boost::asio::ip::tcp::socket;
        ProbeWhenIdle(secure ? static_cast<boost::asio::ssl::stream<Socket&>*>(handle)->next_layer()
                             : *static_cast<Socket*>(handle));
      });
    }
    return std::make_shared<HttpClient>(server, config);
  }

  std::string server_;
  std::shared_ptr<TlsContext> tls_;  // null for http://
  std::shared_ptr<HttpClient> client_;
};

}  // namespace

Result<std::unique_ptr<HttpTransport>> HttpTransport::Make(const Config& config) {
  std::shared_ptr<TlsContext> tls;
  if (config.server.starts_with("https://")) {
    auto made = TlsContext::Make(config);
    if (!made.ok()) return made.error().WithContext(config.source);
    tls = *std::move(made);
  }
  try {
    return std::unique_ptr<HttpTransport>(
        std::make_unique<CpprestTransport>(config.server, std::move(tls)));
  } catch (const std::exception& exception) {
    return Error(ErrorCode::kInvalid, config.source + ": the server's address \"" + config.server +
                                          "\" is not a URL: " + exception.what());
  }
}

}  // namespace remora::kube::internal
